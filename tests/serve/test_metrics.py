"""Figures are counted from events."""

from __future__ import annotations

from soundflow.serve.metrics import Metrics
from soundflow.stream.events import Decision, ReplyDelta, ReplyEnd


def test_events_become_figures_in_seconds_without_any_text() -> None:
    metrics = Metrics(lambda: 7, 0.4)
    metrics.count(Decision(3, 0.4, 1.6, "silent", 0.1, 500.0, 3))
    metrics.count(ReplyDelta(0, "secret"))
    metrics.count(ReplyEnd(0, "secret", None, "eos", 2, 250.0))
    metrics.error("stream.queue_full")
    text = metrics.text().decode()
    for line in (
        "soundflow_sessions 7.0",
        "soundflow_chunks_total 3.0",
        'soundflow_decisions_total{decision="silent"} 1.0',
        "soundflow_decision_seconds_sum 0.5",
        "soundflow_first_text_seconds_sum 0.25",
        "soundflow_late_decisions_total 1.0",
        'soundflow_errors_total{code="stream.queue_full"} 1.0',
    ):
        assert f"\n{line}\n" in text, line
    assert "secret" not in text
