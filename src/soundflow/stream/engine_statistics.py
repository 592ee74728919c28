"""What an engine did since it began: sums, for whoever exports them. Tests: tests/stream/test_engine_statistics.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from soundflow.stream.batch import Step
from soundflow.stream.decoding import Outcome
from soundflow.stream.fifo import Flush, TokenKind


@dataclass
class EngineStatistics:
    """All fields are sums; the engine writes them with its lock held."""

    sessions_opened: int = 0
    sessions_refused: int = 0
    sessions_failed: int = 0
    workers_restarted: int = 0  # a thread died and another took its place
    chunks: int = 0
    dropped_chunks: int = 0  # of the queues
    dropped_seconds: float = 0.0  # of sound that nobody heard, in queues and inboxes
    stalls: int = 0  # chunks whose features were ready more than a chunk's length after their last sample
    silent: int = 0
    responses: int = 0
    text_steps: int = 0
    encoder_passes: int = 0
    decoder_passes: int = 0
    encoder_seconds: float = 0.0
    decoder_seconds: float = 0.0

    @property
    def steps(self) -> int:
        """Decisions and text tokens."""
        return self.silent + self.responses + self.text_steps

    def hearing(self, seconds: float) -> None:
        """A pass of the encoder."""
        self.encoder_passes += 1
        self.encoder_seconds += seconds

    def decoding(self, steps: Sequence[Step], outcomes: Sequence[Outcome], seconds: float) -> None:
        """A pass of the decoder, and what came of each of its steps."""
        self.decoder_passes += 1
        self.decoder_seconds += seconds
        for step, outcome in zip(steps, outcomes, strict=True):
            is_decision = isinstance(step.action, Flush)
            self.silent += is_decision and outcome.kind is TokenKind.SILENT
            self.responses += is_decision and outcome.kind is TokenKind.RESPONSE
            self.text_steps += not is_decision
