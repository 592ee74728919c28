"""nano-2 as packaged: it loads, answers about a recording, speaks in a stream, and kept what it must of nano."""

from __future__ import annotations

import pytest
import torch

from soundflow import Decision, End, ReplyEnd, ask, listen, load
from soundflow.api import Model
from soundflow.model.checkpoint.find import find_folder
from soundflow.model.checkpoint.recognise import load_model


@pytest.fixture(scope="module")
def second() -> Model:
    """The packaged second edition."""
    return load("nano-2")


@pytest.fixture(scope="module")
def first() -> Model:
    """The packaged first edition."""
    return load("nano")


def test_it_says_who_it_is(second: Model) -> None:
    assert second.name == "nano-2"


def test_old_tokens_keep_their_ids(first: Model, second: Model) -> None:
    before, now = first.bundle.tokenizer, second.bundle.tokenizer
    for text in ("Glass is breaking. Watch your feet.", "Speak up when a sound needs attention."):
        assert now.decode(before.encode(text)) == text
    assert first.bundle.config.control == second.bundle.config.control


def test_it_hears_with_the_first_editions_ears() -> None:
    """Convolutions are stored alike; int4 rounds matrices more than int8 does."""
    first, second = (load_model(find_folder(name)).network.encoder.state_dict() for name in ("nano", "nano-2"))
    assert first.keys() == second.keys()
    torch.testing.assert_close(second["conv1.weight"], first["conv1.weight"], rtol=0, atol=0)
    cosines = [torch.cosine_similarity(first[n].flatten(), second[n].flatten(), dim=0) for n in first]
    assert min(cosines) > 0.98


def test_it_hears_a_stream_to_its_end(second: Model) -> None:
    events = list(listen("kitchen", model=second))
    assert isinstance(events[-1], End)
    assert sum(isinstance(event, Decision) for event in events) == 46
    assert [event for event in events if isinstance(event, ReplyEnd)], "glass breaks in the kitchen"


def test_it_answers_about_a_recording(second: Model) -> None:
    assert ask("kitchen", "Describe what you hear.", model=second).strip()


def test_it_names_what_sounds_when_told_to(second: Model) -> None:
    events = listen("kitchen", model=second, instruction="Describe what you hear.")
    said = " ".join(event.text for event in events if isinstance(event, ReplyEnd))
    assert "glass" in said and "footsteps" in said
