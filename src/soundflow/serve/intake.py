"""A client's sound on its way to the stream: read off the wire, counted, and held while it is ahead of the clock.

Tests: tests/serve/test_intake.py.
"""

from __future__ import annotations

import numpy as np

from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.serve.pace import Pace, Samples
from soundflow.serve.wire_audio import AudioFormat, WireAudio
from soundflow.stream.clock import Clock


class Intake:
    """Sound of one session between its socket and its stream.

    Args:
        chunk_seconds: of one decision.
        audio_format: what the client sends.
        clock: tells sound that is live from sound that is uploaded.
    """

    def __init__(self, chunk_seconds: float, audio_format: AudioFormat, clock: Clock) -> None:
        self.decided_seconds = 0.0
        self._sent = 0  # samples at 16 kHz
        self._padded = 0  # of them, the silence that we put in
        self._uncommitted = 0
        self._chunk = round(chunk_seconds * SAMPLE_RATE)
        self._wire = WireAudio(audio_format)
        self._pace = Pace(self._chunk, SAMPLE_RATE, clock)

    @property
    def sent_seconds(self) -> float:
        """Seconds of sound that came, and of silence that was put in: the time of the stream."""
        return self._sent / SAMPLE_RATE

    @property
    def received_seconds(self) -> float:
        """Seconds of sound that came: the client's own time."""
        return (self._sent - self._padded) / SAMPLE_RATE

    @property
    def ahead_seconds(self) -> float:
        """Sound that came and is not decided yet."""
        return self.sent_seconds - self.decided_seconds

    @property
    def is_behind(self) -> bool:
        """Whether sound that came is still held."""
        return self._pace.waiting > 0

    @property
    def waits_for_commit(self) -> bool:
        """Whether sound came since the last commit."""
        return self._uncommitted > 0

    def hear(self, audio: object) -> Samples:
        """Take in a block of a client, float32 [n] at 16 kHz.

        Raises:
            InputError: no base64 (`realtime.base64`).
        """
        samples = self._wire.feed(audio)
        self._uncommitted += len(samples)
        self._put(samples)
        return samples

    def pad(self) -> None:
        """Fill the chunk that is begun with silence, so that a decision comes."""
        missing = self._chunk - self._sent % self._chunk
        self._padded += missing
        self._put(np.zeros(missing, np.float32))

    def commit(self) -> None:
        """What came so far is an item."""
        self._uncommitted = 0

    def restart(self, audio_format: AudioFormat) -> None:
        """What comes now is in this format, and no half sample is left of what came before."""
        self._wire = WireAudio(audio_format)

    def drop(self) -> None:
        """What is held is not heard any more."""
        self._pace.drop()

    def due(self, is_writing: bool) -> list[Samples]:
        """What the stream may have now, oldest first; `is_writing`: it is at a reply."""
        decided = round(self.decided_seconds * SAMPLE_RATE)
        return self._pace.take(is_idle=not is_writing and self._pace.passed - decided < self._chunk)

    def _put(self, samples: Samples) -> None:
        self._sent += len(samples)
        self._pace.put(samples)
