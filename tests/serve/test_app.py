"""What the routes answer to plain HTTP."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from soundflow.testing.model import scripted_bundle
from tests.serve.conftest import PATIENCE, Running, serving


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with serving(scripted_bundle()) as server:
        yield server


def asked(running: Running, path: str, method: str = "GET") -> tuple[int, Any]:
    """Status and JSON of an answer."""
    request = urllib.request.Request(running.http + path, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.loads(refused.read())


def test_the_model_says_what_it_can(running: Running) -> None:
    status, models = asked(running, "/v1/models")
    (model,) = models["data"]
    assert status == 200 and model["id"] == "scripted"
    assert model["capabilities"] == {"chunk_period_ms": 400, "threshold": 0.5, "speaks": False}


def test_a_socket_asked_for_by_plain_http_is_explained(running: Running) -> None:
    status, told = asked(running, "/v1/realtime")
    assert status == 426 and "WebSocket" in told["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nope", 404),
        ("POST", "/v1/chat/completions", 404),
        ("POST", "/v1/models", 405),
        ("GET", "/page/x", 404),
    ],
)
def test_what_is_not_served_is_said_in_json(running: Running, method: str, path: str, status: int) -> None:
    found, told = asked(running, path, method)
    assert found == status and told["error"]["code"] == "serve.route" and path in told["error"]["message"]
