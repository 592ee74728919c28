"""Stands before every route: who may not come in is answered before a socket is accepted, and every answer gets the
headers that keep a page to itself. Tests: tests/serve/test_connection.py.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from soundflow.serve.admission import Denial, Policy, Visit
from soundflow.serve.metrics import Metrics

_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
        "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "microphone=(self), camera=(), geolocation=()",
    "cache-control": "no-store",
}


class Guard:
    """An ASGI application around another."""

    def __init__(self, inside: ASGIApp, policy: Policy, metrics: Metrics) -> None:
        self._inside = inside
        self._policy = policy
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._inside(scope, receive, send)
            return
        denial = self._policy.judge(visit_of(scope))
        if denial is None:
            await self._inside(scope, receive, _with_headers(send))
        elif scope["type"] == "http":
            self._metrics.refused(denial.code)
            await denial_response(denial)(scope, receive, _with_headers(send))
        else:
            self._metrics.refused(denial.code)
            await deny(WebSocket(scope, receive, send), denial)


def visit_of(scope: Scope) -> Visit:
    """What is judged of a request."""
    headers = Headers(scope=scope)
    client = scope.get("client")
    return Visit(
        path=scope["path"],
        host=headers.get("host", ""),
        origin=headers.get("origin", ""),
        authorization=headers.get("authorization", ""),
        protocols=tuple(scope.get("subprotocols") or ()),
        address=client[0] if client else "",
    )


def denial_response(denial: Denial) -> JSONResponse:
    """The HTTP form of a denial, as OpenAI's errors look."""
    error = {"type": "invalid_request_error", "code": denial.code, "message": denial.message}
    headers = {"www-authenticate": "Bearer"} if denial.status == 401 else None
    return JSONResponse({"error": error}, denial.status, headers)


async def deny(socket: WebSocket, denial: Denial) -> None:
    """Answer a socket's handshake with plain HTTP: it was never accepted."""
    await socket.send_denial_response(denial_response(denial))


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(_HEADERS)
        await send(message)

    return sending
