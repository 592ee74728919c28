"""A model as a system: its name, its threshold, and a fresh session over each stream."""

from __future__ import annotations

import numpy as np

from soundflow.bench.systems import model_system
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
