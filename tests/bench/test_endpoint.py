"""Endpoints: asked once, kept, and every failure is one clear error; bytes go through a function, not a network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from soundflow.bench.endpoint import Endpoint, ask
from soundflow.errors import OutsideError, UsageError


class Server:
    """Answers with what it was asked, and counts."""

    def __init__(self, body: bytes | None = None) -> None:
        self.calls: list[tuple[str, bytes, Mapping[str, str]]] = []
        self.body = body

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        self.calls.append((url, body, headers))
        return body if self.body is None else self.body


def test_the_same_question_is_asked_once(tmp_path: Path) -> None:
    server, endpoint = Server(), Endpoint("http://h/v1/", tmp_path, "secret")
    assert ask(endpoint, "/rerank", {"q": "é"}, server) == {"q": "é"} == ask(endpoint, "/rerank", {"q": "é"}, server)
    assert len(server.calls) == 1 and server.calls[0][0] == "http://h/v1/rerank"
    ask(endpoint, "/rerank", {"q": "other"}, server)
    assert len(server.calls) == 2


def test_the_key_is_sent_and_never_kept(tmp_path: Path) -> None:
    server = Server()
    ask(Endpoint("http://h", tmp_path, "secret"), "/x", {}, server)
    assert server.calls[0][2]["Authorization"] == "Bearer secret"
    kept = [path.read_text() for path in tmp_path.rglob("*.json")]
    assert len(kept) == 1 and "secret" not in kept[0] and json.loads(kept[0])["path"] == "/x"


def test_a_torn_cache_entry_is_asked_again(tmp_path: Path) -> None:
    server, endpoint = Server(), Endpoint("http://h", tmp_path)
    ask(endpoint, "/x", {}, server)
    next(tmp_path.rglob("*.json")).write_text("{torn")
    assert ask(endpoint, "/x", {}, server) == {} and len(server.calls) == 2


def test_an_answer_that_is_no_json_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(OutsideError, match="no JSON"):
        ask(Endpoint("http://h", tmp_path), "/x", {}, Server(b"<html>"))
    assert not list(tmp_path.rglob("*.json"))


def test_nobody_there_is_one_error() -> None:
    with pytest.raises(OutsideError, match="cannot be reached"):
        ask(Endpoint("http://127.0.0.1:9"), "/x", {})  # the discard port: refused at once


def test_an_address_must_be_one() -> None:
    with pytest.raises(UsageError):
        Endpoint("localhost:8000")
