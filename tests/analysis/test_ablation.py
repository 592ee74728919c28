"""Recipes, fresh models, and one tiny run that is not done twice."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import torch

from soundflow.analysis.ablation import finished_ablation, fresh_model, read_ablation, run_ablation
from soundflow.analysis.ablation_table import FIGURES
from soundflow.data.build.recipe import recipe_of
from soundflow.errors import InputError, UsageError
from soundflow.model.bundle import Bundle
from tests.analysis.conftest import small
from tests.conftest import REPOSITORY
from tests.data.build.clips import write_clips

RECIPE = REPOSITORY / "recipes" / "ablation.toml"
TINY = """
choosing_streams = 1
judging_streams = 1
text_streams = 1
[corpus]
turns = [3, 4]
[corpus.tasks]
safety_alert = 1
history_review = 1
[loop]
steps = 2
batch_size = 2
workers = 0
threads = 1
uses = 2
pool = 2
evaluate_every = 9
[[row]]
name = "first"
table = "t"
[[row]]
name = "λ"
table = "t"
set = ["loop.objective.stream_weight=2.0"]
expects = { text = "worse" }
"""


def split_clips(folder: Path) -> Path:
    """The small folder of `data build`'s tests, every clip in each of three splits."""
    write_clips(folder)
    rows = [json.loads(line) for line in (folder / "clips.jsonl").read_text().splitlines()]
    copies = [
        row | {"id": f"{row['id']}-{split}", "split": split} for split in ("train", "valid", "test") for row in rows
    ]
    (folder / "clips.jsonl").write_text("".join(json.dumps(row) + "\n" for row in copies))
    return folder


def test_the_recipe_that_ships_has_the_papers_rows() -> None:
    recipe = read_ablation(RECIPE)
    assert len(recipe.seeds) == 3 and recipe.loop.objective.stream_weight == 1.0
    assert not recipe.row[0].set and all(row.set for row in recipe.row[1:])
    changed = {row.name: read_ablation(RECIPE, row.set) for row in recipe.row}
    assert [changed[f"λ = {weight}"].loop.objective.stream_weight for weight in ("0.5", "2")] == [0.5, 2.0]
    assert {one.chunk_seconds for one in changed.values()} == {0.2, 0.4, 0.6, 0.8}
    whole, random = (recipe_of(changed[name].corpus, "") for name in (recipe.row[0].name, "without event selection"))
    assert (whole.curation, random.curation) == ("scene", "random")
    assert not recipe_of(changed["without TFJP"].corpus, "").tfjp
    silent = recipe_of(changed["without silence training"].corpus, "")
    assert silent.tasks["keep_silent"] == silent.mix_ins.silence == 0
    review = recipe_of(changed["without history review"].corpus, "")
    assert review.tasks["history_review"] == review.mix_ins.history_review == 0
    assert {name for row in recipe.row for name in row.expects} <= set(FIGURES)


def test_a_key_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('clips = "c"\n[loop]\nsteps = 1\n[[row]]\nname = "x"\ntable = "t"\nset = ["loop.stepps=2"]\n')
    with pytest.raises(UsageError, match="unknown key 'stepps'"):
        read_ablation(path)
    path.write_text(path.read_text().replace("loop.stepps=2", "corpus.tfpj=false"))
    with pytest.raises(InputError, match=r"row x: .*unknown key 'tfpj'"):
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


def test_what_is_finished_is_not_trained_again(bundle: Bundle, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    folder, path = split_clips(tmp_path / "in"), tmp_path / "a.toml"
    places = f'clips = "{folder}"\ncache = "{tmp_path / "cache"}"\nout = "{tmp_path / "out"}"\nseeds = [1]\n'
    path.write_text(places + TINY)
    done: list[int] = []
    assert finished_ablation(path, (), bundle) == []
    table = run_ablation(path, (), bundle, lambda: done.append(1))
    assert [row.row.name for row in table] == ["first", "λ"] and len(done) == 2
    first = table[0].figures
    assert 0 <= first["balanced"].values[0] <= 1 and 0 <= first["area"].values[0] <= 1
    assert first["text"].values[0] > 1 and first["review"].values[0] > 1
    assert not list((tmp_path / "out").rglob("state.pt"))
    kept = (tmp_path / "out" / "finished.jsonl").read_bytes()
    logs = {p: p.read_bytes() for p in (tmp_path / "out").rglob("log.jsonl")}
    assert run_ablation(path, (), bundle) == finished_ablation(path, (), bundle) == table
    assert finished_ablation(path, ("seeds=[1, 2]",), bundle) == table  # the second seed is still to come
    moved = shutil.copytree(folder, tmp_path / "moved")
    assert finished_ablation(path, (f"clips={moved}",), bundle) == table, "the same clips at another place"
    assert finished_ablation(path, (), dataclasses.replace(small(seed=2), name=bundle.name)) == []
    rows = (folder / "clips.jsonl").read_text().splitlines()
    (folder / "clips.jsonl").write_text("".join(line + "\n" for line in rows[:-1]))
    assert finished_ablation(path, (), bundle) == [], "other clips at the same place"
    (folder / "clips.jsonl").write_text("".join(line + "\n" for line in rows))
    assert (tmp_path / "out" / "finished.jsonl").read_bytes() == kept and len(logs) == 2
    assert all(p.read_bytes() == text for p, text in logs.items())
