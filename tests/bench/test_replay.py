"""A recorded session is played again to the same tokens; another model, or another word, is found."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from soundflow.bench.replay import replay
from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from soundflow.stream.engine import Engine
from soundflow.stream.events import Decision
from soundflow.stream.recording import Recording
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle

CHUNK = 6400


def recorded(bundle: Bundle, path: Path) -> Recording:
    """A session of seven and a half chunks with a reply, a change of threshold and one of instruction."""
    recording = Recording()
    with Engine(bundle) as engine:
        session = engine.open("Count the barks", recording=recording)
        reader = session.events()
        for i in range(7):
            if i == 5:
                session.set_threshold(0.05)
                session.set_instruction("Something else")
                session.truncate(0, 2)
            session.feed(np.full(CHUNK, i / 10, np.float32))
            while not isinstance(next(reader), Decision):
                pass
        session.feed(np.zeros(CHUNK // 2, np.float32))
        session.end()
        list(reader)
    recording.save(path)
    return Recording.load(path)


@pytest.fixture
def bundle() -> Bundle:
    return scripted_bundle(Script({2: ScriptedReply("Fire!", "urgent")}))


def test_it_is_played_again_to_the_same_tokens(bundle: Bundle, tmp_path: Path) -> None:
    report = replay(bundle, recorded(bundle, tmp_path / "one.trace"))
    assert report.is_equal and report.is_whole and report.first_difference is None
    assert report.decisions == 8 and report.tokens >= len("Fire!") + 2


def test_another_word_is_found(bundle: Bundle, tmp_path: Path) -> None:
    recording = recorded(bundle, tmp_path / "one.trace")
    at = next(i for i, step in enumerate(recording.steps) if step.p_response is None)
    said = recording.steps[at]
    recording.steps[at] = dataclasses.replace(said, tokens=(*said.tokens[:-1], 99))
    report = replay(bundle, recording)
    assert not report.is_equal and report.first_difference == at and report.steps == at + 1


def test_another_model_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    recording = recorded(bundle, tmp_path / "one.trace")
    with pytest.raises(InputError) as caught:
        replay(scripted_bundle(max_chunks=9), recording)
    assert caught.value.code == "replay.model"


def test_sound_that_is_not_there_is_one_clear_error(bundle: Bundle, tmp_path: Path) -> None:
    recording = recorded(bundle, tmp_path / "one.trace")
    recording._sound = []
    with pytest.raises(InputError) as caught:
        replay(bundle, recording)
    assert caught.value.code == "replay.sound"
