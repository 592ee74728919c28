"""What is measured of a load, with numbers computed by hand."""

from __future__ import annotations

import dataclasses

import pytest

from soundflow.bench.load_measures import Load, SessionLog, Spent, knee, summarise
from soundflow.errors import UsageError
from soundflow.stream.events import Decision, Error, ReplyDelta, ReplyEnd, ReplyStart

LOAD = Load(1, 2.0, warm_chunks=2)  # five chunks of 0.4 s that count, behind two that do not


def decision(chunk: int, chunks: int = 1) -> Decision:
    return Decision(chunk, 0.0, 0.0, "silent", 0.1, 0.0, chunks)


def played() -> SessionLog:
    """Five chunks from 10 s on: chunk 2 (the first that counts) is due at 10.4 s and answered until 10.7 s."""
    log = SessionLog(0.4, skipped=2)
    log.note(decision(1), 9.0)
    log.started_at = 10.0
    log.note(decision(2), 10.41)
    log.note(ReplyStart(0, 2, 1.2, None), 10.42)
    log.note(ReplyDelta(0, "a"), 10.45)
    log.note(ReplyDelta(0, "b"), 10.55)
    log.note(ReplyEnd(0, "ab", None, "eos", 2, 9.0), 10.9)  # chunk 3 was whole at 10.8
    log.note(decision(3), 10.95)
    log.note(decision(6, chunks=3), 12.02)
    return log


def test_times_run_from_when_sound_was_due() -> None:
    report = summarise(LOAD, [played()], Spent(2.0, 1.0, 5, 0, 5, 8, 4), [0.1])
    assert report.decisions == 3 and report.replies == 1
    assert report.decision_ms_max == pytest.approx(150) and report.decision_ms_p50 == pytest.approx(20)
    assert report.first_text_ms_mean == pytest.approx(50)  # 10.45 - 10.4: from the chunk that is answered
    assert report.resume_ms_mean == pytest.approx(50)  # 10.95 - 10.9: the first decision that holds chunk 3
    assert (report.lost_chunks, report.stall_percent, report.errors) == (0, 0.0, {})
    assert report.cores_used == 0.5 and report.cpu_ms_per_chunk == 200 and report.steps_per_decoder_pass == 2
    assert report.is_held and report.intervals == {}


def test_what_is_not_decided_is_lost_and_errors_are_named() -> None:
    log = played()
    log.covered -= 1
    log.note(Error("stream.queue_full", "", ""), 12.1)
    report = summarise(LOAD, [log, log], Spent(2.0), [])
    assert report.lost_chunks == 2 and report.errors == {"stream.queue_full": 2} and not report.is_held
    assert report.stall_percent is None and report.cores_used is None
    low, high = report.intervals["decision_ms_p99"]
    assert low == pytest.approx(high)  # two sessions that are the same


def test_a_stall_or_a_late_tail_is_not_held() -> None:
    assert not summarise(LOAD, [played()], Spent(2.0, chunks=5, stalls=1), []).is_held
    log = played()
    log.decision_ms[-1] = 500.0
    report = summarise(LOAD, [log], Spent(2.0, chunks=5, stalls=0), [])
    assert not report.is_held and report.late_percent == pytest.approx(100 / 3)


def test_nothing_decided_is_not_held() -> None:
    report = summarise(LOAD, [SessionLog(0.4, 2)], Spent(2.0, chunks=0, stalls=0), [])
    assert not report.is_held and report.decision_ms_p99 is None and report.lost_chunks == 5


def test_the_knee_is_the_last_before_the_first_that_breaks() -> None:
    held = summarise(LOAD, [played()], Spent(2.0, chunks=5, stalls=0), [])
    reports = [
        dataclasses.replace(held, sessions=n, is_held=ok) for n, ok in ((64, False), (8, True), (128, True), (32, True))
    ]
    assert knee(reports) == 32 and knee(reports[:1]) is None


def test_a_load_says_how_many_chunks_it_plays() -> None:
    assert LOAD.blocks == 20 and LOAD.whole_chunks(0.4) == 5 and Load(1, 1.0).whole_chunks(0.4) == 2
    for wrong in ({"sessions": 0}, {"seconds": 0.0}, {"warm_chunks": -1}):
        with pytest.raises(UsageError):
            Load(**({"sessions": 1, "seconds": 1.0} | wrong))
