"""The box between two threads."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from soundflow.stream.mailbox import Mailbox


def test_what_was_put_comes_out_in_order_until_the_box_is_closed() -> None:
    box: Mailbox[int] = Mailbox(10)
    for i in range(3):
        assert box.put(i) == []
    box.close()
    assert list(box) == [0, 1, 2]
    assert box.put(3) is None and not box.put_waiting(3)


@given(st.lists(st.integers(1, 9), max_size=60))
def test_the_weight_stays_bounded_and_the_newest_stay(weights: list[int]) -> None:
    box: Mailbox[int] = Mailbox(8, float)
    dropped = [x for w in weights for x in box.put(w) or []]
    box.close()
    kept = list(box)
    assert dropped + kept == weights
    assert sum(kept) <= 8 or len(kept) == 1


def test_closing_with_discard_empties_the_box() -> None:
    box: Mailbox[int] = Mailbox(10)
    box.put(1)
    box.close(discard=True)
    assert list(box) == []


def test_a_full_box_makes_its_writer_wait_until_somebody_reads() -> None:
    box: Mailbox[int] = Mailbox(1)

    def write() -> None:
        for i in range(50):
            assert box.put_waiting(i)
        box.close()

    writer = threading.Thread(target=write)
    writer.start()
    assert list(box) == list(range(50))
    writer.join(5)
    assert not writer.is_alive()


def test_a_writer_is_let_go_when_the_reader_has_left() -> None:
    box: Mailbox[int] = Mailbox(1)
    writer = threading.Thread(target=lambda: [box.put_waiting(i) for i in range(3)])
    writer.start()
    box.stop_waiting()
    writer.join(5)
    assert not writer.is_alive()
