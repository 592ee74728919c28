"""A recipe end to end: ears, the loop in two trainings, a folder that listens; and once more after it is done."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import save_file

from soundflow.api import load
from soundflow.errors import InputError, UsageError
from soundflow.model.config import nano
from soundflow.model.encoder import AudioEncoder
from soundflow.model.tokens import own_control_tokens
from soundflow.train.recipe import read_recipe
from soundflow.train.resume import claim
from soundflow.train.run import NanoRecipe, claimed, run_recipe

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


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("ears.steps=2", "another ears"),
        ("streams.quiet_share=0.3", "another streams"),
        ("augment.room_share=0.1", "another augment"),
        ("model.vocab_size=700", "another model"),
        ("instant_share=1.0", "another instant_share"),
    ],
)
def test_another_recipe_in_the_folder_is_refused(folder: Path, change: str, says: str) -> None:
    path = folder / "recipe.toml"
    claim(folder / "out", claimed(read_recipe(NanoRecipe, path)))
    (folder / "out" / "loop1").mkdir()
    with pytest.raises(InputError, match=says):
        run_recipe(path, [change])


def test_other_clips_in_the_same_place_are_refused(folder: Path) -> None:
    path, rows = folder / "recipe.toml", folder / "clips" / "clips.jsonl"
    claim(folder / "out", claimed(read_recipe(NanoRecipe, path)))
    (folder / "out" / "loop1").mkdir()
    rows.write_text(rows.read_text().replace("cow", "dog"))
    with pytest.raises(InputError, match="holds a run with another clips —"):
        run_recipe(path)


def test_a_model_that_nobody_knows_the_recipe_of_is_left_alone(folder: Path) -> None:
    (folder / "out" / "model").mkdir(parents=True)
    with pytest.raises(InputError, match="does not say which run made it"):
        run_recipe(folder / "recipe.toml")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("ears.workers=-1", "ears: workers is -1 — at least 0"),
        ("ears.checkpoint_every=0", "ears: checkpoint_every is 0 — at least 1"),
        ("loop.2.evaluate_every=0", "loop 2: evaluate_every is 0 — at least 1"),
        ("loop.seed=-1", "loop 1: seed is -1"),
        ("loop.learning_rate=nan", "learning_rate is nan — give a finite number"),
        ("valid_streams=0", "valid_streams is 0 — at least 1"),
        ("loop=[]", "loop is empty"),
    ],
)
def test_a_number_that_makes_no_sense_is_one_line_before_any_work(folder: Path, change: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        run_recipe(folder / "recipe.toml", [change])
    assert not (folder / "out").exists()


def test_several_processes_do_not_train_nano_in_one_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError, match=r"has no \[\[stage\]\]: it is trained by one process"):
        run_recipe(folder / "recipe.toml")
    assert not (folder / "out").exists()


def test_how_the_work_is_done_may_change(folder: Path) -> None:
    path = folder / "recipe.toml"
    changes = [
        "out=elsewhere",
        "cache=c",
        "valid_streams=1",
        "ears.workers=3",
        "loop.threads=2",
        "loop.evaluate_every=9",
    ]
    assert claimed(read_recipe(NanoRecipe, path, changes)) == claimed(read_recipe(NanoRecipe, path))
