"""A model as a function from a stream to its replies: every call is a fresh session."""

from __future__ import annotations

import numpy as np

from soundflow.bench.hearing import instructed_listener, session_listener, spoken
from soundflow.bench.scoring import SpokenReply
from soundflow.stream.events import Event, ReplyDelta, ReplyEnd, ReplyStart
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle


def test_each_stream_is_a_session_of_its_own() -> None:
    listen = session_listener(scripted_bundle(Script({1: ScriptedReply("Careful.")})))
    stream = np.zeros(3 * 6400, np.float32)
    first, second = listen(stream), listen(stream)
    assert first == second
    assert [(reply.text, round(reply.at, 3)) for reply in first] == [("Careful.", 0.8)]


def test_the_threshold_is_the_callers() -> None:
    listen = session_listener(scripted_bundle(Script({1: ScriptedReply("Careful.")})), threshold=0.95)
    assert listen(np.zeros(3 * 6400, np.float32)) == []


def test_what_is_asked_goes_into_the_session() -> None:
    listen = instructed_listener(scripted_bundle(Script({1: ScriptedReply("Paris.")})))
    assert [reply.text for reply in listen(np.zeros(3 * 6400, np.float32), "Where?")] == ["Paris."]


def test_replies_come_out_of_events_in_order() -> None:
    events: list[Event] = [
        ReplyStart(0, 3, 1.6, None),
        ReplyDelta(0, "One"),
        ReplyEnd(0, "One.", None, "eos", 2, 1.0),
        ReplyStart(1, 9, 4.0, "urgent"),
        ReplyEnd(1, "Two.", "urgent", "length", 2, None),
    ]
    assert spoken(events) == [SpokenReply(1.6, "One."), SpokenReply(4.0, "Two.")]
    assert [reply.first_text_after for reply in spoken(events)] == [0.001, None]
