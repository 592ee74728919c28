"""A speech endpoint as a voice: one that works, and the ways in which one does not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("openai", reason="openai is not installed")

from soundflow.errors import OutsideError
from soundflow.serve.endpoints import Endpoint
from soundflow.serve.speech_endpoint import endpoint_voice
from soundflow.testing.exchange import EndpointServer, Exchange

TONE = (8000 * np.sin(np.arange(24_000) / 10)).astype("<i2")


def good(exchange: Exchange) -> None:
    exchange.begin("audio/pcm")
    raw = TONE.tobytes()
    for start in range(0, len(raw), 3333):  # cut inside samples too
        exchange.write(raw[start : start + 3333])


def test_a_sentence_becomes_sound_block_by_block() -> None:
    with EndpointServer(good) as endpoint:
        blocks = list(endpoint_voice(Endpoint("tts", endpoint.url), "nova")("I hear glass."))
    assert len(blocks) >= 5
    assert np.array_equal(np.concatenate(blocks), TONE.astype(np.float32) / 32768)
    (asked,) = endpoint.asked
    assert asked == {**asked, "model": "tts", "voice": "nova", "input": "I hear glass.", "response_format": "pcm"}


def refusing(exchange: Exchange) -> None:
    exchange.begin("application/json", 400)
    exchange.write(b'{"error": {"message": "no such voice"}}')


def empty(exchange: Exchange) -> None:
    exchange.begin("audio/pcm")


def words(exchange: Exchange) -> None:
    exchange.begin("text/html")
    exchange.write(b"<html>log in first</html>")


def endless(exchange: Exchange) -> None:
    exchange.begin("audio/pcm")
    while True:
        exchange.write(bytes(480_000))


@pytest.mark.parametrize("answer", [refusing, empty, words, endless])
def test_no_sound_is_one_error(answer: Callable[[Exchange], None]) -> None:
    with EndpointServer(answer) as endpoint, pytest.raises(OutsideError) as failure:
        for _ in endpoint_voice(Endpoint("tts", endpoint.url))("Hello."):
            pass
    assert failure.value.code == "speech.endpoint" and "127.0.0.1" not in str(failure.value)


def test_a_sentence_can_be_left_in_the_middle() -> None:
    with EndpointServer(endless) as endpoint:
        blocks = endpoint_voice(Endpoint("tts", endpoint.url))("Hello.")
        assert len(next(blocks)) > 0
        blocks.close()
