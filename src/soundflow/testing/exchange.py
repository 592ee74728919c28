"""An HTTP endpoint on a free port of this machine that does what a test writes: answers, streams, stalls, breaks off.

    def good(exchange: Exchange) -> None:
        exchange.begin("text/event-stream")
        exchange.words("A window ", "broke.")
        exchange.done()

    with EndpointServer(good) as endpoint:
        ...  # endpoint.url

Tests: tests/testing/test_exchange.py.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

LONGEST_SECONDS = 60.0  # a stalling answer waits for the end of the test, or so long


class Exchange:
    """One question, and the connection its answer goes over.

    `path`, `body` and `headers` (names in lower case) are the question's.
    """

    def __init__(self, handler: BaseHTTPRequestHandler, body: bytes, let_go: threading.Event) -> None:
        self.path = handler.path
        self.body = body
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in handler.headers.items()}
        self._handler = handler
        self._let_go = let_go

    @property
    def asked(self) -> Any:
        """The question, where it is JSON."""
        return json.loads(self.body)

    def begin(self, kind: str, status: int = 200, length: int | None = None) -> None:
        """Send status and headers; without a length the answer lasts until the connection is closed."""
        self._handler.send_response(status)
        self._handler.send_header("Content-Type", kind)
        self._handler.send_header("Connection", "close")
        if length is not None:
            self._handler.send_header("Content-Length", str(length))
        self._handler.end_headers()

    def write(self, body: bytes) -> None:
        """Send more of the answer at once."""
        self._handler.wfile.write(body)
        self._handler.wfile.flush()

    def words(self, *pieces: str) -> None:
        """Pieces of a chat completion, as server-sent events in OpenAI's form."""
        for piece in pieces:
            self._chunk({"content": piece}, None)

    def done(self) -> None:
        """The end of a chat completion that is streamed."""
        self._chunk({}, "stop")
        self.write(b"data: [DONE]\n\n")

    def stall(self) -> None:
        """Say nothing until the test lets it go."""
        self._let_go.wait(LONGEST_SECONDS)

    def _chunk(self, delta: dict[str, str], reason: str | None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "test", "choices": [choice]}
        self.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")


class EndpointServer:
    """Serves inside a `with`, each question in a thread of its own.

    Args:
        respond: gives the answer to one question; a client that goes away ends it quietly.
    """

    def __init__(self, respond: Callable[[Exchange], None]) -> None:
        self.exchanges: list[Exchange] = []  # in the order in which they were asked
        self.go = threading.Event()  # lets answers that stall go
        self._respond = respond
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, name="endpoint"
        )

    @property
    def url(self) -> str:
        """The base of an OpenAI-compatible endpoint."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    @property
    def asked(self) -> list[Any]:
        """The questions so far, as JSON."""
        return [exchange.asked for exchange in self.exchanges]

    def answer(self, exchange: Exchange) -> None:
        """Give one answer, in the thread of its connection."""
        self.exchanges.append(exchange)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._respond(exchange)

    def __enter__(self) -> EndpointServer:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.go.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # many may ask at once; one that waits to be let in would look like a timeout


def _handler_of(endpoint: EndpointServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Read the question and let the endpoint answer."""
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            endpoint.answer(Exchange(self, body, endpoint.go))
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler
