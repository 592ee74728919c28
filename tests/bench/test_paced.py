"""First words, by hand: on a simulated clock waiting and computing add up to what the session itself tells."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from soundflow.bench.paced import MeasuredWork, Schedule, TableWork, play
from soundflow.stream.clock import CostTable, SimulatedClock
from soundflow.stream.events import ReplyEnd, ReplyStart
from soundflow.stream.session import Session
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle

COSTS = CostTable("round numbers", 10.0, ((1, 20.0), (2, 30.0)), 100.0)
SOUND = np.zeros(16_000 * 12, np.float32)  # 30 chunks
# A reply of eight tokens takes 0.8 s and 0.1 s to its end: two chunks wait, and the newest of them is answered.
SCRIPT = Script({4: ScriptedReply("Eight ch"), 6: ScriptedReply("Hm"), 20: ScriptedReply("Hm")})


def test_an_idle_model_only_computes() -> None:
    last = play(scripted_bundle(SCRIPT), SOUND, TableWork(COSTS)).replies[-1]
    assert last.heard_until == pytest.approx(8.4) and last.text == "Hm"
    assert last.queue == pytest.approx(0) and last.compute == pytest.approx(0.01 + 0.02 + 0.1)


@pytest.mark.parametrize("schedule", ["fifo", "synchronous"])
def test_the_parts_are_what_a_session_tells_as_a_whole(schedule: Schedule) -> None:
    played = play(scripted_bundle(SCRIPT), SOUND, TableWork(COSTS), schedule)
    with Session(scripted_bundle(SCRIPT), None, None, SimulatedClock(COSTS), policy=schedule) as session:
        events = [*session.feed(SOUND), *session.end()]
    whole = [event.first_text_ms for event in events if isinstance(event, ReplyEnd)]
    starts = [event.at for event in events if isinstance(event, ReplyStart)]
    assert [1e3 * (r.queue + r.compute) for r in played.replies] == pytest.approx(whole, abs=1e-3)
    assert [r.heard_until for r in played.replies] == pytest.approx(starts)
    assert played.chunks == 30 and len(played.replies) >= 2


def test_a_free_encoder_keeps_chunks_from_stalling() -> None:
    fifo = play(scripted_bundle(SCRIPT), SOUND, TableWork(COSTS), "fifo")
    synchronous = play(scripted_bundle(SCRIPT), SOUND, TableWork(COSTS), "synchronous")
    assert fifo.stalled == 0 < synchronous.stalled


def test_measured_work_takes_what_it_takes() -> None:
    ticks = itertools.count()
    found = play(scripted_bundle(SCRIPT), SOUND, MeasuredWork(lambda: next(ticks) / 1000))
    assert found.replies[0].queue == pytest.approx(0)
    assert found.replies[0].compute == pytest.approx(0.003), "encoder, decision, first text: a tick each"
