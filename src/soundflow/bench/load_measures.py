"""What each played session was told and when, and all of them as one report. Tests: tests/bench/test_load_measures.py.

Source: stream measures of the evaluation reference, section 9: first-chunk latency, stall rate, resume latency.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundflow.errors import UsageError
from soundflow.stream.events import Decision, Error, Event, ReplyDelta, ReplyEnd, ReplyStart

Floats = NDArray[np.float64]

MOST_P99_MS = 150.0  # a load is held when 99 % of the decisions come within this; the project's own goal
_DRAWS = 200  # times the sessions are drawn again for an interval; chosen


@dataclass(frozen=True)
class Load:
    """What is played: so many sessions for so long, in blocks as a client would send them.

    `threshold` is the p(response) from which sessions speak; None takes the model's.
    """

    sessions: int
    seconds: float
    block_seconds: float = 0.1
    warm_chunks: int = 60
    threshold: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.sessions < 1 or self.seconds <= 0 or self.block_seconds <= 0 or self.warm_chunks < 0:
            found = f"{self.sessions} sessions, {self.seconds} s in blocks of {self.block_seconds} s"
            raise UsageError("load.values", found, "give positive numbers")

    @property
    def blocks(self) -> int:
        """Blocks that each session plays while it is timed."""
        return round(self.seconds / self.block_seconds)

    def whole_chunks(self, chunk_seconds: float) -> int:
        """Chunks of each session that become whole in the time that counts."""
        return int(self.blocks * self.block_seconds / chunk_seconds + 1e-6)


class SessionLog:
    """One session's answers, each with the moment it was there; chunks before `skipped` only fill its memory.

    Args:
        chunk_seconds: of one decision.
        skipped: chunks that are played before times count.
    """

    def __init__(self, chunk_seconds: float, skipped: int) -> None:
        self.chunk_seconds = chunk_seconds
        self.skipped = skipped
        self.started_at: float | None = None  # when the first sample that counts is played; None until then
        self.newest = -1  # chunk that is decided
        self.covered = 0  # chunks that count and were decided
        self.decision_ms = array("d")
        self.first_text_ms = array("d")
        self.resume_ms = array("d")
        self.replies = 0
        self.errors: list[str] = []
        self._text_due: float | None = None  # when the chunk was whole that a reply answers
        self._resuming: tuple[float, int] | None = None  # when a reply ended, and the newest chunk whole by then

    def note(self, event: Event, now: float) -> None:
        """Take in an event that was there at `now`, in seconds of the clock that `started_at` is of."""
        match event:
            case Decision():
                self._decided(event, now)
            case ReplyStart():
                self._text_due = self._due(event.chunk) if self._counts(event.chunk) else None
            case ReplyDelta() if self._text_due is not None:
                self.first_text_ms.append(1e3 * (now - self._text_due))
                self._text_due = None
            case ReplyEnd():
                self._replied(now)
            case Error():
                self.errors.append(event.code)

    def _decided(self, event: Decision, now: float) -> None:
        self.newest = max(self.newest, event.chunk)
        if not self._counts(event.chunk):
            return
        self.covered += min(event.chunks, event.chunk - self.skipped + 1)
        self.decision_ms.append(1e3 * (now - self._due(event.chunk)))
        if self._resuming is not None and event.chunk >= self._resuming[1]:
            self.resume_ms.append(1e3 * (now - self._resuming[0]))
            self._resuming = None

    def _replied(self, now: float) -> None:
        if self.started_at is None:
            return
        self.replies += 1
        whole = int((now - self.started_at) / self.chunk_seconds + 1e-9)
        self._resuming = (now, self.skipped + whole - 1)

    def _due(self, chunk: int) -> float:
        assert self.started_at is not None
        return self.started_at + (chunk - self.skipped + 1) * self.chunk_seconds

    def _counts(self, chunk: int) -> bool:
        return self.started_at is not None and chunk >= self.skipped


@dataclass(frozen=True)
class Spent:
    """What the load took of the machine; None where nobody told.

    `cpu_seconds` holds the model's side and the generator's; `chunks` and `stalls` are the encoder's: a stall is a
    chunk whose features were ready more than a chunk's length after its last sample was there.
    """

    wall_seconds: float
    cpu_seconds: float | None = None
    chunks: int | None = None
    stalls: int | None = None
    encoder_passes: int | None = None
    decoder_steps: int | None = None
    decoder_passes: int | None = None


@dataclass(frozen=True)
class LoadReport:
    """What came of a load; times in ms, from the moment a chunk's last sample was due to be played.

    Decisions and first text run until the client had the event. `resume_ms` runs from a reply's end to the first
    decision that covers all sound played by then. `late_percent` counts decisions that took longer than a chunk,
    `stall_percent` chunks whose features did. `cores_used` is processor time over wall time, the generator's
    included. `is_held`: p99 within 150 ms, nothing stalled, nothing lost, no error.
    """

    sessions: int
    seconds: float
    seed: int
    decisions: int
    replies: int
    decision_ms_p50: float | None
    decision_ms_p95: float | None
    decision_ms_p99: float | None
    decision_ms_max: float | None
    first_text_ms_mean: float | None
    first_text_ms_p50: float | None
    first_text_ms_p95: float | None
    resume_ms_mean: float | None
    late_percent: float
    stall_percent: float | None
    lost_chunks: int
    errors: dict[str, int]
    is_held: bool
    intervals: dict[str, tuple[float, float]]
    cores_used: float | None
    cpu_ms_per_chunk: float | None
    chunks_per_encoder_pass: float | None
    steps_per_decoder_pass: float | None
    feeding_late_ms_p99: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values, rounded to thousandths."""
        return {k: _rounded(v) for k, v in asdict(self).items()}


