"""Words for sounds: every label is covered, every reply names its sound, unknown labels get plain words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.data.clips import ClipStore, Label
from soundflow.data.tasks.counting import counted
from soundflow.data.tasks.narration import describe
from soundflow.data.tasks.phrases import (
    Phrases,
    instruction,
    instruction_templates,
    known_phrases,
    number_word,
    phrases_of,
)
from soundflow.data.tasks.standing import announce
from soundflow.model.tokens import EMOTIONS


@pytest.fixture(scope="module")
def shared_labels(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Label]:
    store = ClipStore(shared_dir / "data", tmp_path_factory.mktemp("cache"))
    return [store.label(name) for name in store.labels]


def said(words: Phrases) -> Iterator[str]:
    yield from words.replies
    yield describe(words)
    yield announce(words)
    yield counted(words, 3)


def test_every_shared_label_has_words(shared_labels: list[Label]) -> None:
    missing = [label.name for label in shared_labels if label.name not in known_phrases()]
    assert not missing
    assert [x.name for x in shared_labels if x.proactive and len(set(known_phrases()[x.name].replies)) < 4] == []
    assert [x.name for x in shared_labels if not x.proactive and known_phrases()[x.name].replies] == []


def test_everything_said_names_the_sound(shared_labels: list[Label]) -> None:
    unnamed = [
        (label.name, text)
        for label in shared_labels
        for text in said(phrases_of(label))
        if not any(name.lower() in text.lower() for name in label.names)
    ]
    assert not unnamed


@pytest.mark.parametrize("label", sorted(known_phrases()))
def test_words_are_short_and_well_formed(label: str) -> None:
    words = known_phrases()[label]
    assert words.emotion in EMOTIONS
    for text in said(words):
        assert len(text.split()) <= 18
        assert text[0].isupper() and text[-1] == "." and "{" not in text
        assert "are you ok" not in text.lower()
    for reply in words.replies:
        assert len(reply.split(". ")) >= 2 or "! " in reply  # the sound, then the advice


def test_no_two_sounds_share_a_reply() -> None:
    replies = [reply for words in known_phrases().values() for reply in words.replies]
    assert len(replies) == len(set(replies))


def test_the_vocabulary_is_small() -> None:
    replies = " ".join(reply for words in known_phrases().values() for reply in words.replies)
    assert len({word.strip(".,!").lower() for word in replies.split()}) < 500


def test_twenty_ways_to_ask() -> None:
    for task, templates in instruction_templates().items():
        assert len(set(templates)) >= 20, task
    assert "Describe what you hear." in instruction_templates()["narration"]
    assert "Count the {plural}." in instruction_templates()["counting"]
    assert "Tell me when {when}." in instruction_templates()["standing"]
    assert known_phrases()["dog_bark"].plural == "dog barks"
    assert known_phrases()["crying_baby"].when == "the baby cries"


@given(st.integers(0, 2**32), st.sampled_from(["counting", "standing"]), st.sampled_from(sorted(known_phrases())))
def test_instructions_name_the_target(seed: int, task: str, label: str) -> None:
    words = known_phrases()[label]
    text = instruction(task, words, np.random.default_rng(seed))
    assert "{" not in text
    assert any(form.lower() in text.lower() for form in (words.noun, words.plural, words.when))


@given(
    name=st.text("abcdefgh_", min_size=1),
    display=st.text(min_size=1),
    proactive=st.sampled_from([True, False, None]),
    synonyms=st.lists(st.text("abcdef ", min_size=1), max_size=2),
    advice=st.none() | st.text(),
)
def test_unknown_labels_get_plain_words(
    name: str, display: str, proactive: bool | None, synonyms: list[str], advice: str | None
) -> None:
    words = phrases_of(Label(name, display, proactive, tuple(synonyms), advice))
    assert all(text for text in said(words))
    assert words.replies


def test_an_unknown_label_is_named_and_advised() -> None:
    words = phrases_of(Label("gas_leak", "Gas leak", True, ("hissing gas",), "Open the windows."))
    assert words.replies[0] == "I hear gas leak. Open the windows."
    assert announce(words) == "Now there is gas leak."


def test_numbers() -> None:
    assert [number_word(n) for n in (1, 12, 13)] == ["one", "twelve", "13"]


def test_words_lie_in_the_package() -> None:
    folder = Path(__file__).parents[3] / "src" / "soundflow" / "data" / "tasks"
    assert set(json.loads((folder / "replies.json").read_text())) == set(known_phrases())
