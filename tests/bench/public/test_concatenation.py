"""Concatenation: the same items in longer streams, each reply charged to one of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.bench.public.concatenation import first_text_ms, hear_joined, join, said_in, stability, usable
from soundflow.bench.public.items import Item
from soundflow.bench.rows import Answers, read_answers, write_rows
from soundflow.bench.scoring import SpokenReply
from soundflow.errors import InputError, UsageError
from tests.bench.public.made import Talker, write_sounds

ITEMS = [Item(f"i{number}", ()) for number in range(130)]


def test_every_length_uses_the_same_items() -> None:
    assert len(usable(ITEMS)) == 120
    with pytest.raises(UsageError, match="59 items"):
        usable(ITEMS[:59])
    with pytest.raises(UsageError, match="words of its own"):
        usable([Item("a", (), "Who?"), Item("b", (), "Where?")])


@given(st.lists(st.integers(1, 20_000), min_size=1, max_size=5))
def test_spans_begin_on_chunks(lengths: list[int]) -> None:
    stream, starts = join([np.ones(length, np.float32) for length in lengths])
    assert all(abs(start / 0.4 - round(start / 0.4)) < 1e-6 for start in starts)
    for start, length in zip(starts, lengths, strict=True):
        at = round(start * 16_000)
        assert stream[at : at + length].all(), "each sound stands where its span begins"
    assert stream.sum() == sum(lengths) and not stream[-32_000:].any()


def test_a_reply_belongs_to_one_span() -> None:
    said = [SpokenReply(0.8, "a"), SpokenReply(1.2, "b"), SpokenReply(9.0, "c")]
    assert said_in([0.0, 0.8], said) == ("a", "b c")
    assert said_in([0.0, 0.8], []) == ("", "")


def test_joined_items_are_heard_once(tmp_path: Path) -> None:
    write_sounds(tmp_path, *(f"{number}.wav" for number in range(4)))
    items = [Item(str(number), (tmp_path / f"{number}.wav",)) for number in range(4)]
    model, out = Talker("one", "two", "three"), tmp_path / "2.jsonl"  # at 0.4, 0.8 and 1.2 s
    for _ in range(2):
        assert list(hear_joined(model, items, 2, out)) == items
    assert len(model.asked) == 2 and model.asked[0][0] == pytest.approx(0.4 + 0.4 + 0.4 + 2)
    assert read_answers(out).outputs == {"0": "one two", "1": "three", "2": "one two", "3": "three"}


def test_answers_given_at_another_threshold_are_refused(tmp_path: Path) -> None:
    write_sounds(tmp_path, "0.wav", "1.wav")
    items = [Item(str(number), (tmp_path / f"{number}.wav",)) for number in range(2)]
    list(hear_joined(Talker("one"), items, 2, tmp_path / "2.jsonl", {"threshold": 0.5}))
    with pytest.raises(InputError, match=r"threshold 0\.5"):
        list(hear_joined(Talker("one"), items, 2, tmp_path / "2.jsonl", {"threshold": 0.6}))


def test_an_item_that_was_heard_again_counts_once(tmp_path: Path) -> None:
    rows = [{"id": "a", "output": "", "first_text_ms": 100.0}, {"id": "a", "output": "x", "first_text_ms": 300.0}]
    write_rows(tmp_path / "1.jsonl", rows)
    assert first_text_ms(tmp_path / "1.jsonl")["value"] == 300


def test_what_is_kept_and_where_it_is_lost() -> None:
    items = ITEMS[:4]

    def score(some: object, answers: Answers) -> float:
        assert isinstance(some, list)
        return 100 * sum(answers.outputs.get(item.id) == "yes" for item in some) / len(some)

    right = Answers({item.id: "yes" for item in items})
    half = Answers({"i0": "yes", "i2": "yes"})
    alone, two = stability(items, {2: half, 1: right}, score)
    assert (alone["n"], alone["retention"], alone["by_position"]) == (1, 1.0, [100.0])
    assert (two["figure"], two["retention"], two["by_position"]) == (50.0, 0.5, [100.0, 0.0])
    assert two["share"]["low"] < two["share"]["value"] == 0.5 < two["share"]["high"]
