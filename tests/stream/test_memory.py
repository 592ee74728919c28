"""The ledger of the window: pinned prefix, whole blocks, a quarter at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from soundflow.stream.memory import Eviction, Window

BLOCK, REPLY = 5, 12


def fill(window: Window, chunks: int) -> None:
    for _ in range(chunks):
        window.open_block()


def test_nothing_goes_while_all_fits() -> None:
    window = Window(10, BLOCK, 8, REPLY)
    fill(window, 7)
    assert window.make_room(1) is None
    assert window.positions == 10 + 7 * BLOCK


def test_a_quarter_goes_at_once_with_its_replies() -> None:
    window = Window(10, BLOCK, 8, REPLY)
    fill(window, 1)
    window.count_turn()
    for _ in range(3):
        window.add_reply_position()
    fill(window, 7)
    assert window.make_room(1) == Eviction(start=10, count=2 * BLOCK + 3, chunks=2, turns=1)
    assert window.chunks == 6


def test_a_large_flush_makes_more_room() -> None:
    window = Window(10, BLOCK, 8, REPLY)
    fill(window, 8)
    eviction = window.make_room(4)
    assert eviction is not None and eviction.chunks == 4


@given(
    st.integers(2, 40),
    st.lists(st.tuples(st.integers(1, 20), st.booleans(), st.integers(0, REPLY)), max_size=200),
)
def test_a_window_never_exceeds_its_capacity(max_chunks: int, steps: list[tuple[int, bool, int]]) -> None:
    window = Window(10, BLOCK, max_chunks, REPLY)
    heard = forgotten = turns = 0
    for asked, answers, tokens in steps:
        chunks = min(asked, max(1, max_chunks // 2))
        eviction = window.make_room(chunks)
        if eviction is not None:
            forgotten, turns = forgotten + eviction.chunks, turns - eviction.turns
            assert eviction.start == 10 and eviction.count >= eviction.chunks * BLOCK
        fill(window, chunks)
        heard += chunks
        if answers:
            window.count_turn()
            turns += 1
            for _ in range(tokens):
                window.add_reply_position()
        assert window.chunks == heard - forgotten <= max_chunks
        assert window.positions <= window.capacity
        assert turns >= 0
