"""Events in, alerts out."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

from soundflow.serve.sinks.alert import Alert
from soundflow.serve.sinks.reporter import Reporter
from soundflow.serve.sinks.rules import Rules
from soundflow.stream.events import Event, ReplyDelta, ReplyEnd, ReplyStart
from tests.serve.fakes import decision

NOW = datetime(2026, 11, 21, 14, 10, tzinfo=UTC)


def reply(number: int, text: str, at: float) -> list[Event]:
    return [
        decision(number, True),
        ReplyStart(number, number, at, "urgent"),
        ReplyDelta(number, text),
        ReplyEnd(number, text, "urgent", "eos", 3, 9.0),
    ]


def told_of(events: list[Event], rules: Rules | None = None) -> list[Alert]:
    told: list[Alert] = []
    names = itertools.count()
    reporter = Reporter("kitchen", rules or Rules(), told.append, lambda: NOW, lambda: f"id{next(names)}")
    for event in events:
        reporter.hear(event)
    return told


def test_a_reply_becomes_an_alert_when_it_is_over() -> None:
    assert told_of(reply(0, " Glass broke. ", 9.6)[:-1]) == []
    assert told_of(reply(0, " Glass broke. ", 9.6)) == [
        Alert("id0", "2026-11-21T14:10:00.000+00:00", "kitchen", 9.6, "urgent", "Glass broke.")
    ]


def test_the_rules_hold_by_stream_time() -> None:
    events = [event for n in range(4) for event in reply(n, "A dog barks.", 20.0 * n)]
    assert [alert.at for alert in told_of(events)] == [0.0, 60.0]


def test_nothing_said_is_nothing_told_and_a_long_reply_is_cut() -> None:
    assert told_of(reply(0, "  ", 1.0)) == []
    assert len(told_of(reply(0, "x" * 10_000, 1.0))[0].text) == 4000


def test_ids_differ() -> None:
    told: list[Alert] = []
    reporter = Reporter("mic", Rules(0), told.append, lambda: NOW)
    for event in reply(0, "One.", 0) + reply(1, "Two.", 1):
        reporter.hear(event)
    assert len({alert.id for alert in told}) == 2
