"""An OpenAI-compatible endpoint on a free port that does what a test tells it: answers, stalls, breaks off, lies."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class FakeEndpoint:
    """What was asked, and what is done with the answer's connection."""

    answer: Callable[[Answer], None]
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    go: threading.Event = field(default_factory=threading.Event)


class Answer:
    """One answer being given."""

    def __init__(self, handler: BaseHTTPRequestHandler, endpoint: FakeEndpoint) -> None:
        self._handler = handler
        self.endpoint = endpoint
        self.asked = endpoint.asked[-1]

    def begin(self, kind: str, status: int = 200) -> None:
        self._handler.send_response(status)
        self._handler.send_header("content-type", kind)
        self._handler.send_header("connection", "close")
        self._handler.end_headers()

    def write(self, body: bytes) -> None:
        self._handler.wfile.write(body)
        self._handler.wfile.flush()

    def words(self, *pieces: str) -> None:
        """Pieces of a chat completion, as server-sent events."""
        for piece in pieces:
            self._chunk({"content": piece}, None)

    def done(self) -> None:
        self._chunk({}, "stop")
        self.write(b"data: [DONE]\n\n")

    def _chunk(self, delta: dict[str, str], reason: str | None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
        self.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")

    def stall(self) -> None:
        """Say nothing until the test lets it go."""
        self.endpoint.go.wait(20.0)


@contextmanager
def fake_endpoint(answer: Callable[[Answer], None]) -> Iterator[FakeEndpoint]:
    """An endpoint while the block lasts."""
    endpoint = FakeEndpoint(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            endpoint.headers.append({name.lower(): value for name, value in self.headers.items()})
            endpoint.asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the client may go away
                endpoint.answer(Answer(self, endpoint))
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        endpoint.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield endpoint
        finally:
            endpoint.go.set()
            server.shutdown()
            thread.join()
