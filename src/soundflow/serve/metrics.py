"""What the server did, for Prometheus: sums and histograms in seconds, never a text of a client.

Tests: tests/serve/test_metrics.py.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from soundflow.serve.speech import Spoken
from soundflow.stream.events import Decision, Event, ReplyEnd

_DECISION_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.4, 0.8, 1.6, 5.0)  # s; 0.4 is one chunk
_TEXT_BUCKETS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 5.0)  # s


class Metrics:
    """The server's own figures. `content_type` and `text` are what `/metrics` answers."""

    content_type = "text/plain; version=0.0.4; charset=utf-8"

    def __init__(self, sessions: Callable[[], int], chunk_seconds: float) -> None:
        self._chunk_seconds = chunk_seconds
        self.registry = registry = CollectorRegistry()
        Gauge("soundflow_sessions", "Sessions open now.", registry=registry).set_function(sessions)
        self._opened = Counter("soundflow_sessions_opened", "Sessions begun.", registry=registry)
        self._resumed = Counter("soundflow_sessions_resumed", "Sessions whose client came back.", registry=registry)
        self._expired = Counter("soundflow_sessions_expired", "Sessions whose client did not.", registry=registry)
        self._refused = Counter("soundflow_refused", "Requests not let in.", ["code"], registry=registry)
        self._chunks = Counter("soundflow_chunks", "Chunks decided.", registry=registry)
        self._decisions = Counter("soundflow_decisions", "Decisions by kind.", ["decision"], registry=registry)
        self._latency = Histogram(
            "soundflow_decision_seconds",
            "Last sample of a chunk in to decision out.",
            buckets=_DECISION_BUCKETS,
            registry=registry,
        )
        self._first_text = Histogram(
            "soundflow_first_text_seconds",
            "Last sample of the chunk answered to first text.",
            buckets=_TEXT_BUCKETS,
            registry=registry,
        )
        self._late = Counter("soundflow_late_decisions", "Decisions that took longer than a chunk.", registry=registry)
        ProcessCollector(namespace="soundflow", registry=registry)
        self.watch("threads", "Threads of this process.", threading.active_count)
        self.watch("tasks", "Tasks of the event loop.", _tasks)
        self._errors = Counter("soundflow_errors", "Error events by code.", ["code"], registry=registry)

    def watch(self, name: str, about: str, value: Callable[[], float]) -> None:
        """Add a gauge that is asked when it is read."""
        Gauge(f"soundflow_{name}", about, registry=self.registry).set_function(value)

    def opened(self) -> None:
        """A session begins."""
        self._opened.inc()

    def resumed(self) -> None:
        """A client came back to its session."""
        self._resumed.inc()

    def expired(self) -> None:
        """A client did not come back in time."""
        self._expired.inc()

    def refused(self, code: str) -> None:
        """Somebody was not let in."""
        self._refused.labels(code).inc()

    def error(self, code: str) -> None:
        """An error was told to a client; `code` is one of ours, never a client's text."""
        self._errors.labels(code).inc()

    def count(self, event: Event | Spoken) -> None:
        """Count what a stream said; of what a voice said, nothing."""
        if isinstance(event, Decision):
            self._chunks.inc(event.chunks)
            self._decisions.labels(event.decision).inc()
            self._latency.observe(event.latency_ms / 1000)
            self._late.inc(event.latency_ms / 1000 > self._chunk_seconds)
        elif isinstance(event, ReplyEnd) and event.first_text_ms is not None:
            self._first_text.observe(event.first_text_ms / 1000)

    def text(self) -> bytes:
        """All figures in the text format."""
        return generate_latest(self.registry)


def _tasks() -> int:
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:  # asked from outside the loop
        return 0
