"""The bytes an endpoint sent, as sound; whatever is none is its error. Tests: tests/data/endpoints/test_sound.py."""

from __future__ import annotations

import io

import numpy as np
import soundfile
from numpy.typing import NDArray

from soundflow.audio.resample import resample
from soundflow.errors import OutsideError, SoundflowError

Samples = NDArray[np.float32]

LONGEST_SECONDS = 120.0  # of one answer: a file may say of itself that it lasts for days


def decoded(data: bytes) -> Samples:
    """A wav, flac, ogg or mp3 file as float32 [n], 16 kHz, the mean of its channels.

    Raises:
        OutsideError: it is no sound, has none in it, or is longer than two minutes (`endpoint.no_sound`).
    """
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            most = round(LONGEST_SECONDS * file.samplerate)
            sound = np.asarray(file.read(most + 1, dtype="float32", always_2d=True), np.float32)
            rate = file.samplerate
        if not len(sound) or len(sound) > most or not np.isfinite(sound).all():
            raise ValueError(f"{len(sound)} samples at {rate} Hz, expected 1 to {most} that are numbers")
        return np.asarray(resample(sound.mean(axis=1), rate), np.float32)
    except (RuntimeError, ValueError, TypeError, SoundflowError) as error:
        message = f"{len(data)} bytes that are no sound: {error}"
        raise OutsideError("endpoint.no_sound", message, "wav, flac, ogg and mp3 are understood") from error
