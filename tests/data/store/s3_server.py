"""A small S3: one bucket in memory, path-style, with ranges and uploads in parts, as real clients speak to it."""

from __future__ import annotations

import hashlib
import http.server
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Stored:
    """An object and when it was put there, as HTTP writes moments."""

    body: bytes
    modified: str

    @property
    def etag(self) -> str:
        """The sum S3 gives of an object that came in one piece."""
        return f'"{hashlib.md5(self.body).hexdigest()}"'


@dataclass
class Bucket:
    """What the server holds and was asked; a test may let it refuse."""

    name: str
    url: str = ""
    objects: dict[str, Stored] = field(default_factory=dict)
    parts: dict[str, dict[int, bytes]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    refuses: bool = False

    def put(self, key: str, body: bytes) -> Stored:
        """Store an object; each is put a minute after the one before it."""
        moment = (
            f"Sat, 01 Nov 2025 10:{sum(self.asked.values()) // 60 % 60:02d}:{sum(self.asked.values()) % 60:02d} GMT"
        )
        self.objects[key] = Stored(body, moment)
        return self.objects[key]


@contextmanager
def serving(name: str) -> Iterator[Bucket]:
    """A server with an empty bucket."""
    bucket = Bucket(name)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(bucket))
    bucket.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield bucket
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(bucket: Bucket) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._object(with_body=False)

        def do_GET(self) -> None:
            if self._key():
                self._object(with_body=True)
                return
            prefix = parse_qs(urlsplit(self.path).query).get("prefix", [""])[0]
            keys = [key for key in bucket.objects if key.startswith(prefix)]
            listed = "".join(f"<Contents><Key>{key}</Key><Size>1</Size></Contents>" for key in keys)
            self._send(200, f"<ListBucketResult><KeyCount>{len(keys)}</KeyCount>{listed}</ListBucketResult>".encode())

        def do_PUT(self) -> None:
            body, query = self._body(), parse_qs(urlsplit(self.path).query)
            if bucket.refuses:
                self._error(403, "AccessDenied")
            elif "x-amz-copy-source" in self.headers:
                origin = unquote(self.headers["x-amz-copy-source"]).strip("/").removeprefix(bucket.name).strip("/")
                made = bucket.put(self._key(), bucket.objects[origin].body)
                self._send(200, f"<CopyObjectResult><ETag>{made.etag}</ETag></CopyObjectResult>".encode())
            elif "partNumber" in query:
                bucket.parts[query["uploadId"][0]][int(query["partNumber"][0])] = body
                self._send(200, b"", ETag=f'"{hashlib.md5(body).hexdigest()}"')
            else:
                self._send(200, b"", ETag=bucket.put(self._key(), body).etag)

        def do_POST(self) -> None:
            self._body()
            query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
            if bucket.refuses:
                self._error(403, "AccessDenied")
            elif "uploads" in query:
                name = f"upload{len(bucket.parts)}"
                bucket.parts[name] = {}
                self._send(
                    200,
                    f"<InitiateMultipartUploadResult><UploadId>{name}</UploadId></InitiateMultipartUploadResult>".encode(),
                )
            else:
                parts = bucket.parts.pop(query["uploadId"][0])
                made = bucket.put(self._key(), b"".join(parts[number] for number in sorted(parts)))
                answer = f"<CompleteMultipartUploadResult><ETag>{made.etag}</ETag></CompleteMultipartUploadResult>"
                self._send(200, answer.encode())

        def do_DELETE(self) -> None:
            bucket.objects.pop(self._key(), None)
            self._send(204, b"")

        def _object(self, with_body: bool) -> None:
            found = bucket.objects.get(self._key())
            if not self._key():
                self._send(200, b"")
                return
            if found is None:
                self._error(404, "NoSuchKey")
                return
            headers = {"ETag": found.etag, "Last-Modified": found.modified, "Accept-Ranges": "bytes"}
            asked = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            if asked is None:
                self._send(200, found.body, with_body, **headers)
                return
            first, last = int(asked[1]), min(int(asked[2] or len(found.body) - 1), len(found.body) - 1)
            headers["Content-Range"] = f"bytes {first}-{last}/{len(found.body)}"
            self._send(206, found.body[first : last + 1], with_body, **headers)

        def _key(self) -> str:
            return unquote(urlsplit(self.path).path).strip("/").removeprefix(bucket.name).strip("/")

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                raw = b"".join(iter(self._chunk, b""))
            else:
                raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            return _unsigned(raw) if "aws-chunked" in self.headers.get("Content-Encoding", "") else raw

        def _chunk(self) -> bytes:
            size = int(self.rfile.readline().split(b";")[0], 16)
            chunk = self.rfile.read(size)
            self.rfile.readline()
            return chunk

        def _error(self, code: int, name: str) -> None:
            self._send(code, f"<Error><Code>{name}</Code><Message>{name} here</Message></Error>".encode())

        def _send(self, code: int, body: bytes, with_body: bool = True, **headers: str) -> None:
            bucket.asked[self.command] += 1
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if with_body and self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """A test's output stays its own."""

    return Handler


def _unsigned(raw: bytes) -> bytes:
    """A body without the frames that `aws-chunked` lays around its pieces."""
    body, at = b"", 0
    while True:
        end = raw.index(b"\r\n", at)
        size = int(raw[at:end].split(b";")[0], 16)
        if size == 0:
            return body
        body += raw[end + 2 : end + 2 + size]
        at = end + 2 + size + 2
