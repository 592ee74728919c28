"""Text to audio over HTTP: both forms, and what happens when the answer is no sound."""

from __future__ import annotations

import json

import numpy as np
import pytest

from soundflow.data.generate.endpoint import SoundEndpoint, SoundsConfig
from soundflow.data.generate.source import SoundRequest
from soundflow.errors import OutsideError
from soundflow.testing.endpoint import LyingEndpoint
from tests.data.endpoints.honest import patience, sound
from tests.data.test_clips import tone

pytest.importorskip("openai", reason="openai is not installed")

REQUEST = SoundRequest("cow", "A cow moos in a stable.", 40.0, number=3)


def test_the_open_form_asks_with_length_and_seed() -> None:
    with LyingEndpoint(sound, share=0.0) as liar:
        made = SoundEndpoint(SoundsConfig(liar.url, "audiox", licence="CC-BY-4.0"))
        assert np.abs(made.make(REQUEST) - tone(2.0)).max() < 1e-4
    path, body = liar.asked[0]
    wanted = {"input": REQUEST.caption, "audio_length": 40.0, "seed": 3, "response_format": "wav", "model": "audiox"}
    assert path == "/v1/audio/generate" and json.loads(body) == wanted
    assert (made.name, made.licence) == ("endpoint:audiox", "CC-BY-4.0")


def test_elevenlabs_form_has_its_own_path_names_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XI_KEY", "abc")
    with LyingEndpoint(sound, share=0.0) as liar:
        url = liar.url.removesuffix("/v1")
        SoundEndpoint(SoundsConfig(url, key_env="XI_KEY", form="elevenlabs")).make(REQUEST)
    path, body = liar.asked[0]
    assert path == "/v1/sound-generation?output_format=mp3_44100_128" and liar.headers[0]["xi-api-key"] == "abc"
    assert json.loads(body) == {"text": REQUEST.caption, "duration_seconds": 22.0}


@pytest.mark.parametrize("lie", ["invalid json", "wrong schema", "injection", "cut", "timeout", "429", "500"])
def test_every_lie_is_an_error(lie: str) -> None:
    with LyingEndpoint(sound, share=1.0, lies=[lie]) as liar, pytest.raises(OutsideError) as caught:
        SoundEndpoint(SoundsConfig(liar.url, timeout_seconds=patience(liar))).make(REQUEST)
    assert caught.value.code.startswith("endpoint.")
