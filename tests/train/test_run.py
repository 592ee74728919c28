"""A recipe end to end: ears, the loop in two trainings, a folder that listens; and once more after it is done."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import save_file

from soundflow.api import load
from soundflow.model.config import nano
from soundflow.model.encoder import AudioEncoder
from soundflow.model.tokens import own_control_tokens
from soundflow.train.run import run_recipe

RECIPE = """
whisper = "{folder}/whisper"
clips = "{folder}/clips"
cache = "{folder}/cache"
out = "{folder}/out"
valid_streams = 2

[model]
vocab_size = 600

[ears]
steps = 1
batch_size = 2
workers = 0
threads = 1

[[loop]]
steps = 1
batch_size = 2
workers = 0
threads = 1

[[loop]]
steps = 2
batch_size = 1
workers = 0
threads = 1
uses = 2
pool = 2
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Tones as clips in two splits, random weights in the place of Whisper's, and the recipe."""
    (tmp_path / "clips").mkdir()
    lines, rng = [], np.random.default_rng(0)
    kinds = [("siren", "event", "true"), ("cow", "event", "false"), ("background_noise", "background", "false")]
    for i, split in enumerate(["train"] * 6 + ["valid"] * 6):
        label, kind, proactive = kinds[i % 3]
        tone = np.sin(np.arange(16_000) * (0.3, 0.05, 0.0)[i % 3]) * 0.3 + rng.normal(0, 0.02, 16_000)
        soundfile.write(tmp_path / "clips" / f"{i}.wav", tone.astype(np.float32), 16_000)
        lines.append(
            f'{{"id": "c{i}", "path": "{i}.wav", "seconds": 1.0, "label": "{label}", "kind": "{kind}", '
            f'"proactive": {proactive}, "split": "{split}", "recording": "r{i}"}}'
        )
    (tmp_path / "clips" / "clips.jsonl").write_text("\n".join(lines))
    (tmp_path / "whisper").mkdir()
    encoder = AudioEncoder(nano(600, own_control_tokens()).encoder, 40)
    weights = {f"model.encoder.{name}": tensor for name, tensor in encoder.state_dict().items()}
    save_file(weights, tmp_path / "whisper" / "model.safetensors")
    (tmp_path / "recipe.toml").write_text(RECIPE.format(folder=tmp_path))
    return tmp_path


@pytest.mark.slow
def test_a_recipe_gives_a_model_that_listens(folder: Path) -> None:
    torch.manual_seed(0)
    out = run_recipe(folder / "recipe.toml")
    assert out == folder / "out" / "model"
    model = load(out)
    with model.session() as session:
        events = [*session.feed(np.zeros(16_000, np.float32)), *session.end()]
    assert sum(event.type == "decision" for event in events) == 3
    written = (out / "model.safetensors").stat().st_mtime_ns
    assert run_recipe(folder / "recipe.toml") == out
    assert (out / "model.safetensors").stat().st_mtime_ns == written, "nothing was left to train"
