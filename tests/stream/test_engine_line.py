"""A line of sessions: who comes first, who shares a batch, and who is lost with a worker that dies."""

from __future__ import annotations

import threading
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from soundflow.stream.engine_line import Line
from soundflow.stream.engine_session import EngineSession


class Somebody:
    """As much of a session as a line looks at."""

    def __init__(self, is_over: bool = False) -> None:
        self.is_over = is_over


def somebody(is_over: bool = False) -> EngineSession:
    return cast(EngineSession, Somebody(is_over))


def never() -> bool:
    return False


@given(st.lists(st.integers(0, 6), max_size=12), st.integers(1, 4))
def test_nobody_is_overtaken_left_out_or_served_twice(comers: list[int], most: int) -> None:
    lock = threading.Condition()
    line, came, served = Line(lock, most), list[Any](), list[Any]()
    with lock:
        for count in comers:
            for _ in range(count):
                came.append(somebody())
                line.join(came[-1])
            if len(line):
                batch = line.next_batch(never)
                assert 1 <= len(batch) <= most
                served += batch
        while len(line):
            served += line.next_batch(never)
    assert served == came


def test_one_that_is_expected_is_waited_for_no_longer_than_patience_lasts() -> None:
    lock = threading.Condition()
    line = Line(lock, most=4)
    with lock:
        line.join(alone := somebody())
        assert line.next_batch(never, lambda: 2, patience_seconds=0.0) == [alone]


def test_enough_is_at_most_a_batch() -> None:
    lock = threading.Condition()
    line = Line(lock, most=2)
    pair = [somebody(), somebody()]
    with lock:
        for one in pair:
            line.join(one)
        assert line.next_batch(never, lambda: 1000, patience_seconds=1e6) == pair


def test_the_end_of_all_work_is_an_empty_batch() -> None:
    lock = threading.Condition()
    with lock:
        assert Line(lock, most=2).next_batch(lambda: True) == []


def test_whoever_waits_is_served_as_soon_as_somebody_comes() -> None:
    lock = threading.Condition()
    line, served = Line(lock, most=2), list[Any]()

    def serve() -> None:
        with lock:
            served.extend(line.next_batch(never))

    worker = threading.Thread(target=serve)
    worker.start()
    with lock:
        line.join(one := somebody())
    worker.join(20.0)
    assert served == [one] and not worker.is_alive()


def test_lost_are_those_in_hand_and_not_those_that_wait() -> None:
    lock = threading.Condition()
    line = Line(lock, most=1)
    in_hand, waits, stray, gone = somebody(), somebody(), somebody(), somebody(is_over=True)
    with lock:
        for session in (in_hand, waits):
            line.join(session)
        line.next_batch(never)
        assert set(line.give_up([in_hand, waits, stray, gone])) == {in_hand, stray}
        assert line.give_up([]) == [] and line.next_batch(never) == [waits]
