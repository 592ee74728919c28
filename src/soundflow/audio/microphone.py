"""The microphone as blocks of 16 kHz mono sound; needs the extra `soundflow[mic]`.

Tests: tests/audio/test_microphone.py.
"""

from __future__ import annotations

import importlib
import logging
import queue
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundflow.audio.pcm import Cleaner, to_mono
from soundflow.audio.resample import Resampler
from soundflow.errors import OutsideError

Samples = NDArray[np.float32]

_log = logging.getLogger(__name__)


def iter_microphone(
    device: int | str | None = None,
    block_seconds: float = 0.1,
    backlog_seconds: float = 10.0,
    silence_seconds: float = 5.0,
    driver: Any = None,
) -> Iterator[Samples]:
    """What the microphone hears, block by block, until the caller stops asking.

    Args:
        device: number or part of the name of an input device; the system's default when None.
        block_seconds: length of a block.
        backlog_seconds: sound kept for a caller who is late; beyond it the newest blocks are lost, with a warning.
        silence_seconds: a device that sends nothing for so long counts as gone.
        driver: a module with sounddevice's `query_devices`, `InputStream` and `PortAudioError`; sounddevice itself
            when None.

    Returns:
        Iterator of float32 [about 16000 * block_seconds], 16 kHz mono.

    Raises:
        OutsideError: no driver (`microphone.missing`), the device does not open (`microphone.closed`),
            it stopped sending (`microphone.gone`).
    """
    driver = _load_driver() if driver is None else driver
    waiting: queue.Queue[Samples] = queue.Queue(maxsize=max(1, round(backlog_seconds / block_seconds)))
    receiver = _Receiver(waiting)
    rate, stream = _open(driver, device, block_seconds, receiver)
    resampler, cleaner = Resampler(rate), Cleaner("the microphone")
    try:
        while True:
            resampled = resampler.feed(cleaner.clean(_next_block(waiting, silence_seconds)))
            if len(resampled):
                yield resampled
    finally:
        stream.close()


def _next_block(waiting: queue.Queue[Samples], silence_seconds: float) -> Samples:
    try:
        return waiting.get(timeout=silence_seconds)
    except queue.Empty:
        message = f"the microphone sent nothing for {silence_seconds:g} s"
        raise OutsideError("microphone.gone", message, "plug it in again or choose another") from None


class _Receiver:
    """Called by the driver's own thread: copies a block into the queue and never waits."""

    def __init__(self, waiting: queue.Queue[Samples]) -> None:
        self._waiting = waiting
        self._has_warned = False

    def __call__(self, frames: NDArray[np.float32], count: int, time: Any, status: Any) -> None:
        try:
            self._waiting.put_nowait(to_mono(frames).astype(np.float32, copy=True))
        except queue.Full:
            if not self._has_warned:
                _log.warning("sound from the microphone is lost: it is heard faster than it is worked on")
            self._has_warned = True


def _load_driver() -> Any:
    try:
        return importlib.import_module("sounddevice")
    except ImportError as error:
        message = "the microphone needs the package sounddevice"
        raise OutsideError("microphone.missing", message, 'pip install "soundflow[mic]"') from error
    except OSError as error:  # the package is there, the system's library is not
        hint = "install it, for example apt install libportaudio2"
        raise OutsideError("microphone.missing", "the system has no PortAudio library", hint) from error


def _open(driver: Any, device: int | str | None, block_seconds: float, receiver: _Receiver) -> tuple[int, Any]:
    """The device's own sample rate and a running input stream at it: not every device can do 16 kHz."""
    try:
        rate = int(driver.query_devices(device, "input")["default_samplerate"])
        block = max(1, round(rate * block_seconds))
        stream = driver.InputStream(
            samplerate=rate, blocksize=block, device=device, channels=1, dtype="float32", callback=receiver
        )
        stream.start()
    except (driver.PortAudioError, ValueError) as error:
        name = "the default microphone" if device is None else f"microphone {device!r}"
        hint = "python -m sounddevice lists the devices"
        raise OutsideError("microphone.closed", f"cannot open {name}: {error}", hint) from error
    return rate, stream
