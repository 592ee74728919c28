"""A model as a system: its name, its threshold, and a fresh session over each stream."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from soundflow.api import load
from soundflow.bench.systems import model_system
from soundflow.model.checkpoint.find import find_folder
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle

SOUND = np.zeros(16_000 * 4, np.float32)


def test_each_stream_is_a_session_of_its_own() -> None:
    bundle = scripted_bundle(Script({4: ScriptedReply("A siren.")}))
    system = model_system(bundle)
    assert (system.name, system.threshold) == ("scripted", bundle.config.response_threshold)
    for _ in range(2):
        assert [(reply.at, reply.text) for reply in system.hear(SOUND, None)] == [(2.0, "A siren.")]


def test_a_threshold_of_its_own() -> None:
    system = model_system(scripted_bundle(Script({4: ScriptedReply("A siren.")})), threshold=0.95)
    assert system.threshold == 0.95 and list(system.hear(SOUND, "Wait for a siren.")) == []


def test_weights_are_told_apart_by_what_they_are(tmp_path: Path) -> None:
    shutil.copytree(find_folder("nano"), tmp_path / "copy")
    first, same = (model_system(load(name).bundle).weights for name in ("nano", tmp_path / "copy"))
    assert first == same != "" and model_system(scripted_bundle(Script({}))).weights == ""
