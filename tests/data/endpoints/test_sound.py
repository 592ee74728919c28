"""Bytes become sound at 16 kHz, or one error."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from soundflow.data.endpoints import sound
from soundflow.data.endpoints.sound import decoded
from soundflow.errors import OutsideError


def encoded(samples: np.ndarray, rate: int, form: str = "WAV") -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format=form)
    return out.getvalue()


@pytest.mark.parametrize("form", ["WAV", "FLAC", "MP3"])
def test_any_rate_and_any_channels_become_16_khz_mono(form: str) -> None:
    stereo = np.tile(0.2 * np.sin(np.arange(44_100) / 10)[:, None], (1, 2))
    found = decoded(encoded(stereo, 44_100, form))
    assert found.dtype == np.float32 and len(found) == pytest.approx(16_000, abs=1600)
    assert np.abs(found).max() == pytest.approx(0.2, abs=0.05)


@pytest.mark.parametrize("data", [b"", b"<html>Bad gateway</html>", encoded(np.zeros(0), 16_000)])
def test_what_is_no_sound_is_an_error_of_the_endpoint(data: bytes) -> None:
    with pytest.raises(OutsideError, match="no sound") as caught:
        decoded(data)
    assert caught.value.code == "endpoint.no_sound"


def test_a_file_that_goes_on_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound, "LONGEST_SECONDS", 0.5)
    with pytest.raises(OutsideError, match="expected 1 to 8000"):
        decoded(encoded(np.zeros(16_000), 16_000))
