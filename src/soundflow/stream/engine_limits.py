"""The bounds of an engine, and a fresh stream within them. Tests: tests/stream/test_engine.py."""

from __future__ import annotations

from dataclasses import dataclass, field

from soundflow.errors import UsageError
from soundflow.model.bundle import Bundle
from soundflow.stream.decoding import Decoding
from soundflow.stream.fifo import Drain, FifoRule
from soundflow.stream.narrator import Narrator
from soundflow.stream.perception import EncodedChunk, Perception
from soundflow.stream.schedule import Policy
from soundflow.stream.session import Limits
from soundflow.stream.snapshot import StreamState


@dataclass(frozen=True)
class EngineLimits:
    """The bounds of an engine.

    `sessions` may be open at once, the next one is refused; `batch` sessions share one pass of a network at most;
    sound that comes within `gather_seconds` is heard together once so many sessions are open that there is some: a pass
    over eight chunks takes nano less than half of what eight passes take. `session` bounds each of them. `policy` is
    the paper's `fifo`; the two others are there to be measured against: `pop_one` decides waiting chunks one by one,
    `synchronous` hears nothing of a session that decides or speaks.
    """

    sessions: int = 256
    batch: int = 32
    gather_seconds: float = 0.05
    session: Limits = field(default_factory=Limits)
    policy: Policy = "fifo"

    def __post_init__(self) -> None:
        if self.sessions < 1 or self.batch < 1 or not self.gather_seconds >= 0:
            found = f"{self.sessions} sessions, batches of {self.batch}, gathered for {self.gather_seconds} s"
            raise UsageError("engine.limits", found, "allow at least 1 of each, and 0 s or more")


def fresh_state(
    bundle: Bundle, instruction: str | None, threshold: float | None, limits: Limits, policy: Policy
) -> StreamState:
    """A stream that has heard nothing."""
    config = bundle.config
    threshold = config.response_threshold if threshold is None else threshold
    decoding = Decoding(bundle, instruction, threshold, limits.reply_tokens(bundle), limits.remembered_reply_tokens)
    drain: Drain = "one" if policy == "pop_one" else "all"
    rule: FifoRule[EncodedChunk] = FifoRule(limits.queue(bundle), limits.queue_overflow, drain)
    return StreamState(Perception(bundle), decoding, rule, Narrator(config.chunk_samples))
