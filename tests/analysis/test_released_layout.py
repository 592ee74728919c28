"""Everything that looks inside works on a checkpoint in the released layout, the compatibility kit's small one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from soundflow.analysis.attention import decision_attention
from soundflow.analysis.continuity import continuity
from soundflow.analysis.heads import head_effects, measure_heads, open_ledger
from soundflow.analysis.layers import all_heads
from soundflow.analysis.occlusion import reason
from soundflow.analysis.walk import likeliest, walk
from soundflow.audio.decode import read_audio
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.recognise import load_model
from tests.analysis.conftest import one_stream

Samples = NDArray[np.float32]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def kit(release_kit: Path) -> Bundle:
    return load_model(release_kit)


@pytest.fixture(scope="module")
def bursts(shared_dir: Path) -> Samples:
    return read_audio(shared_dir / "compat" / "audio" / "bursts.wav")


def test_a_decision_has_its_reason_and_its_attention(kit: Bundle, bursts: Samples) -> None:
    found = walk(kit, bursts)
    chunk = likeliest(found)
    why = reason(kit, bursts, found, chunk, lengths=(0.8,))
    assert why.p_response == pytest.approx(found.steps[chunk].p_response, abs=1e-3)
    assert why.p_response >= why.threshold, "the kit was made to answer the bursts"
    looked = decision_attention(kit, found, chunk)
    assert looked.weights.sum(-1) == pytest.approx(np.ones(looked.weights.shape[:2]), abs=1e-4)
    assert looked.sound.shape[1] == 10


def test_every_stage_and_every_head_is_measured(kit: Bundle, bursts: Samples, tmp_path: Path) -> None:
    streams = one_stream(bursts)
    stages = [stage.stage for stage in continuity(kit, streams)]
    assert stages == ["encoder", "adapter", *(f"layer {i}" for i in range(kit.config.decoder.num_hidden_layers))]
    ledger = open_ledger(kit, streams, tmp_path)
    measure_heads(kit, streams, ledger)
    effects = head_effects(kit, streams, ledger)
    assert [effect.head for effect in effects] == list(all_heads(kit.network))
    assert any((effect.shift.value or 0) > 0 for effect in effects)
