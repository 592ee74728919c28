"""The FIFO rule: every interleaving to a depth, and properties of long random ones."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.errors import OutsideError, UsageError
from soundflow.stream.fifo import ChunkReady, FifoRule, Flush, Idle, TextStep, Token, TokenKind

DEPTH = 9
KINDS = {"s": TokenKind.SILENT, "r": TokenKind.RESPONSE, "t": TokenKind.TEXT, "e": TokenKind.EOS}


class Reference:
    """The algorithm's two loops, written down a second time: what the decoder does next, from state alone."""

    def __init__(self) -> None:
        self.queue: list[int] = []
        self.last = "s"
        self.works = False

    def decoder_turn(self) -> tuple[str, tuple[int, ...]]:
        if self.works:
            return "idle", ()
        if self.last in "se":
            if not self.queue:
                return "idle", ()
            flushed, self.queue, self.works = tuple(self.queue), [], True
            return "flush", flushed
        self.works = True
        return "text", ()


def legal(sequence: tuple[str, ...]) -> bool:
    """A token comes only when one is owed: a control token after a flush, text or <eos> after a text step."""
    reference, owed = Reference(), ""
    for number, signal in enumerate(sequence):
        if signal == "c":
            reference.queue.append(number)
        elif (owed == "flush" and signal in "sr") or (owed == "text" and signal in "te"):
            reference.works, reference.last = False, signal
        else:
            return False
        turn, _ = reference.decoder_turn()
        owed = turn if turn != "idle" else owed if reference.works else ""
    return True


def legal_sequences(depth: int) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [()]
    level: list[tuple[str, ...]] = [()]
    for _ in range(depth):
        level = [s for head in level for x in "csrte" if legal(s := (*head, x))]
        found += level
    return found


def play(sequence: tuple[str, ...], rule: FifoRule[int]) -> list[tuple[str, tuple[int, ...]]]:
    actions: list[tuple[str, tuple[int, ...]]] = []
    for number, signal in enumerate(sequence):
        action = rule.advance(ChunkReady(number) if signal == "c" else Token(KINDS[signal]))
        if isinstance(action, Flush):
            actions.append(("flush", action.chunks))
        else:
            actions.append(("text" if isinstance(action, TextStep) else "idle", ()))
    return actions


def test_every_interleaving_does_what_the_algorithm_says() -> None:
    sequences = legal_sequences(DEPTH)
    assert len(sequences) > 1500
    for sequence in sequences:
        reference, expected = Reference(), []
        for number, signal in enumerate(sequence):
            if signal == "c":
                reference.queue.append(number)
            else:
                reference.works, reference.last = False, signal
            expected.append(reference.decoder_turn())
        assert play(sequence, FifoRule()) == expected, sequence


def test_nothing_is_lost_repeated_or_reordered_in_any_interleaving() -> None:
    for sequence in legal_sequences(DEPTH):
        rule: FifoRule[int] = FifoRule()
        flushed = [c for _, chunks in play(sequence, rule) for c in chunks]
        assert flushed + list(rule.queued) == [n for n, signal in enumerate(sequence) if signal == "c"]


def test_the_queue_is_untouched_while_a_reply_is_spoken() -> None:
    rule: FifoRule[int] = FifoRule()
    assert rule.advance(ChunkReady(0)) == Flush((0,))
    assert rule.advance(Token(TokenKind.RESPONSE)) == TextStep()
    for chunk in (1, 2, 3):
        assert rule.advance(ChunkReady(chunk)) == Idle()
        assert rule.advance(Token(TokenKind.TEXT)) == TextStep()
    assert rule.queued == (1, 2, 3)
    assert rule.advance(Token(TokenKind.EOS)) == Flush((1, 2, 3))
    assert not rule.queued


def test_popping_one_is_the_other_rule() -> None:
    rule: FifoRule[int] = FifoRule(drain="one")
    rule.advance(ChunkReady(0))
    for chunk in (1, 2):
        rule.advance(ChunkReady(chunk))
    assert rule.advance(Token(TokenKind.SILENT)) == Flush((1,))
    assert rule.advance(Token(TokenKind.SILENT)) == Flush((2,))
    assert rule.advance(Token(TokenKind.SILENT)) == Idle()


def test_a_full_queue_drops_its_oldest_or_says_so() -> None:
    dropping: FifoRule[int] = FifoRule(capacity=2)
    raising: FifoRule[int] = FifoRule(capacity=2, overflow="error")
    for rule in (dropping, raising):
        for chunk in range(3):
            rule.advance(ChunkReady(chunk))
    assert dropping.advance(ChunkReady(3)) == Idle()
    assert dropping.queued == (2, 3) and dropping.dropped == 1
    with pytest.raises(OutsideError) as caught:
        raising.advance(ChunkReady(3))
    assert caught.value.code == "stream.queue_full"
    assert raising.queued == (1, 2)


def test_a_queue_needs_room_for_one() -> None:
    with pytest.raises(UsageError):
        FifoRule(capacity=0)


def test_a_token_nobody_asked_for_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError):
        FifoRule[int]().advance(Token(TokenKind.SILENT))


@given(st.lists(st.booleans(), max_size=200), st.randoms(use_true_random=False), st.integers(1, 5))
def test_long_runs_stay_in_bounds_and_in_order(chunk_first: list[bool], random, capacity: int) -> None:  # type: ignore[no-untyped-def]
    rule: FifoRule[int] = FifoRule(capacity)
    flushed: list[int] = []
    numbers = itertools.count()
    action = rule.advance(ChunkReady(next(numbers)))
    for is_chunk in chunk_first:
        if isinstance(action, Flush):
            flushed += action.chunks
        was_working, waiting = rule.is_working, rule.queued
        if is_chunk or not was_working:
            before = rule.last
            new = rule.advance(ChunkReady(next(numbers)))
            assert rule.last is before
            assert isinstance(new, Idle) or (not was_working and isinstance(new, Flush))
            action = action if isinstance(new, Idle) else new
            action = Idle() if isinstance(action, Flush) and was_working else action
        else:
            listening = rule.last.is_interruption_point
            options = [TokenKind.SILENT, TokenKind.RESPONSE] if listening else [TokenKind.TEXT, TokenKind.EOS]
            kind = random.choice(options)
            action = rule.advance(Token(kind))
            if kind.is_interruption_point:
                assert isinstance(action, Flush) == bool(waiting) and rule.queued == ()
            else:
                assert action == TextStep() and rule.queued == waiting
        assert len(rule.queued) <= capacity
    if isinstance(action, Flush):
        flushed += action.chunks
    assert flushed == sorted(set(flushed))
