"""Whatever goes wrong with an endpoint is one error whose code says what."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from soundflow.data.endpoints.client import HOPELESS, bounded, open_client, post_for_bytes
from soundflow.data.endpoints.config import EndpointConfig
from soundflow.errors import InputError, OutsideError
from soundflow.testing.endpoint import LIES, Answer, LyingEndpoint
from tests.data.endpoints.honest import patience, sound

pytest.importorskip("openai", reason="openai is not installed")


def post(liar: LyingEndpoint, **more: str) -> bytes:
    config = EndpointConfig(liar.url, timeout_seconds=patience(liar))
    return post_for_bytes(open_client(config, more), config, "/audio/generate", {"input": "x"}, {"a": "b"})


def test_bytes_come_back_and_headers_go_out() -> None:
    with LyingEndpoint(sound, share=0.0) as liar:
        assert post(liar, **{"xi-api-key": "abc"}) == sound("", b"").body
    assert liar.asked[0][0] == "/v1/audio/generate?a=b" and liar.headers[0]["xi-api-key"] == "abc"


@pytest.mark.parametrize(
    ("lie", "code"),
    [("429", "endpoint.429"), ("500", "endpoint.500"), ("cut", "endpoint.broken"), ("timeout", "endpoint.timeout")],
)
def test_each_failure_has_its_code(lie: str, code: str) -> None:
    with LyingEndpoint(sound, share=1.0, lies=[lie]) as liar, pytest.raises(OutsideError) as caught:
        post(liar)
    assert caught.value.code == code and lie in LIES


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_wrong_key_is_hopeless_and_says_so(status: int) -> None:
    refuse: Callable[[str, bytes], Answer] = lambda path, body: Answer(b"{}", status=status)  # noqa: E731
    with LyingEndpoint(refuse, share=0.0) as liar, pytest.raises(OutsideError, match="check the key") as caught:
        post(liar)
    assert caught.value.code in HOPELESS


def test_nobody_there_a_missing_key_and_too_much() -> None:
    config = EndpointConfig("http://127.0.0.1:9/v1", timeout_seconds=0.5)
    with pytest.raises(OutsideError, match="no whole answer"):
        post_for_bytes(open_client(config), config, "/x", {}, {})
    with pytest.raises(InputError, match="SURELY_NOT_SET"):
        open_client(EndpointConfig("http://127.0.0.1:9/v1", key_env="SURELY_NOT_SET"))


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soundflow.data.endpoints.client.MOST_BYTES", 3)
    assert bounded(b"abc") == b"abc"
    with pytest.raises(OutsideError, match="at most 3"):
        bounded(b"abcd")
