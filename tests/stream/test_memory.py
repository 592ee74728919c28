"""The ledger of the window: pinned prefix, sound before text, a quarter at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from soundflow.stream.memory import Block, Eviction, Window

BLOCK, REPLY, PREFIX = 5, 12, 10
CONTROL, TEXT, EOS = 1, 7, 2


def window_of(max_chunks: int = 8, text: int = 0) -> Window[str]:
    return Window(PREFIX, BLOCK, max_chunks, REPLY, text)


def fill(window: Window[str], chunks: int) -> None:
    for _ in range(chunks):
        window.open_block("sound", CONTROL)


def answer(window: Window[str], reply: int, tokens: int) -> None:
    """Let the newest chunk be answered by so many tokens behind the control token."""
    window.decide(CONTROL, reply)
    for token in [TEXT] * (tokens - 1) + [EOS]:
        window.add_token(token)


def layout(window: Window[str]) -> list[str]:
    """What stands at each position behind the prefix."""
    places: list[str] = []
    for block in (*window.turns, *window.blocks):
        places += [] if block.sound is None else ["sound"] * (BLOCK - 1)
        places += [f"{block.reply}:{token}" for token in block.tokens]
    return places


def test_nothing_goes_while_all_fits() -> None:
    window = window_of()
    fill(window, 7)
    assert window.make_room(1) is None
    assert window.positions == PREFIX + 7 * BLOCK


def test_a_quarter_goes_at_once_with_its_replies() -> None:
    window = window_of()
    fill(window, 1)
    answer(window, 0, 3)
    fill(window, 7)
    assert window.make_room(1) == Eviction(spans=((PREFIX, 2 * BLOCK + 3),), chunks=2, turns=1)
    assert window.chunks == 6 and window.find(0) is None


def test_a_large_flush_makes_more_room() -> None:
    window = window_of()
    fill(window, 8)
    eviction = window.make_room(4)
    assert eviction is not None and eviction.chunks == 4


def test_a_turn_stays_as_text_when_its_sound_goes() -> None:
    window = window_of(text=6)
    fill(window, 1)
    answer(window, 0, 3)
    fill(window, 7)
    # the first chunk's sound goes, its reply stays, the second chunk goes whole
    assert window.make_room(1) == Eviction(spans=((PREFIX + 8, BLOCK), (PREFIX, BLOCK - 1)), chunks=2, turns=0)
    assert list(window.turns) == [Block(None, [CONTROL, TEXT, TEXT, EOS], 0)]
    assert layout(window)[:4] == [f"0:{CONTROL}", f"0:{TEXT}", f"0:{TEXT}", f"0:{EOS}"]
    found = window.find(0)
    assert found is not None and found[1] == PREFIX


def test_the_oldest_text_goes_when_its_room_is_full() -> None:
    window = window_of(text=6)
    for reply in range(2):
        fill(window, 1)
        answer(window, reply, 3)
    fill(window, 6)
    eviction = window.make_room(1)
    assert eviction is not None and eviction.turns == 1
    assert [turn.reply for turn in window.turns] == [1]
    # all of the first chunk and the sound of the second are one span
    assert eviction.spans == ((PREFIX, BLOCK + 3 + BLOCK - 1),)


@given(
    st.integers(2, 40),
    st.integers(0, 30),
    st.lists(st.tuples(st.integers(1, 20), st.booleans(), st.integers(1, REPLY)), max_size=200),
)
def test_a_window_never_exceeds_its_capacity_and_drops_what_it_says(
    max_chunks: int, text: int, steps: list[tuple[int, bool, int]]
) -> None:
    window = window_of(max_chunks, text)
    heard = forgotten = turns = 0
    for number, (asked, answers, tokens) in enumerate(steps):
        chunks = min(asked, max(1, max_chunks // 2))
        places = layout(window)
        eviction = window.make_room(chunks)
        if eviction is not None:
            forgotten, turns = forgotten + eviction.chunks, turns - eviction.turns
            for start, count in eviction.spans:
                assert start >= PREFIX and count > 0
                del places[start - PREFIX : start - PREFIX + count]
        assert places == layout(window), "what the spans leave is what the ledger holds"
        fill(window, chunks)
        heard += chunks
        if answers:
            answer(window, number, tokens)
            turns += 1
        assert window.chunks == heard - forgotten <= max_chunks
        assert window.positions <= window.capacity
        assert sum(len(turn.tokens) for turn in window.turns) <= text
        assert turns == sum(block.reply is not None for block in (*window.turns, *window.blocks))
