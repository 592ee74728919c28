"""Fetching from a hub: a local server speaks its protocol, and every refusal is advice."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from soundflow.errors import OutsideError
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.hub import fetch
from soundflow.model.checkpoint.ours import load_folder, save_folder

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """What the server holds and what it was asked for."""

    folder: Path
    fail_after: int | None = None  # bytes of a file after which the connection breaks, once
    ranges: list[str] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def hub(small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    save_folder(small_bundle, tmp_path / "held")
    (tmp_path / "held" / "picture.png").write_bytes(b"not wanted")
    held = Hub(tmp_path / "held")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(held))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    held.url = f"http://127.0.0.1:{server.server_port}"
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", held.url)
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.partition("/{repo_id}")[2]
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", f"{held.url}/{{repo_id}}{template}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1000)  # so that a part of a small file is kept
    yield held
    server.shutdown()
    server.server_close()


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            return None

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def _answer(self, with_body: bool) -> None:
            parts = self.path.split("?")[0].strip("/").split("/")
            if "gated" in parts:
                return self._refuse(403, "GatedRepo")
            if "absent" in parts:
                return self._refuse(404, "RepoNotFound")
            if "no-such-tag" in parts:
                return self._refuse(404, "RevisionNotFound")
            if parts[:2] == ["api", "models"]:
                return self._describe("tree" in parts, with_body)
            return self._file(hub.folder / parts[-1], with_body)

        def _refuse(self, status: int, code: str) -> None:
            self.send_response(status)
            self.send_header("X-Error-Code", code)
            self.send_header("X-Error-Message", "as the hub says it")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _describe(self, is_tree: bool, with_body: bool) -> None:
            files = [p for p in sorted(hub.folder.iterdir()) if p.is_file()]
            tree = [{"type": "file", "path": p.name, "size": p.stat().st_size, "oid": _digest(p)} for p in files]
            siblings = [{"rfilename": p.name} for p in files]
            about = {"id": "some/model", "sha": COMMIT, "siblings": siblings, "private": False, "tags": []}
            body = json.dumps(tree if is_tree else about).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if with_body:
                self.wfile.write(body)

        def _file(self, path: Path, with_body: bool) -> None:
            if not path.is_file():
                return self._refuse(404, "EntryNotFound")
            content = path.read_bytes()
            start = 0
            if asked := self.headers.get("Range"):
                hub.ranges.append(asked)
                start = int(asked.removeprefix("bytes=").split("-")[0])
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            self.send_header("ETag", f'"{_digest(path)}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Accept-Ranges", "bytes")
            self.end_headers()
            if not with_body:
                return
            if hub.fail_after is not None and path.suffix == ".safetensors":
                cut, hub.fail_after = hub.fail_after, None
                self.wfile.write(content[start : start + cut])
                self.wfile.flush()
                self.connection.close()
                return
            self.wfile.write(content[start:])

    return Handler


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_model_is_fetched_once_and_only_what_is_needed(hub: Hub, small_bundle: Bundle) -> None:
    folder = fetch("some/model")
    assert load_folder(folder).config == small_bundle.config
    assert not (folder / "picture.png").exists()
    assert fetch("some/model") == folder


def test_a_broken_download_goes_on_where_it_stopped(hub: Hub, small_bundle: Bundle) -> None:
    hub.fail_after = 20_000
    try:
        folder = fetch("some/model")  # the client may try again by itself
    except OutsideError as e:
        assert "goes on where it stopped" in e.hint
        folder = fetch("some/model")
    assert load_folder(folder).config == small_bundle.config
    assert any(asked.startswith("bytes=20000-") for asked in hub.ranges)


@pytest.mark.parametrize(
    ("name", "revision", "code", "advice"),
    [
        ("some/gated", None, "hub.gated", "hf auth login"),
        ("some/absent", None, "hub.absent", "spelling"),
        ("some/model", "no-such-tag", "hub.revision", "revisions"),
    ],
)
def test_a_refusal_is_advice(hub: Hub, name: str, revision: str | None, code: str, advice: str) -> None:
    with pytest.raises(OutsideError, match=name) as caught:
        fetch(name, revision)
    assert caught.value.code == code
    assert advice in caught.value.hint


def test_without_a_network_the_cache_is_used_or_advice_given(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fetch("some/model")
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert fetch("some/model") == folder
    with pytest.raises(OutsideError, match="not in the cache") as caught:
        fetch("some/other")
    assert caught.value.code == "hub.offline"


def test_a_hub_that_is_not_there_is_advice(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", "http://127.0.0.1:9/{repo_id}")
    with pytest.raises(OutsideError, match="some/model"):
        fetch("some/model")
