"""Texts are drawn by the seed, keep their names, and each take is another one."""

from __future__ import annotations

import pytest

from soundflow.cli.data_voices import TextsName
from soundflow.data.voices.choosing import KINDS, ORDERS, said_often, sampled, texts_of

BOTH = ("en", "zh")


def test_the_command_line_offers_every_kind() -> None:
    assert [name.value for name in TextsName] == list(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_limit_draws_among_the_whole(kind: str) -> None:
    whole, few = texts_of(kind, BOTH, None, 3), texts_of(kind, BOTH, 5, 3)
    assert len(few) == 5 and all(dialogue in whole for dialogue in few)
    assert few == texts_of(kind, BOTH, 5, 3)


def test_the_seed_chooses_and_a_limit_above_all_takes_all() -> None:
    whole = texts_of("instructions", BOTH, None, 0)
    assert sampled(whole, 50, 0) != sampled(whole, 50, 1)
    assert sampled(whole, len(whole) + 1, 0) == whole
    assert len(texts_of("orders", BOTH, None, 0)) == ORDERS


def test_takes_come_after_each_other() -> None:
    few = texts_of("keywords", BOTH, 2, 0)
    assert [(d.name, d.take) for d in said_often(few, 2)] == [(d.name, take) for take in (0, 1) for d in few]


def test_texts_that_nobody_can_say_are_not_among_them() -> None:
    assert {d.language for d in texts_of("dialogues", BOTH, None, 0)} == set(BOTH)
    assert {d.language for d in texts_of("dialogues", ("zh",), 5, 0)} == {"zh"}
    assert not texts_of("instructions", ("zh",), None, 0)
