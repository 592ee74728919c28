"""Again and again until it has arrived, on a clock that a test moves."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.errors import OutsideError, SoundflowError
from soundflow.serve.sinks.alert import Alert
from soundflow.serve.sinks.courier import Courier, Patience, Walker
from soundflow.serve.sinks.spool import Spool
from soundflow.testing.clock import FakeClock
from tests.serve.sinks.fakes import FakeSink, alert


class Round:
    """A courier with all that it needs."""

    def __init__(self, patience: Patience | None = None) -> None:
        self.sink, self.spool, self.clock = FakeSink(), Spool(None), FakeClock()
        self.complaints: list[SoundflowError] = []
        self.courier = Courier(self.sink, (self.spool,), self.clock, self.complaints.append, patience, random.Random(7))

    def put(self, *numbers: int) -> None:
        for number in numbers:
            self.spool.put(alert(number), [self.sink.key])

    def until_done(self, most_steps: int = 10_000) -> float:
        """Let the time pass that the courier asks for, until nothing is owed; seconds that took."""
        for _ in range(most_steps):
            wait = self.courier.step()
            if wait is None:
                return self.clock.now()
            self.clock.advance(wait)
        raise AssertionError("it never ends")


def test_alerts_arrive_in_order_and_are_forgotten() -> None:
    walk = Round()
    walk.put(0, 1, 2)
    assert walk.until_done() == 0.0
    assert walk.sink.arrived == ["id0", "id1", "id2"] and walk.spool.waiting() == {}
    assert walk.courier.step() is None and walk.complaints == []


def test_a_sink_that_is_away_for_an_hour_gets_everything_later() -> None:
    walk = Round()
    walk.put(*range(20))
    walk.sink.failures = 75
    seconds = walk.until_done()
    assert walk.sink.arrived == [f"id{n}" for n in range(20)]
    assert 0.5 * 60 * 60 < seconds < 75 * 60
    assert [failure.code for failure in walk.complaints] == ["alerts.fake"], "complained of once, not 75 times"


@given(st.integers(1, 200), st.integers(0, 2**32))
def test_pauses_double_up_to_a_minute_and_half_of_each_is_chance(failures: int, seed: int) -> None:
    patience = Patience()
    whole = min(60.0, 2.0 ** (failures - 1))
    assert whole / 2 <= patience.pause(failures, random.Random(seed)) <= whole


def test_two_couriers_do_not_come_back_at_one_moment() -> None:
    assert Patience().pause(5, random.Random(1)) != Patience().pause(5, random.Random(2))


def test_one_that_is_refused_holds_up_no_other_and_is_given_up_in_the_end() -> None:
    walk = Round(Patience(most_refusals=5))
    walk.sink.refused = {"id0"}
    walk.put(0, 1, 2)
    walk.courier.step()
    walk.courier.step()
    walk.courier.step()
    assert walk.sink.arrived == ["id1", "id2"] and walk.clock.now() == 0.0
    walk.until_done()
    assert [failure.code for failure in walk.complaints] == ["alerts.fake", "alerts.given_up"]
    assert "id0" in walk.complaints[-1].message and walk.sink.attempts == 2 + 5


def test_a_new_one_need_not_wait_for_one_that_was_refused() -> None:
    walk = Round()
    walk.sink.refused = {"id0"}
    walk.put(0)
    walk.courier.step()
    walk.put(1)
    walk.courier.step()
    assert walk.sink.arrived == ["id1"]


def test_a_sink_with_a_bug_is_tried_again_too() -> None:
    walk = Round()
    walk.put(0)
    real, calls = walk.sink.deliver, iter([KeyError("oh")])

    def deliver(found: Alert) -> None:
        for fault in calls:
            raise fault
        real(found)

    walk.sink.deliver = deliver  # type: ignore[method-assign,assignment]
    walk.until_done()
    assert walk.sink.arrived == ["id0"] and "KeyError" in walk.complaints[0].message


def test_a_disk_that_will_not_forget_sends_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    walk = Round()
    walk.put(0)
    forget, is_full = walk.spool.done, True

    def done(number: int) -> None:
        if is_full:
            raise OutsideError("alerts.spool", "the disk is full")
        forget(number)

    monkeypatch.setattr(walk.spool, "done", done)
    for _ in range(5):
        walk.clock.advance(walk.courier.step() or 0.0)
    assert walk.sink.arrived == ["id0"]
    is_full = False
    walk.until_done()
    assert walk.sink.arrived == ["id0"] and walk.spool.waiting() == {}


@pytest.mark.parametrize("broken", ["done", "next", "next_due"])
def test_a_broken_disk_holds_up_nothing_that_waits_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fail(*asked: object) -> None:
        raise OutsideError("alerts.spool", "disk I/O error")

    sink, clock, complaints = FakeSink(), FakeClock(), list[SoundflowError]()
    disk, memory = Spool(tmp_path / "s"), Spool(None)
    courier = Courier(sink, (disk, memory), clock, complaints.append, chance=random.Random(7))
    disk.put(alert(0), [sink.key])
    disk.put(alert(1), [sink.key])
    monkeypatch.setattr(disk, broken, fail)
    for number in range(2, 5):
        memory.put(alert(number), [sink.key])
        while courier.step() == 0.0:
            pass
        clock.advance(0.1)  # less than any pause
    on_disk = [] if broken == "next" else ["id0", "id1"]
    assert sink.arrived == [*on_disk, "id2", "id3", "id4"]
    assert [failure.code for failure in complaints] == ["alerts.spool"]
    assert (courier.step() or 0.0) >= 0.5, "it is looked at again, but not in a hurry"
    disk.close()


def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s")
    for number in range(3):
        spool.put(alert(number), ["fake:1"])
    first = FakeSink()
    Courier(first, (spool,), FakeClock(), print).step()
    spool.close()
    spool, second = Spool(tmp_path / "s"), FakeSink()
    courier = Courier(second, (spool,), FakeClock(), print)
    while courier.step() is not None:
        pass
    spool.close()
    assert first.arrived + second.arrived == ["id0", "id1", "id2"]


def test_the_thread_delivers_what_it_is_called_for_and_ends() -> None:
    walk = Round()
    walker = Walker(walk.courier, "fake")
    for number in range(50):
        walk.put(number)
        walker.call()
    assert walker.rest(20.0) and len(walk.sink.arrived) == 50
    assert walker.stop(20.0)
    assert not any(thread.name == "soundflow-fake" for thread in threading.enumerate())


def test_a_complaint_that_fails_does_not_end_the_thread() -> None:
    def complain(failure: SoundflowError) -> None:
        raise BrokenPipeError("nobody reads standard error")

    walk = Round()
    walk.sink.failures = 1
    walk.put(0)
    walker = Walker(Courier(walk.sink, (walk.spool,), walk.clock, complain), "fake")
    assert walker.rest(20.0) and walk.sink.arrived == []
    walk.clock.advance(60.0)
    walker.call()
    assert walker.rest(20.0) and walk.sink.arrived == ["id0"] and walker.stop(20.0)


def test_the_thread_rests_while_its_sink_is_away() -> None:
    walk = Round()
    walk.sink.failures = 1
    walk.put(0)
    walker = Walker(walk.courier, "fake")
    walker.call()
    assert walker.rest(20.0) and walk.sink.arrived == [] and walker.stop(20.0)
