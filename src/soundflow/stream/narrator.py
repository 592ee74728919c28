"""Turns what the decoder did, and when, into events. The only place that knows both outcomes and times.

Tests: tests/stream/test_narrator.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from soundflow.model.config import SAMPLE_RATE
from soundflow.stream.decoding import Decided, Outcome, Spoken
from soundflow.stream.events import Decision, End, Event, Memory, ReplyDelta, ReplyEnd, ReplyStart
from soundflow.stream.fifo import TokenKind
from soundflow.stream.statistics import LatencyHistogram


@dataclass
class _Reply:
    """The reply that is being told."""

    index: int
    chunk: int
    arrived_at: float
    is_started: bool = False
    first_text_at: float | None = None


class Narrator:
    """Numbers replies, measures latencies, and writes the events of one stream."""

    def __init__(self, chunk_samples: int) -> None:
        self.replies = 0
        self.latencies = LatencyHistogram()
        self._chunk_samples = chunk_samples
        self._reply: _Reply | None = None

    def tell(self, outcome: Outcome, done_at: float) -> list[Event]:
        """The events of one outcome that came out at `done_at` (seconds of the session's clock)."""
        return self._decided(outcome, done_at) if isinstance(outcome, Decided) else self._spoken(outcome, done_at)

    def end(self, seconds: float, chunks: int, busy_seconds: float) -> End:
        """The last event of the stream."""
        return End(
            seconds=seconds,
            chunks=chunks,
            replies=self.replies,
            latency_ms_p50=self.latencies.percentile(0.5),
            latency_ms_p95=self.latencies.percentile(0.95),
            real_time_factor=busy_seconds / seconds if seconds else None,
        )

    def snapshot(self, now: float) -> dict[str, Any]:
        """Plain values that `restore` goes on from; moments as how long ago they were."""
        reply = self._reply
        if reply is None:
            return {"replies": self.replies, "latencies": self.latencies.snapshot(), "reply": None}
        first_text = None if reply.first_text_at is None else now - reply.first_text_at
        told = (reply.index, reply.chunk, now - reply.arrived_at, reply.is_started, first_text)
        return {"replies": self.replies, "latencies": self.latencies.snapshot(), "reply": told}

    def restore(self, kept: Mapping[str, Any], now: float) -> None:
        """Go on where `snapshot` was taken."""
        self.replies = kept["replies"]
        self.latencies.restore(kept["latencies"])
        self._reply = None
        if kept["reply"] is not None:
            index, chunk, arrived, is_started, first_text = kept["reply"]
            self._reply = _Reply(
                index, chunk, now - arrived, is_started, None if first_text is None else now - first_text
            )

    def _seconds(self, chunks: int) -> float:
        return chunks * self._chunk_samples / SAMPLE_RATE  # one division: 3 chunks are 1.2 s, not 1.2000000000000002

    def _decided(self, outcome: Decided, done_at: float) -> list[Event]:
        events: list[Event] = []
        if outcome.forgotten is not None:
            events.append(Memory(self._seconds(outcome.forgotten.chunks), outcome.forgotten.turns))
        first, newest = outcome.chunks[0], outcome.chunks[-1]
        latency_ms = (done_at - newest.arrived_at) * 1e3
        self.latencies.add(latency_ms)
        is_response = outcome.kind is TokenKind.RESPONSE
        events.append(
            Decision(
                chunk=newest.index,
                start=self._seconds(first.index),
                end=self._seconds(newest.index + 1),
                decision="response" if is_response else "silent",
                p_response=outcome.p_response,
                latency_ms=latency_ms,
                chunks=len(outcome.chunks),
            )
        )
        if is_response:
            self._reply = _Reply(self.replies, newest.index, newest.arrived_at)
            self.replies += 1
        return events

    def _spoken(self, outcome: Spoken, done_at: float) -> list[Event]:
        reply = self._reply
        assert reply is not None, "text without a reply"
        events: list[Event] = []
        if not reply.is_started:
            reply.is_started = True
            at = self._seconds(reply.chunk + 1)
            events.append(ReplyStart(reply.index, reply.chunk, at, outcome.emotion))
        if outcome.delta:
            reply.first_text_at = done_at if reply.first_text_at is None else reply.first_text_at
            events.append(ReplyDelta(reply.index, outcome.delta))
        if outcome.reason is not None:
            events.append(self._ended(reply, outcome))
            self._reply = None
        return events

    def _ended(self, reply: _Reply, outcome: Spoken) -> ReplyEnd:
        assert outcome.reason is not None
        first_text = reply.first_text_at
        return ReplyEnd(
            reply=reply.index,
            text=outcome.text,
            emotion=outcome.emotion,
            reason=outcome.reason,
            tokens=outcome.tokens,
            first_text_ms=None if first_text is None else (first_text - reply.arrived_at) * 1e3,
        )
