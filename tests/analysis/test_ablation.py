"""The table by hand, recipes, and one tiny training that is not done twice."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from soundflow.analysis.ablation import (
    AblationRow,
    UnprocessedStore,
    fresh_model,
    read_ablation,
    results,
    run_ablation,
)
from soundflow.data.clips import ClipStore
from soundflow.errors import UsageError
from soundflow.model.bundle import Bundle
from tests.conftest import REPOSITORY
from tests.data.test_clips import write_folder

RECIPE = REPOSITORY / "recipes" / "ablation.toml"
ROWS = tuple(AblationRow(name, "t") for name in ("first", "other", "like it"))


def test_the_table_by_hand() -> None:
    balanced = {"first": (0.70, 0.72), "other": (0.60, 0.62), "like it": (0.71, 0.73)}
    found = {name: [{"balanced": b, "area": 0.5} for b in values] for name, values in balanced.items()}
    first, other, like = results(ROWS, found)
    assert first.difference == 0 and first.exceeds is None
    assert other.difference == pytest.approx(-0.1) and other.exceeds is True
    assert like.difference == pytest.approx(0.01) and like.exceeds is False
    told = other.to_dict()
    assert told["mean"] == 0.61 and told["deviation"] == pytest.approx(0.0141, abs=1e-4)


def test_one_seed_says_nothing_of_spread() -> None:
    found = {row.name: [{"balanced": 0.5, "area": 0.5}] for row in ROWS}
    assert [row.exceeds for row in results(ROWS, found)] == [None, None, None]


def test_the_recipe_that_ships_is_well_formed_and_every_row_changes_something() -> None:
    recipe = read_ablation(RECIPE)
    assert len(recipe.seeds) == 3 and recipe.loop.objective.stream_weight == 1.0
    assert not recipe.row[0].set and all(row.set for row in recipe.row[1:])


def test_a_key_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('clips = "c"\n[loop]\nsteps = 1\n[[row]]\nname = "x"\ntable = "t"\nset = ["loop.stepps=2"]\n')
    with pytest.raises(UsageError, match="unknown key 'stepps'"):
        read_ablation(path)
    path.write_text('clips = "c"\nrow = []\n[loop]\nsteps = 1\n')
    with pytest.raises(UsageError, match="rows"):
        read_ablation(path)


@pytest.mark.parametrize("chunk_seconds", [0.2, 0.4, 0.8])
def test_a_row_hears_as_the_start_does_and_knows_nothing_else(bundle: Bundle, chunk_seconds: float) -> None:
    recipe = dataclasses.replace(read_ablation(RECIPE), chunk_seconds=chunk_seconds)
    made = fresh_model(recipe, bundle, seed=1)
    assert made.config.max_chunks * chunk_seconds == pytest.approx(24.0)
    assert torch.equal(made.network.adapter.proj.weight, bundle.network.adapter.proj.weight)
    mel = torch.randn(2, 80, round(chunk_seconds * 100), generator=torch.Generator().manual_seed(0))
    assert torch.equal(made.network.encoder(mel), bundle.network.encoder(mel))
    again, other = fresh_model(recipe, bundle, seed=1), fresh_model(recipe, bundle, seed=2)
    assert torch.equal(again.network.lm_head.weight, made.network.lm_head.weight)
    assert not torch.equal(other.network.lm_head.weight, made.network.lm_head.weight)


def test_without_tfjp_a_clip_is_what_it_was_recorded_as(tmp_path: Path) -> None:
    rows = [{"id": "a", "path": "a.wav", "label": "siren", "kind": "event", "split": "train", "length": 1.5}]
    folder = write_folder(tmp_path / "in", rows)
    store = UnprocessedStore(folder, tmp_path / "cache")
    (clip,) = store.clips(split="train")
    plain = ClipStore(folder, tmp_path / "cache")
    assert (store.tfjp_audio(clip) == plain.audio(clip)).all()
    assert store.seconds(clip, after_tfjp=True) == plain.seconds(clip) == 1.5


def test_what_is_finished_is_not_trained_again(bundle: Bundle, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    labels = {"siren": {"proactive": True}, "cow": {"proactive": False}}
    rows = [
        {"id": f"{split}{label}{i}", "path": f"{split}{label}{i}.wav", "label": label, "kind": "event", "length": 1.0}
        | {"split": split}
        for split in ("train", "valid", "test")
        for label in labels
        for i in range(2)
    ]
    folder = write_folder(tmp_path / "in", rows, labels)
    path = tmp_path / "a.toml"
    path.write_text(
        f'clips = "{folder}"\ncache = "{tmp_path / "cache"}"\nout = "{tmp_path / "out"}"\nseeds = [1]\n'
        "choosing_streams = 1\njudging_streams = 1\n[loop]\nsteps = 2\nbatch_size = 2\nworkers = 0\nthreads = 1\n"
        'uses = 2\npool = 2\nevaluate_every = 9\n[[row]]\nname = "first"\ntable = "t"\n'
        '[[row]]\nname = "λ"\ntable = "t"\nset = ["loop.objective.stream_weight=2.0"]\n'
    )
    done: list[int] = []
    table = run_ablation(path, (), bundle, lambda: done.append(1))
    assert [row.row.name for row in table] == ["first", "λ"] and len(done) == 2
    assert all(0 <= value <= 1 for row in table for value in (*row.balanced, *row.area))
    assert not list((tmp_path / "out").rglob("state.pt"))
    kept = (tmp_path / "out" / "finished.jsonl").read_bytes()
    logs = {p: p.read_bytes() for p in (tmp_path / "out").rglob("log.jsonl")}
    assert run_ablation(path, (), bundle) == table
    assert (tmp_path / "out" / "finished.jsonl").read_bytes() == kept and len(logs) == 2
    assert all(p.read_bytes() == text for p, text in logs.items())
