"""A local HTTP server that serves one file as a test tells it to: whole, in ranges, cut, refused, changed."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Served:
    """What is served and how; a test changes it while it runs. `cuts` are the bytes after which answers break off."""

    body: bytes
    etag: str = '"v1"'
    has_ranges: bool = True
    has_length: bool = True
    range_shift: int = 0  # how far beside the asked-for byte a partial answer begins
    cuts: list[int] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)  # codes of the next answers
    retry_after: str = ""
    asked: list[str] = field(default_factory=list)  # the Range header of each request
    port: int = 0

    @property
    def url(self) -> str:
        """Where it is served."""
        return f"http://127.0.0.1:{self.port}/folder/file.bin"


@contextmanager
def serving(body: bytes) -> Iterator[Served]:
    """A server on a free port of this machine."""
    served = Served(body)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(served))
    served.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(served: Served) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.headers.get("Range", ""))
            if served.refusals:
                self._refuse(served.refusals.pop(0))
                return
            start = self._start()
            if start is not None and start >= len(served.body):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(served.body)}")
                self.end_headers()
                return
            self._answer(start)

        def _start(self) -> int | None:
            asked = self.headers.get("Range", "")
            same = self.headers.get("If-Range", served.etag) == served.etag
            return int(asked[6:].rstrip("-")) if asked and served.has_ranges and same else None

        def _refuse(self, code: int) -> None:
            self.send_response(code)
            if served.retry_after:
                self.send_header("Retry-After", served.retry_after)
            self.end_headers()

        def _answer(self, start: int | None) -> None:
            first = 0 if start is None else start + served.range_shift
            body = served.body[first:]
            self.send_response(200 if start is None else 206)
            if served.etag:
                self.send_header("ETag", served.etag)
            if served.has_length:
                self.send_header("Content-Length", str(len(body)))
            if start is not None:
                self.send_header("Content-Range", f"bytes {first}-{len(served.body) - 1}/{len(served.body)}")
            self.end_headers()
            self.wfile.write(body[: served.cuts.pop(0)] if served.cuts else body)
            self.close_connection = True

        def log_message(self, format: str, *arguments: object) -> None:
            """A test's output stays its own."""

    return Handler
