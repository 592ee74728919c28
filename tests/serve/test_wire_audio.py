"""Wire formats against known values, and any cutting equals one piece."""

from __future__ import annotations

import base64
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.audio.pcm import to_s16le
from soundflow.errors import InputError
from soundflow.serve.wire_audio import AudioFormat, WireAudio, read_format


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def test_pcm_at_16_khz_is_taken_as_it_is() -> None:
    sound = np.linspace(-1, 0.99, 100, dtype=np.float32)
    assert WireAudio(AudioFormat("audio/pcm", 16_000)).feed(b64(to_s16le(sound))) == pytest.approx(sound, abs=2e-5)


@given(st.lists(st.integers(0, 400), max_size=8))
def test_blocks_may_be_cut_anywhere(cuts: list[int]) -> None:
    raw = to_s16le(np.sin(np.arange(200, dtype=np.float32)))
    edges = [0, *sorted(cuts), len(raw)]
    wire = WireAudio(AudioFormat("audio/pcm", 16_000))
    parts = [wire.feed(b64(raw[a:b])) for a, b in itertools.pairwise(edges)]
    assert np.array_equal(np.concatenate(parts), WireAudio(AudioFormat("audio/pcm", 16_000)).feed(b64(raw)))


def test_24_khz_becomes_16_khz() -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(24_000) / 24_000).astype(np.float32) * 0.5
    heard = WireAudio(AudioFormat()).feed(b64(to_s16le(tone)))
    assert 15_000 < len(heard) <= 16_000
    steady = heard[2000:14_000]
    assert np.argmax(np.abs(np.fft.rfft(steady))) * 16_000 / len(steady) == pytest.approx(440, abs=2)


@pytest.mark.parametrize(
    ("law", "codes", "expected"),
    [
        # decoded values of ITU-T G.711, tables 2 and 1, scaled to 16 bits
        ("audio/pcmu", [0xFF, 0x7F, 0x80, 0x00, 0xFE], [0, 0, 32124, -32124, 8]),
        ("audio/pcma", [0xD5, 0x55, 0xAA, 0x2A, 0xD4], [8, -8, 32256, -32256, 24]),
    ],
)
def test_g711_expands_as_the_standard_says(law: str, codes: list[int], expected: list[int]) -> None:
    from soundflow.serve.wire_audio import _DECODERS

    assert list(_DECODERS[law](bytes(codes)) * 32768) == expected


@pytest.mark.parametrize("bad", [None, 3, "no base64!", "AAA", "é", b"AAAA"])
def test_what_is_no_base64_is_said(bad: object) -> None:
    with pytest.raises(InputError) as caught:
        WireAudio(AudioFormat()).feed(bad)
    assert caught.value.code == "realtime.base64"


@pytest.mark.parametrize("bad", [None, {}, {"type": "audio/mp3"}, {"type": "audio/pcm", "rate": 44100}, {"type": []}])
def test_formats_we_do_not_hear_are_refused(bad: object) -> None:
    with pytest.raises(InputError):
        read_format(bad)


def test_a_format_reads_what_it_writes() -> None:
    for found in (AudioFormat(), AudioFormat("audio/pcm", 16_000), AudioFormat("audio/pcmu", 8000)):
        assert read_format(found.to_json()) == found
