"""Speech as bytes, and back with the decoders that hear clients."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.serve.speech_wire import WireSpeech, encode
from soundflow.serve.wire_audio import AudioFormat, g711_table

PCM24, PCM16 = AudioFormat("audio/pcm", 24_000), AudioFormat("audio/pcm", 16_000)
MU, A = AudioFormat("audio/pcmu", 8_000), AudioFormat("audio/pcma", 8_000)


def tone(seconds: float, rate: int) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def test_pcm_is_little_endian_and_clipped() -> None:
    odd = np.array([0, 0.5, -0.5, 2.0, -2.0, np.nan], np.float32)
    assert np.frombuffer(encode(odd, PCM24), "<i2").tolist() == [0, 16384, -16384, 32767, -32767, 0]


@pytest.mark.parametrize("audio_format", [MU, A])
def test_every_g711_code_is_nearest_to_itself(audio_format: AudioFormat) -> None:
    values = g711_table(audio_format.type)
    codes = np.frombuffer(encode(values, audio_format), np.uint8)
    assert np.array_equal(values[codes], values)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=50), st.sampled_from([MU, A]))
def test_g711_is_as_near_as_its_codes_allow(samples: list[float], audio_format: AudioFormat) -> None:
    values, given_ones = g711_table(audio_format.type), np.array(samples, np.float32)
    found = values[np.frombuffer(encode(given_ones, audio_format), np.uint8)]
    best = np.abs(values[None, :] - given_ones[:, None]).min(axis=1)
    assert np.allclose(np.abs(found - given_ones), best, atol=1e-6)


@pytest.mark.parametrize("audio_format", [PCM24, PCM16, MU, A])
@pytest.mark.parametrize("rate", [16_000, 24_000])
def test_a_second_stays_a_second_however_it_is_cut(audio_format: AudioFormat, rate: int) -> None:
    sound = tone(1.0, rate)
    whole, cut = WireSpeech(audio_format, rate), WireSpeech(audio_format, rate)
    one = b"".join(map(base64.b64decode, whole.feed(sound) + whole.end()))
    pieces = [p for block in np.array_split(sound, 7) for p in cut.feed(block)] + cut.end()
    assert b"".join(map(base64.b64decode, pieces)) == one
    width = 2 if audio_format.type == "audio/pcm" else 1
    assert len(one) == audio_format.rate * width and whole.samples == audio_format.rate


def test_no_event_is_longer_than_half_a_second() -> None:
    pieces = WireSpeech(PCM24, 24_000).feed(tone(3.2, 24_000))
    assert len(pieces) == 7 and max(map(len, map(base64.b64decode, pieces))) == 24_000
