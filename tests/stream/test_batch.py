"""A batch of sessions against each of them alone: the same tokens, and in this arithmetic the same bits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soundflow.api import load, open_source
from soundflow.model.bundle import Bundle
from soundflow.model.quantize import int8_bundle, int8_supported
from soundflow.stream.batch import Heard, Step, decode_all, hear_all
from soundflow.stream.changes import Instruct
from soundflow.stream.decoding import Choice, Decided, Decoding, Outcome, Spoken
from soundflow.stream.fifo import TEXT_STEP, Flush, TextStep, TokenKind
from soundflow.stream.perception import EncodedChunk, Perception, Samples
from soundflow.stream.reply import ReplyText
from tests.stream.conftest import CHUNK, noise

needs_int8 = pytest.mark.skipif(not int8_supported(), reason="this build of torch has no int8 engine")


class Player:
    """One stream played by hand: chunks wait, and `next_action` takes as many as it is told."""

    def __init__(self, bundle: Bundle, threshold: float, instruction: str | None = None) -> None:
        self.decoding = Decoding(bundle, instruction, threshold, 6)
        self.waiting: list[EncodedChunk] = []
        self.last = TokenKind.SILENT
        self.told: list[Outcome] = []

    def next_action(self, most: int) -> Flush[EncodedChunk] | TextStep | None:
        if not self.last.is_interruption_point:
            return TEXT_STEP
        taken, self.waiting = self.waiting[:most], self.waiting[most:]
        return Flush(tuple(taken)) if taken else None

    def take(self, outcome: Outcome) -> None:
        self.told.append(outcome)
        self.last = outcome.kind


def said(told: list[Outcome]) -> list[tuple[object, ...]]:
    """What must be equal: decisions with their p, tokens by their text."""
    return [
        (o.p_response, o.kind, len(o.chunks), o.forgotten) if isinstance(o, Decided) else (o.delta, o.emotion, o.reason)
        for o in told
    ]


def encoded(bundle: Bundle, sound: Samples) -> list[EncodedChunk]:
    perception = Perception(bundle)
    return [c for p in perception.pieces(sound) for c in perception.hear(p, 0.0)]


def play_together(bundle: Bundle, players: list[Player], plan: list[list[tuple[int, int]]]) -> None:
    """Each round of the plan is one pass: which players take part, and how many chunks each may flush."""
    for round_ in plan:
        acting = [(players[i], action) for i, most in round_ if (action := players[i].next_action(most)) is not None]
        outcomes = decode_all(bundle.network, [Step(player.decoding, action) for player, action in acting])
        for (player, _), outcome in zip(acting, outcomes, strict=True):
            player.take(outcome)


def play_alone(player: Player, plan: list[list[tuple[int, int]]], number: int) -> None:
    for most in (most for round_ in plan for i, most in round_ if i == number):
        action = player.next_action(most)
        if action is not None:
            player.take(player.decoding.run(action))


rounds = st.lists(
    st.dictionaries(st.integers(0, 3), st.integers(1, 4), min_size=1).map(lambda chosen: list(chosen.items())),
    min_size=1,
    max_size=60,
)
anyhow = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)


@pytest.mark.parametrize("arithmetic", ["float32", pytest.param("int8", marks=needs_int8)])
@anyhow
@given(rounds)
def test_any_batching_says_what_each_stream_says_alone(
    small_bundle: Bundle, arithmetic: str, plan: list[list[tuple[int, int]]]
) -> None:
    bundle = int8_bundle(small_bundle) if arithmetic == "int8" else small_bundle
    thresholds = (0.0, 0.5, 1.0, 0.45)
    together = [Player(bundle, t, f"Count {i}") for i, t in enumerate(thresholds)]
    alone = [Player(bundle, t, f"Count {i}") for i, t in enumerate(thresholds)]
    for i, (one, other) in enumerate(zip(together, alone, strict=True)):
        one.waiting = encoded(bundle, noise(20, seed=i))
        other.waiting = list(one.waiting)
    play_together(bundle, together, plan)
    for number, player in enumerate(alone):
        play_alone(player, plan, number)
    for one, other in zip(together, alone, strict=True):
        if arithmetic == "int8":
            assert said(one.told) == said(other.told)  # bit for bit, p(response) included
            assert torch.equal(one.decoding.cache.keys, other.decoding.cache.keys)
        else:
            pairs = zip(said(one.told), said(other.told), strict=True)
            assert all(a[1:] == b[1:] and a[0] == pytest.approx(b[0], abs=1e-5) for a, b in pairs)


@needs_int8
@pytest.mark.slow
def test_nano_says_the_same_bits_in_any_company() -> None:
    bundle = load("nano").bundle
    sounds = [whole(name) for name in ("kitchen", "garden", "office", "workshop")]
    plan = [[(i, 1 + (turn + i) % 3) for i in range(4) if (turn * (i + 2)) % 5] for turn in range(120)]
    together = [Player(bundle, 0.3) for _ in sounds]
    alone = [Player(bundle, 0.3) for _ in sounds]
    for one, other, sound in zip(together, alone, sounds, strict=True):
        one.waiting = encoded(bundle, sound)
        other.waiting = list(one.waiting)
    play_together(bundle, together, plan)
    for number, player in enumerate(alone):
        play_alone(player, plan, number)
    assert [said(p.told) for p in together] == [said(p.told) for p in alone]
    assert any(isinstance(o, Spoken) for p in together for o in p.told), "a comparison of silence shows little"


def whole(name: str) -> Samples:
    return np.concatenate(list(open_source(name, CHUNK)))


@needs_int8
def test_chunks_encoded_together_are_those_encoded_alone(small_bundle: Bundle) -> None:
    bundle = int8_bundle(small_bundle)
    sounds = [noise(n, seed) for seed, n in enumerate((3, 2.5, 1, 0.2))]
    work = [Perception(bundle) for _ in sounds]
    found: list[list[EncodedChunk]] = [[] for _ in sounds]
    for i in range(4):
        heard = [
            Heard(p, [(s[i * CHUNK : (i + 1) * CHUNK], i / 10)], i == 3) for p, s in zip(work, sounds, strict=True)
        ]
        for row, new in zip(found, hear_all(bundle.network, heard, 9.0), strict=True):
            row += new
    for sound, row in zip(sounds, found, strict=True):
        perception = Perception(bundle)
        pieces = [c for p in perception.pieces(sound) for c in perception.hear(p, 0.0)]
        expected = pieces + perception.end(9.0)
        assert [c.index for c in row] == list(range(len(expected)))
        assert all(torch.equal(a.features, b.features) for a, b in zip(row, expected, strict=True))
        assert [c.arrived_at for c in row][: len(pieces)] == [i / 10 for i in range(len(pieces))]


def test_nothing_to_hear_and_nothing_to_do_is_nothing(small_bundle: Bundle) -> None:
    assert hear_all(small_bundle.network, [Heard(Perception(small_bundle), [], False)], 0.0) == [[]]
    assert decode_all(small_bundle.network, []) == []


def test_a_batch_may_end_a_reply_and_change_a_session_beside_others(small_bundle: Bundle) -> None:
    chunks = encoded(small_bundle, noise(2))
    speaking, listening = Player(small_bundle, 0.0), Player(small_bundle, 1.0)
    decode_all(small_bundle.network, [Step(speaking.decoding, Flush((chunks[0],)))])
    steps = [
        Step(speaking.decoding, None),
        Step(listening.decoding, Flush((chunks[0],)), [Instruct("Count the barks")]),
    ]
    cut, decided = decode_all(small_bundle.network, steps)
    fresh = Decoding(small_bundle, "Count the barks", 1.0, 6).run(Flush((chunks[0],)))
    assert isinstance(cut, Spoken) and cut.reason == "cancelled"
    assert isinstance(decided, Decided) and isinstance(fresh, Decided)
    assert decided.p_response == pytest.approx(fresh.p_response, abs=1e-6)


def test_what_was_heard_survives_a_new_instruction(small_bundle: Bundle) -> None:
    """Behind a new instruction the window is what it would be had the instruction stood there from its start."""
    chunks = encoded(small_bundle, noise(6))
    changed, from_start = Decoding(small_bundle, "One", 1.0, 6), Decoding(small_bundle, "Another", 1.0, 6)
    for chunk in chunks[:4]:
        changed.run(Flush((chunk,)))
        from_start.run(Flush((chunk,)))
    changed.instruct("Another")
    assert changed.window_positions == from_start.window_positions and changed.window_chunks == 4
    for chunk in chunks[4:]:
        a, b = changed.run(Flush((chunk,))), from_start.run(Flush((chunk,)))
        assert isinstance(a, Decided) and isinstance(b, Decided)
        assert a.p_response == pytest.approx(b.p_response, abs=1e-5)


def speak(decoding: Decoding) -> Spoken:
    while True:
        outcome = decoding.run(TEXT_STEP)
        if isinstance(outcome, Spoken) and outcome.reason is not None:
            return outcome


@pytest.mark.parametrize("later", [0, 2])
def test_only_what_was_played_stays_in_the_context(small_bundle: Bundle, later: int) -> None:
    """A cut reply leaves the context of a stream in which just that much was said."""
    chunks = encoded(small_bundle, noise(6))
    decoding = Decoding(small_bundle, None, 0.0, 6)
    decoding.run(Flush((chunks[0],)))
    text = speak(decoding).text
    assert len(text) > 2
    decoding.threshold = 1.0
    for chunk in chunks[1 : 1 + later]:
        decoding.run(Flush((chunk,)))
    before = decoding.window_positions
    assert decoding.truncate(0, 2) and not decoding.truncate(7, 2)
    assert decoding.window_positions < before
    found = decoding._window.find(0)
    assert found is not None
    tokens = found[0].tokens
    shown = ReplyText(small_bundle.tokenizer, small_bundle.config.control, len(tokens))
    for token in tokens[1:-1]:
        shown.add(token)
    assert len(shown.text) <= 2 and text.startswith(shown.text)
    again = decoding.run(Flush((chunks[4],)))
    rebuilt = rows_of_the_ledger(small_bundle, decoding)
    assert decoding.cache.length == len(rebuilt) - 1
    if not later:  # later chunks were computed with the whole reply in sight, and say so
        hidden = small_bundle.network(rebuilt[None, :-1])[:, -1]
        assert isinstance(again, Decided)
        choice = Choice(small_bundle.network, small_bundle.config.control)
        assert again.p_response == pytest.approx(choice.p_response(hidden), abs=1e-5)


def rows_of_the_ledger(bundle: Bundle, decoding: Decoding) -> torch.Tensor:
    """All rows that the window says are there, computed afresh."""
    copy = Decoding(bundle, None, 1.0, 6)
    copy._window.blocks, copy._window.turns = decoding._window.blocks, decoding._window.turns
    copy.instruct(None)
    return copy._pending


def test_replies_outlive_their_sound_as_text(small_bundle: Bundle) -> None:
    """Recall: what was said stays in the context long after the sound that it answered is forgotten."""
    bundle = small_bundle
    chunks = encoded(bundle, noise(8))
    with_text, without = Decoding(bundle, None, 0.0, 6, text_positions=20), Decoding(bundle, None, 0.0, 6)
    for decoding in (with_text, without):
        decoding.threshold = 0.0
        decoding.run(Flush((chunks[0],)))
        speak(decoding)
        decoding.threshold = 1.0
        for _ in range(3):
            for chunk in chunks:
                decoding.run(Flush((chunk,)))
    kept = with_text._window.find(0)
    assert kept is not None and kept[0].sound is None and kept[1] == with_text._window.prefix
    assert without._window.find(0) is None
    for decoding in (with_text, without):
        assert decoding.cache.length == decoding.window_positions - 1 <= decoding.cache.capacity
    # the words are looked at: with another reply in their place the next decision is another one
    p = with_text.run(Flush((chunks[0],)))
    q = without.run(Flush((chunks[0],)))
    assert isinstance(p, Decided) and isinstance(q, Decided) and p.p_response != q.p_response
