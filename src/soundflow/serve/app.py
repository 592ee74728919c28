"""The server's routes, put together. Tests: tests/serve/test_app.py, tests/serve/test_connection.py."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from soundflow.serve.admission import PROTOCOL, Denial, Policy, Visit
from soundflow.serve.connection import Connection, House
from soundflow.serve.conversation import Conversation
from soundflow.serve.facts import ModelFacts
from soundflow.serve.guard import Guard, denial_response, deny, visit_of
from soundflow.serve.hall import Hall
from soundflow.serve.limits import ServeLimits
from soundflow.serve.metrics import Metrics
from soundflow.serve.register import Register
from soundflow.serve.sessions import OpenStream
from soundflow.serve.speech import Mouth, Voice
from soundflow.serve.tenancy import Tenancy

_PAGE = Path(__file__).parent / "page"


@dataclass(frozen=True)
class Setup:
    """What a server is made of."""

    facts: ModelFacts
    open_stream: OpenStream
    limits: ServeLimits
    policy: Policy
    examples: Mapping[str, Path]
    voice: Voice | None = None  # says replies aloud


@dataclass(frozen=True)
class Server:
    """The application, and what runs beside it needs of it."""

    app: ASGIApp
    hall: Hall
    metrics: Metrics


def build(setup: Setup) -> Server:
    """Put the routes together behind their guard."""
    hall = Hall(setup.limits)
    metrics = Metrics(lambda: hall.sessions, setup.facts.chunk_seconds)
    house = House(hall, setup.limits, setup.open_stream, metrics, Register(hall, metrics))
    routes = _Routes(setup, house)
    app = Starlette(
        routes=[
            Route("/", routes.page),
            Route("/healthz", routes.health),
            Route("/readyz", routes.ready),
            Route("/metrics", routes.figures),
            Route("/v1/models", routes.models),
            Route("/examples", routes.examples),
            Route("/examples/{name}", routes.example),
            WebSocketRoute("/v1/realtime", routes.realtime),
            Route("/v1/realtime", routes.no_socket),
            Mount("/page", StaticFiles(directory=_PAGE)),
        ],
        exception_handlers={HTTPException: _not_served},
    )
    return Server(Guard(app, setup.policy, metrics), hall, metrics)


class _Routes:
    def __init__(self, setup: Setup, house: House) -> None:
        self._setup = setup
        self._house = house
        self._started_at = int(time.time())

    async def page(self, request: Request) -> Response:
        return FileResponse(_PAGE / "index.html")

    async def health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(self, request: Request) -> Response:
        hall = self._house.hall
        is_ready = not hall.is_closing
        return JSONResponse({"ready": is_ready, "sessions": hall.sessions}, 200 if is_ready else 503)

    async def figures(self, request: Request) -> Response:
        return Response(self._house.metrics.text(), media_type=Metrics.content_type)

    async def models(self, request: Request) -> Response:
        facts = self._setup.facts
        able = {
            "chunk_period_ms": round(1000 * facts.chunk_seconds),
            "threshold": facts.threshold,
            "speaks": self._setup.voice is not None,
        }
        model = {"id": facts.name, "object": "model", "created": self._started_at, "owned_by": "soundflow"}
        return JSONResponse({"object": "list", "data": [model | {"capabilities": able}]})

    async def examples(self, request: Request) -> Response:
        return JSONResponse(sorted(self._setup.examples))

    async def example(self, request: Request) -> Response:
        path = self._setup.examples.get(request.path_params["name"])
        if path is None:
            raise HTTPException(404)
        return FileResponse(path)

    async def no_socket(self, request: Request) -> Response:
        return denial_response(
            Denial(426, "serve.socket", "this address speaks WebSocket: connect with ws:// or wss://")
        )

    async def realtime(self, socket: WebSocket) -> None:
        visit = visit_of(socket.scope)
        holder = self._setup.policy.holder(visit) or visit.address
        comes_back = socket.query_params.get("autostart") == "0"
        denial = self._wrong_model(socket)
        if denial is None:
            denial = self._house.hall.closing_denial() if comes_back else self._house.register.refusal(holder)
        if denial is not None:
            self._house.metrics.refused(denial.code)
            await deny(socket, denial)
            return
        mouth = None if self._setup.voice is None else Mouth(self._setup.voice)
        conversation = Conversation(self._setup.facts, self._setup.limits.items, mouth=mouth)
        if comes_back:
            await self._readmit(socket, Tenancy(conversation, holder, 0, lambda: None))
            return
        tenancy = self._house.register.enter(conversation, holder)
        try:
            await socket.accept(_protocol(visit))
        except BaseException:
            self._house.register.end(tenancy)
            raise
        await Connection(socket, tenancy, self._house).run()

    async def _readmit(self, socket: WebSocket, nobody: Tenancy) -> None:
        """A socket without a session of its own: it may only come back to one."""
        with self._house.hall.door() as has_room:
            if not has_room:
                self._house.metrics.refused("serve.full")
                await deny(socket, Denial(503, "serve.full", "too many clients are coming back; try again"))
                return
            await socket.accept(_protocol(visit_of(socket.scope)))
            await Connection(socket, nobody, self._house, must_resume=True).run()

    def _wrong_model(self, socket: WebSocket) -> Denial | None:
        asked, name = socket.query_params.get("model"), self._setup.facts.name
        if asked in (None, name):
            return None
        return Denial(404, "model_not_found", f"this server runs {name}")


async def _not_served(request: Request, failure: Exception) -> Response:
    """What is not there, in the form of OpenAI's errors, for clients that ask for more of their API."""
    assert isinstance(failure, HTTPException)
    path = request.url.path[:80]
    served = "served are /, /v1/realtime (WebSocket), /v1/models, /healthz, /readyz, /metrics and /examples"
    found = f"{request.method} {path} is not served here: {served}"
    return denial_response(Denial(failure.status_code, "serve.route", found))


def _protocol(visit: Visit) -> str | None:
    return PROTOCOL if PROTOCOL in visit.protocols else None
