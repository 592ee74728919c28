"""Sound as it comes over the wire: base64 of 16-bit PCM or G.711, to 16 kHz samples.

Tests: tests/serve/test_wire_audio.py.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from soundflow.audio.pcm import from_s16le
from soundflow.audio.resample import Resampler
from soundflow.errors import InputError

Samples = NDArray[np.float32]
FormatName = Literal["audio/pcm", "audio/pcmu", "audio/pcma"]

PCM_RATES = (24_000, 16_000)  # Hz; the first is the one that clients of OpenAI's protocol send
_G711_RATE = 8_000  # Hz
_G711_SCALE = 32_768.0  # both laws expand to 16 bits


@dataclass(frozen=True)
class AudioFormat:
    """A wire format; `rate` in Hz."""

    type: FormatName = "audio/pcm"
    rate: int = PCM_RATES[0]

    def to_json(self) -> dict[str, Any]:
        """The form the protocol writes it in."""
        return {"type": self.type, "rate": self.rate} if self.type == "audio/pcm" else {"type": self.type}


def read_format(value: object) -> AudioFormat:
    """A format out of `session.audio.input.format`.

    Raises:
        InputError: no format we hear (`realtime.audio_format`).
    """
    fields = value if isinstance(value, dict) else {}
    kind, rate = fields.get("type"), fields.get("rate", PCM_RATES[0])
    if kind == "audio/pcm" and rate in PCM_RATES and isinstance(rate, int):
        return AudioFormat("audio/pcm", rate)
    if kind in ("audio/pcmu", "audio/pcma"):
        return AudioFormat(kind, _G711_RATE)
    hint = "use audio/pcm at 24000 or 16000, audio/pcmu or audio/pcma"
    raise InputError("realtime.audio_format", f"no audio format {str(value)[:80]}", hint)


class WireAudio:
    """Turns a client's blocks into 16 kHz samples; blocks may be cut anywhere, even inside a sample."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self.format = audio_format
        self._resampler = Resampler(audio_format.rate)
        self._rest = b""  # the first half of a sample whose second half comes with the next block
        self._decode = _DECODERS[audio_format.type]

    def feed(self, text: object) -> Samples:
        """One base64 block to float32 [n] at 16 kHz.

        Raises:
            InputError: no base64 (`realtime.base64`).
        """
        raw = self._rest + from_base64(text)
        whole = len(raw) - len(raw) % 2 if self.format.type == "audio/pcm" else len(raw)
        self._rest = raw[whole:]
        return self._resampler.feed(self._decode(raw[:whole]))


def from_base64(text: object) -> bytes:
    """What a client's base64 stands for.

    Raises:
        InputError: no base64 (`realtime.base64`).
    """
    try:
        if not isinstance(text, str):
            raise TypeError
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError) as e:
        raise InputError("realtime.base64", "audio that is no base64 text", "send base64 of the raw samples") from e


def _expand_mu() -> Samples:
    """Every µ-law byte as a sample. Source: ITU-T G.711, table 2."""
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = ((((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84
    return (np.where(code & 0x80, -magnitude, magnitude) / _G711_SCALE).astype(np.float32)


def _expand_a() -> Samples:
    """Every A-law byte as a sample. Source: ITU-T G.711, table 1."""
    code = np.arange(256, dtype=np.int32) ^ 0x55
    exponent, mantissa = (code & 0x70) >> 4, (code & 0x0F) << 4
    magnitude = np.where(exponent == 0, mantissa + 8, (mantissa + 0x108) << np.maximum(exponent - 1, 0))
    return (np.where(code & 0x80, magnitude, -magnitude) / _G711_SCALE).astype(np.float32)


_G711 = {"audio/pcmu": _expand_mu(), "audio/pcma": _expand_a()}


def g711_table(kind: FormatName) -> Samples:
    """What each of a law's 256 codes stands for, float32 [256]; for `audio/pcmu` and `audio/pcma`."""
    return _G711[kind]


def _table(values: Samples) -> Callable[[bytes], Samples]:
    return lambda raw: values[np.frombuffer(raw, np.uint8)]


_DECODERS: dict[str, Callable[[bytes], Samples]] = {
    "audio/pcm": from_s16le,
    "audio/pcmu": _table(_G711["audio/pcmu"]),
    "audio/pcma": _table(_G711["audio/pcma"]),
}
