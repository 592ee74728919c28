"""Log-mel features: one front end, three normalisers. It knows nothing of files or models.

The normaliser decides which maximum the floor (8 decades below it) hangs from, and how frames lie:

    clip     the maximum of the whole clip: offline use, and how the release trains; looks into the future
    stream   the maximum of all sound so far, a chunk's right edge reflected: the release's server
    window   the maximum of the last 8 s, no look past a chunk's end: nano, and every model trained here

`StreamingLogMel` always computes one chunk at a time on arrays of one shape, which is why its
features are the same bits however the sound was cut into calls. Tests: tests/audio/test_log_mel.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from soundflow.audio.chunking import Chunker
from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.errors import InputError, UsageError

N_FFT = 400  # samples, 25 ms (ruling 6)
HOP_LENGTH = 160  # samples, 10 ms (ruling 6)
POWER_FLOOR = 1e-10  # keeps digital silence finite; Whisper's value
FLOOR_DECADES = 8.0  # depth of the floor below the maximum; Whisper's value

_LOOK_BACK = N_FFT - HOP_LENGTH  # `window`: a frame ends with its own hop
_CENTRE = N_FFT // 2  # `clip`, `stream`: a frame is centred on the first sample of its hop
_LINEAR_HZ = 1000.0  # the Slaney scale is linear below, logarithmic above
_LINEAR_MELS = 15.0
_LOG_STEP = float(np.log(6.4)) / 27.0

Normaliser = Literal["clip", "stream", "window"]
Samples = NDArray[np.float32]


@dataclass(frozen=True)
class FrontEnd:
    """What a model hears: mel bands, which maximum the floor hangs from, chunk length.

    Args:
        n_mels: mel bands between 0 and 8 kHz.
        normaliser: `clip`, `stream` or `window`; see the module's head.
        chunk_samples: samples of one chunk at 16 kHz, a multiple of 160.
        window_seconds: reach of the `window` maximum, at least one chunk; chunks that lie wholly in it count.

    Raises:
        UsageError: a value out of its range (`front_end.value`).
    """

    n_mels: int = 80
    normaliser: Normaliser = "window"
    chunk_samples: int = 6400
    window_seconds: float = 8.0

    def __post_init__(self) -> None:
        if self.n_mels < 1:
            raise UsageError("front_end.value", f"n_mels is {self.n_mels}", "give at least 1")
        if self.normaliser not in get_args(Normaliser):
            raise UsageError("front_end.value", f"normaliser is {self.normaliser!r}", "give clip, stream or window")
        if self.chunk_samples < N_FFT or self.chunk_samples % HOP_LENGTH:
            found = f"chunk_samples is {self.chunk_samples}"
            raise UsageError("front_end.value", found, f"give a multiple of {HOP_LENGTH}, at least {N_FFT}")
        if self.window_chunks < 1:
            raise UsageError("front_end.value", f"window_seconds is {self.window_seconds}", "give at least one chunk")

    @property
    def chunk_frames(self) -> int:
        """Frames of one chunk."""
        return self.chunk_samples // HOP_LENGTH

    @property
    def window_chunks(self) -> int:
        """Chunks that lie wholly in the last `window_seconds`."""
        return round(self.window_seconds * SAMPLE_RATE) // self.chunk_samples


def _mels(hertz: float) -> float:
    if hertz < _LINEAR_HZ:
        return hertz * _LINEAR_MELS / _LINEAR_HZ
    return _LINEAR_MELS + float(np.log(hertz / _LINEAR_HZ)) / _LOG_STEP


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = mels * _LINEAR_HZ / _LINEAR_MELS
    logarithmic = _LINEAR_HZ * np.exp(_LOG_STEP * (mels - _LINEAR_MELS))
    return np.where(mels < _LINEAR_MELS, linear, logarithmic)


@lru_cache(maxsize=8)
def mel_filters(n_mels: int) -> Tensor:
    """Triangles of equal area, equally spaced on the Slaney scale from 0 to 8 kHz.

    Returns:
        float32 [n_mels, 201], to be multiplied with a power spectrum [201, frames].

    Source: Slaney's Auditory Toolbox scale, as Whisper's front end uses it; own code.
    """
    nyquist = SAMPLE_RATE / 2
    corners = _hertz(np.linspace(0.0, _mels(nyquist), n_mels + 2))
    low, centre, high = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    bins = np.linspace(0.0, nyquist, N_FFT // 2 + 1)[None, :]
    triangles = np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)).clip(min=0.0)
    return torch.from_numpy((triangles * 2.0 / (high - low)).astype(np.float32))


@lru_cache(maxsize=1)
def _hann() -> Tensor:
    return torch.hann_window(N_FFT, periodic=True)


def _log_power(padded: Tensor, n_mels: int) -> Tensor:
    """Log10 mel power of frames at every hop: [batch, samples] to [batch, n_mels, frames]."""
    window = _hann().to(padded.device)
    spectrum = torch.stft(padded, N_FFT, HOP_LENGTH, window=window, center=False, return_complex=True)
    power = spectrum.real.square() + spectrum.imag.square()
    mel = torch.matmul(mel_filters(n_mels).to(padded.device), power)
    return mel.clamp(min=POWER_FLOOR).log10()


def _scaled(log_power: Tensor, peak: Tensor) -> Tensor:
    """Whisper's range: nothing more than 8 decades below the peak, then (x + 4) / 4."""
    return (torch.maximum(log_power, peak - FLOOR_DECADES) + 4.0) / 4.0