def summarise(load: Load, logs: Sequence[SessionLog], spent: Spent, late_ms: Sequence[float]) -> LoadReport:
    """All sessions of a load together.

    Args:
        late_ms: by how much each block left the generator behind its time.
    """
    took = [np.asarray(log.decision_ms) for log in logs]
    times, texts = np.concatenate(took), np.concatenate([log.first_text_ms for log in logs])
    resumes = np.concatenate([log.resume_ms for log in logs])
    chunk_seconds = logs[0].chunk_seconds
    lost = sum(max(0, load.whole_chunks(chunk_seconds) - log.covered) for log in logs)
    codes = [code for log in logs for code in log.errors]
    stalls = None if spent.stalls is None else 100.0 * spent.stalls / max(spent.chunks or 0, 1)
    p99 = _percentile(times, 99)
    return LoadReport(
        sessions=load.sessions,
        seconds=load.seconds,
        seed=load.seed,
        decisions=len(times),
        replies=sum(log.replies for log in logs),
        decision_ms_p50=_percentile(times, 50),
        decision_ms_p95=_percentile(times, 95),
        decision_ms_p99=p99,
        decision_ms_max=_percentile(times, 100),
        first_text_ms_mean=float(texts.mean()) if len(texts) else None,
        first_text_ms_p50=_percentile(texts, 50),
        first_text_ms_p95=_percentile(texts, 95),
        resume_ms_mean=float(resumes.mean()) if len(resumes) else None,
        late_percent=100.0 * float((times > 1e3 * chunk_seconds).mean()) if len(times) else 0.0,
        stall_percent=stalls,
        lost_chunks=lost,
        errors={code: codes.count(code) for code in sorted(set(codes))},
        is_held=p99 is not None and p99 <= MOST_P99_MS and not stalls and not lost and not codes,
        intervals={f"decision_ms_p{p}": bounds for p in (50, 95, 99) if (bounds := _interval(took, p, load.seed))},
        cores_used=_share(spent.cpu_seconds, spent.wall_seconds),
        cpu_ms_per_chunk=_share(spent.cpu_seconds, spent.chunks, 1e3),
        chunks_per_encoder_pass=_share(spent.chunks, spent.encoder_passes),
        steps_per_decoder_pass=_share(spent.decoder_steps, spent.decoder_passes),
        feeding_late_ms_p99=float(np.percentile(late_ms, 99)) if len(late_ms) else 0.0,
    )


def knee(reports: Sequence[LoadReport]) -> int | None:
    """The largest number of sessions that was held, with every smaller one held too; None when none was."""
    held: int | None = None
    for report in sorted(reports, key=lambda r: r.sessions):
        if not report.is_held:
            break
        held = report.sessions
    return held


def _interval(took: Sequence[Floats], percent: int, seed: int) -> tuple[float, float] | None:
    """95 % bounds of a percentile over sessions drawn again; none for a single session."""
    timed = [times for times in took if len(times)]
    if len(timed) < 2:
        return None
    rng = np.random.default_rng(seed)
    drawn = [
        np.percentile(np.concatenate([timed[i] for i in rng.integers(len(timed), size=len(timed))]), percent)
        for _ in range(_DRAWS)
    ]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def _percentile(values: Floats, percent: float) -> float | None:
    return float(np.percentile(values, percent)) if len(values) else None


def _share(part: float | None, whole: float | None, scale: float = 1.0) -> float | None:
    return None if part is None or not whole else scale * part / whole


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    return [_rounded(v) for v in value] if isinstance(value, (list, tuple)) else value
