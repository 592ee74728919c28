"""A model as a function from a stream to its replies: every call is a fresh session."""

from __future__ import annotations

import numpy as np

from soundflow.bench.hearing import instructed_listener, session_listener
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
