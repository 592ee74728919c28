"""The vocabulary of events is exact."""

from __future__ import annotations

import dataclasses
import json

import pytest

from soundflow.stream.events import Decision, End, Error, Event, Memory, ReplyDelta, ReplyEnd, ReplyStart

EXAMPLES: list[Event] = [
    Decision(3, 1.2, 1.6, "silent", 0.12345678, 4.2, 1),
    ReplyStart(0, 3, 1.6, "urgent"),
    ReplyDelta(0, "Smoke é"),
    ReplyEnd(0, "Smoke é", None, "eos", 2, None),
    Memory(6.0, 1),
    Error("stream.queue_full", "found", "do"),
    End(1.6, 4, 1, None, 3.0, 0.01),
]
FIELDS = {
    "decision": "chunk start end decision p_response latency_ms chunks",
    "reply.start": "reply chunk at emotion",
    "reply.delta": "reply text",
    "reply.end": "reply text emotion reason tokens first_text_ms",
    "memory": "seconds turns",
    "error": "code message hint",
    "end": "seconds chunks replies latency_ms_p50 latency_ms_p95 real_time_factor",
}


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda e: e.type)
def test_json_holds_exactly_the_named_fields_with_type_first(event: Event) -> None:
    line = event.to_json()
    assert "\n" not in line
    assert list(json.loads(line)) == ["type", *FIELDS[event.type].split()]
    assert json.loads(line)["type"] == event.type


def test_the_vocabulary_is_whole() -> None:
    assert [e.type for e in EXAMPLES] == list(FIELDS)


def test_events_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        EXAMPLES[0].chunk = 4  # type: ignore[misc, union-attr]


def test_json_keeps_letters_and_six_digits() -> None:
    assert '"text": "Smoke é"' in EXAMPLES[2].to_json()
    assert '"p_response": 0.123457' in EXAMPLES[0].to_json()