def log_mel(samples: Tensor, front_end: FrontEnd) -> Tensor:
    """Features of whole signals at once, as a stream of the same chunks would give them.

    Args:
        samples: [..., n], 16 kHz mono; n a multiple of 160, of `chunk_samples` unless the normaliser is `clip`.
        front_end: bands, normaliser and chunk length.

    Returns:
        float32 [..., n_mels, n // 160] on the samples' device.

    Raises:
        InputError: n is zero, too short or no multiple (`audio.length`).

    Source: ruling 6; `clip` and `stream` as in the release.
    """
    count = samples.shape[-1]
    step = HOP_LENGTH if front_end.normaliser == "clip" else front_end.chunk_samples
    if count <= _CENTRE or count % step:
        needed = f"pad it to a multiple of {step} samples, more than {_CENTRE}"
        raise InputError("audio.length", f"a signal of {count} samples", needed)
    flat = samples.reshape(-1, count).to(torch.float32)
    mel = _NORMALISERS[front_end.normaliser](flat, front_end)
    return mel.reshape(*samples.shape[:-1], front_end.n_mels, count // HOP_LENGTH)


def chunked_log_mel(samples: Tensor, front_end: FrontEnd) -> Tensor:
    """As `log_mel`, cut into chunks: [..., n] to [..., chunks, n_mels, frames].

    Raises:
        InputError: as `log_mel`.
    """
    frames = front_end.chunk_samples // HOP_LENGTH
    chunks: Tensor = log_mel(samples, front_end).unflatten(-1, (-1, frames))
    return chunks.transpose(-3, -2)


def _centred(samples: Tensor, n_mels: int) -> Tensor:
    padded = F.pad(samples.unsqueeze(1), (_CENTRE, _CENTRE), mode="reflect").squeeze(1)
    return _log_power(padded, n_mels)[..., :-1]


def _clip(samples: Tensor, front_end: FrontEnd) -> Tensor:
    log_power = _centred(samples, front_end.n_mels)
    return _scaled(log_power, log_power.amax((1, 2), keepdim=True))


def _stream(samples: Tensor, front_end: FrontEnd) -> Tensor:
    """Each chunk as the newest of a history: its last frame sees a mirror instead of the next chunk's start."""
    batch, bands, frames = samples.shape[0], front_end.n_mels, front_end.chunk_frames
    true = _centred(samples, bands).unflatten(-1, (-1, frames))  # [batch, bands, chunks, frames]
    chunks = samples.view(batch, -1, front_end.chunk_samples)
    tails = torch.cat([chunks[..., -_TAIL:], chunks[..., -_AHEAD - 1 : -1].flip(-1)], dim=-1)
    mirrored = _log_power(tails.reshape(-1, N_FFT), bands).view(batch, -1, bands).transpose(1, 2)
    newest = torch.cat([true[..., :-1], mirrored.unsqueeze(-1)], dim=-1)
    settled = true.amax((1, 3)).cummax(-1).values  # [batch, chunks]
    before = F.pad(settled[:, :-1], (1, 0), value=-torch.inf)
    peak = torch.maximum(before, newest.amax((1, 3)))
    return _scaled(newest, peak[:, None, :, None]).flatten(2)


def _window(samples: Tensor, front_end: FrontEnd) -> Tensor:
    log_power = _log_power(F.pad(samples, (_LOOK_BACK, 0)), front_end.n_mels)
    log_power = log_power.unflatten(-1, (-1, front_end.chunk_frames))  # [batch, bands, chunks, frames]
    span = front_end.window_chunks
    peaks = F.pad(log_power.amax((1, 3)), (span - 1, 0), value=-torch.inf)
    peak = peaks.unfold(-1, span, 1).amax(-1)  # [batch, chunks]
    return _scaled(log_power, peak[:, None, :, None]).flatten(2)


_AHEAD = _CENTRE - HOP_LENGTH  # samples of a chunk's last centred frame that lie past the chunk's end
_TAIL = N_FFT - _AHEAD  # samples of it that do not
_NORMALISERS = {"clip": _clip, "stream": _stream, "window": _window}


class StreamingLogMel:
    """The same features while the sound arrives, in bounded memory.

    Args:
        front_end: `stream` or `window`; a `clip` maximum is known only at a clip's end.

    Raises:
        UsageError: the normaliser is `clip` (`front_end.value`).
    """

    def __init__(self, front_end: FrontEnd) -> None:
        if front_end.normaliser == "clip":
            hint = "use log_mel on the whole clip, or the stream normaliser"
            raise UsageError("front_end.value", "the clip normaliser cannot hear a stream", hint)
        self.front_end = front_end
        self.reset()

    def reset(self) -> None:
        """Forget everything heard."""
        self._chunker = Chunker(self.front_end.chunk_samples)
        self._history: Samples | None = None  # the samples before the chunk that its first frames still see
        self._peaks: deque[Tensor] = deque(maxlen=self.front_end.window_chunks)
        self._settled = torch.tensor(-torch.inf)  # `stream`: the maximum that no later sound can change

    def feed(self, samples: Samples) -> list[Tensor]:
        """Take in any number of float32 samples; return [n_mels, frames] for each chunk they completed."""
        return [self._mel(chunk) for chunk in self._chunker.feed(samples)]

    def end(self) -> list[Tensor]:
        """The last chunk padded with zeros, or nothing when the stream ended on a border."""
        return [self._mel(chunk) for chunk in self._chunker.end()]

    def snapshot(self) -> dict[str, Tensor]:
        """Everything that later features depend on, as float32 arrays by name."""
        found = {"partial": torch.from_numpy(self._chunker.pending), "settled": self._settled.reshape(1)}
        found["peaks"] = torch.stack(list(self._peaks)) if self._peaks else torch.zeros(0)
        found["history"] = torch.zeros(0) if self._history is None else torch.from_numpy(self._history)
        return found

    def restore(self, kept: Mapping[str, Tensor]) -> None:
        """Go on where `snapshot` was taken."""
        self.reset()
        self._chunker.feed(kept["partial"].numpy())
        self._settled = kept["settled"][0]
        self._peaks.extend(kept["peaks"])
        self._history = kept["history"].numpy() if len(kept["history"]) else None

    @torch.no_grad()
    def _mel(self, chunk: Samples) -> Tensor:
        return self._mel_window(chunk) if self.front_end.normaliser == "window" else self._mel_stream(chunk)

    def _mel_window(self, chunk: Samples) -> Tensor:
        history = np.zeros(_LOOK_BACK, np.float32) if self._history is None else self._history
        log_power = _log_power(_row(history, chunk), self.front_end.n_mels)[0]
        self._history = chunk[-_LOOK_BACK:].copy()
        self._peaks.append(log_power.amax())
        return _scaled(log_power, torch.stack(list(self._peaks)).amax())

    def _mel_stream(self, chunk: Samples) -> Tensor:
        is_first = self._history is None
        history = _mirrored_start(chunk) if self._history is None else self._history
        mirror = chunk[-_AHEAD - 1 : -1][::-1]
        log_power = _log_power(_row(history, chunk, mirror), self.front_end.n_mels)[0]
        self._history = chunk[-_TAIL:].copy()
        # column 0 is the previous chunk's last frame, now with its true right side: only this one may settle
        settling = log_power[:, 1:-1] if is_first else log_power[:, :-1]
        self._settled = torch.maximum(self._settled, settling.amax())
        newest = log_power[:, 1:]
        return _scaled(newest, torch.maximum(self._settled, newest.amax()))


def _row(*parts: Samples) -> Tensor:
    return torch.from_numpy(np.concatenate(parts)).unsqueeze(0)


def _mirrored_start(chunk: Samples) -> Samples:
    """What a stream's first frames see to their left: zeros for the frame that does not exist, then the mirror."""
    return np.concatenate([np.zeros(_TAIL - _CENTRE, np.float32), chunk[1 : _CENTRE + 1][::-1]])
