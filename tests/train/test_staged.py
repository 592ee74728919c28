"""Recipes of stages, end to end on a tiny corpus: each stage from the one before, going on, refusals."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from soundflow.api import load
from soundflow.cli.main import main
from soundflow.errors import InputError, UsageError
from soundflow.model.checkpoint.recognise import config_of
from soundflow.train import staged
from soundflow.train.fresh import FreshStreams
from soundflow.train.parallel import World
from soundflow.train.resume import claim
from soundflow.train.shards import ShardStreams
from soundflow.train.staged import (
    Both,
    StagedRecipe,
    _claimed,
    _unmet_of,
    plan_staged,
    read_staged,
    run_staged,
    sorted_out,
)
from soundflow.train.stages import PAPER, Stage
from tests.train.corpora import write_corpus, write_start
from tests.train.test_run import folder as tones  # noqa: F401  (a folder of clips, as a fixture)

RECIPE = """
start = "{start}"
data = ["{corpus}"]
valid = ["{corpus}"]
valid_streams = 3
out = "{out}"
workers = 0
threads = 1
evaluate_every = 2
checkpoint_every = 2
"""
STAGE = """
[[stage]]
number = {number}
steps = 2
batch_size = 2
micro_batch = 1
mix = {{proactive_respond = 1, real_time_asr = 1, streaming_audio_understanding = 1}}
"""


LORA = ("stage.lora_rank=2", "stage.steps=1", "stage.batch_size=1")


def write_recipe(folder: Path, corpus: Path, *numbers: int, more: str = "") -> Path:
    """A recipe of these stages, from the small model."""
    start = folder / "start"
    if not start.exists():
        write_start(start)
    text = RECIPE.format(start=start, corpus=corpus, out=folder / "out")
    path = folder / "recipe.toml"
    path.write_text(text + more + "".join(STAGE.format(number=number) for number in numbers))
    return path


@pytest.mark.slow
def test_four_stages_follow_each_other(corpus: Path, tmp_path: Path) -> None:
    path = write_recipe(tmp_path, corpus, 1, 2, 3, 4, more="keep_features = true\n")
    out = run_staged(read_staged(path))
    assert out == tmp_path / "out" / "model"
    folders = [tmp_path / "start", *(tmp_path / "out" / f"stage{n}" / "model" for n in (1, 2, 3)), out]
    weights = [load_file(folder / "model.safetensors") for folder in folders]
    for number, (before, after) in enumerate(itertools.pairwise(weights), start=1):
        changed = {name for name in before if not torch.equal(before[name], after[name])}
        owners = {name.split(".")[0] for name in changed}
        assert not any(name.startswith("encoder") for name in changed)
        assert owners == {1: {"decoder"}, 2: {"adapter"}}.get(number, {"decoder", "adapter"}), number
        if number == 1:
            assert changed == {"decoder.embed_tokens.weight"}, "tied: the head is the table"
    with load(out).session() as session:
        events = [*session.feed(np.zeros(16_000, np.float32)), *session.end()]
    assert sum(event.type == "decision" for event in events) == 3
    valid = [json.loads(line) for line in (tmp_path / "out" / "stage4" / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in valid if row["kind"] == "valid"] == [0, 2]
    written = (out / "model.safetensors").stat().st_mtime_ns
    assert run_staged(read_staged(path)) == out
    assert (out / "model.safetensors").stat().st_mtime_ns == written, "nothing was left to train"


@pytest.mark.slow
def test_streams_behind_other_voices_are_learned_from_with_kept_features_or_without(tmp_path: Path) -> None:
    corpus, logs = write_corpus(tmp_path / "aloud", aloud=(0, 1, 2, 3)), []
    for keep in ("true", "false"):
        more = f"keep_features = {keep}\n"
        path = write_recipe(tmp_path / keep, corpus, 4, more=more)
        path.write_text(path.read_text() + "respoken_share = 1.0\nhearing_weight = 0.3\nasked_weight = 0.3\n")
        run_staged(read_staged(path))
        lines = (tmp_path / keep / "out" / "stage1" / "log.jsonl").read_text().splitlines()
        logs.append([row["loss"] for row in map(json.loads, lines) if row["kind"] == "train"])
    assert len(logs[0]) == 2 and logs[0] == pytest.approx(logs[1], rel=1e-4)


@pytest.mark.slow
def test_lora_from_the_released_layout(corpus: Path, tmp_path: Path, release_kit: Path) -> None:
    path = write_recipe(tmp_path, corpus, 4)
    out = run_staged(read_staged(path, [f"start={release_kit}", "valid=[]", "storage=bfloat16", *LORA]))
    model = load(out, arithmetic="float32")
    assert model.config.control.silent == 151605 and model.config.encoder == config_of(release_kit).encoder
    with model.session() as session:
        events = [*session.feed(np.zeros(6_400, np.float32)), *session.end()]
    assert any(event.type == "decision" for event in events)


@pytest.mark.slow
def test_low_rank_matrices_lower_the_loss_on_streams_that_are_held_out(
    corpus: Path, tmp_path: Path, release_kit: Path
) -> None:
    held_out = write_corpus(tmp_path / "valid", streams=4, first=100)
    changes = [f"start={release_kit}", f'valid=["{held_out}"]', "stage.lora_rank=8", "stage.learning_rate=3e-3"]
    run_staged(read_staged(write_recipe(tmp_path, corpus, 4), [*changes, "stage.steps=8", "evaluate_every=8"]))
    lines = (tmp_path / "out" / "stage1" / "log.jsonl").read_text().splitlines()
    before, after = (row for row in map(json.loads, lines) if row["kind"] == "valid")
    assert (before["step"], after["step"]) == (0, 8)
    assert after["lm"] < before["lm"] - 1 and after["stream"] < before["stream"]


@pytest.mark.slow
def test_new_sounds_out_of_folders_of_clips(
    tones: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    new = tmp_path / "new"
    new.mkdir()
    rows = [json.loads(line) for line in (tones / "clips" / "clips.jsonl").read_text().splitlines()]
    (new / "0.wav").write_bytes((tones / "clips" / "0.wav").read_bytes())
    (new / "clips.jsonl").write_text(json.dumps(rows[0] | {"label": "kettle", "recording": "k"}))
    (new / "labels.json").write_text('{"kettle": {"display": "Kettle", "proactive": true, "advice": "Take it off."}}')
    path = write_recipe(tmp_path, new, 4)
    data = json.dumps([str(new), str(tones / "clips")])
    changes = [f"data={data}", "valid=[]", f"cache={tmp_path / 'cache'}", "new_share=1.0", "stage.mix={}"]
    model = load(run_staged(read_staged(path, changes)))
    assert "kettle" in model.config.labels
    assert model.bundle.config.encoder == load(tmp_path / "start").config.encoder


def test_another_run_in_the_folder_is_refused(corpus: Path, tmp_path: Path) -> None:
    path = write_recipe(tmp_path, corpus, 2)
    run_staged(read_staged(path, ["stage.steps=1"]))
    with pytest.raises(InputError, match="another stage"):
        run_staged(read_staged(path))


def test_other_data_or_weights_under_the_same_path_are_another_run(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    path = write_recipe(tmp_path, corpus, 2)
    recipe = read_staged(path, ["valid=[]", "stage.steps=1"])
    out = run_staged(recipe)
    assert run_staged(recipe) == out
    corpus.rename(tmp_path / "before")
    write_corpus(corpus, streams=7)
    with pytest.raises(InputError, match="holds a run with another data —"):
        run_staged(recipe)
    shutil.rmtree(corpus)
    (tmp_path / "before").rename(corpus)
    assert run_staged(recipe) == out
    weights = tmp_path / "start" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")  # as many bytes
    with pytest.raises(InputError, match="holds a run with another start —"):
        run_staged(recipe)


def test_other_clips_under_the_same_path_are_another_run(
    tones: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    recipe = read_staged(write_recipe(tmp_path, tones / "clips", 4), ["valid=[]", "stage.mix={}", "stage.steps=1"])
    claim(recipe.out, _claimed(recipe, tmp_path / "start"))
    (recipe.out / "stage1").mkdir()
    rows = (tones / "clips" / "clips.jsonl").read_text()
    (tones / "clips" / "clips.jsonl").write_text(rows.replace("cow", "dog"))
    with pytest.raises(InputError, match="holds a run with another data —"):
        run_staged(recipe)


def test_what_the_mix_cannot_give_is_said_when_a_stage_begins(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(staged.log, "warning", lambda text, *values: said.append(text % values))
    mix = "stage.mix={following_music = 1, proactive_respond = 1, streaming_audio_understanding = 3}"
    run_staged(read_staged(write_recipe(tmp_path, corpus, 2), [mix, "stage.steps=1", "valid=[]"]))
    assert said == [
        "stage 1 (the paper's 2): mix.following_music: a share of 0.2 is asked, it will be 0: 0 of 8 streams are such"
    ]


def test_that_clips_alone_have_no_mix_is_said_where_one_is_asked(
    tones: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    path = write_recipe(tmp_path, tones / "clips", 4)
    for asked, lines in (("{}", 0), ("{keep_silent = 2}", 1)):
        recipe = read_staged(path, [f"stage.mix={asked}", "stage.respoken_share=0.0", "valid=[]"])
        source, stage = staged._sources(recipe, recipe.stage[0], 0.4)[0], recipe.stage[0]
        said = _unmet_of(source, stage)
        assert said == _unmet_of(Both(source, source, 0.5, 0), stage), "of both, what is built is asked"
        assert said == ["mix is asked of corpora, and all data are clips: it does nothing"][:lines]


def test_that_too_few_streams_are_held_out_is_said(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(staged.log, "warning", lambda text, *values: said.append(text % values))
    held_out = ShardStreams([corpus], None, 0)
    assert [list(staged._own_of(held_out, 3, World(rank, 2))) for rank in (0, 1)] == [[0], [1]] and said == []
    assert [list(staged._own_of(held_out, 1, World(rank, 2))) for rank in (0, 1)] == [[], []]
    assert said == ["no stage is judged: 1 streams are held out for 2 processes"]


def test_a_corpus_to_be_judged_on_stands_above_the_clips_own_split(
    corpus: Path,
    tones: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    path = write_recipe(tmp_path, tones / "clips", 4)
    for valid, kind in ((f'["{corpus}"]', ShardStreams), ("[]", FreshStreams)):
        recipe = read_staged(path, [f"valid={valid}", "stage.mix={}"])
        assert isinstance(staged._sources(recipe, recipe.stage[0], 0.4)[1], kind)


def test_a_plan_of_a_run_that_is_half_done_tells_what_is_left(corpus: Path, tmp_path: Path) -> None:
    path = write_recipe(tmp_path, corpus, 1, 2)

    def stop(step: int) -> None:
        reached.append(step)
        if len(reached) == 4:  # the second stage's second step
            raise KeyboardInterrupt

    reached: list[int] = []
    recipe = read_staged(path, ["checkpoint_every=1", "valid=[]", "stage.2.steps=3"])
    assert [plan.streams for plan in plan_staged(recipe)] == [4, 6]
    with pytest.raises(KeyboardInterrupt):
        run_staged(recipe, stop)
    assert [plan.streams for plan in plan_staged(recipe)] == [0, 2]
    other = read_staged(path, ["checkpoint_every=1", "valid=[]"])
    assert [plan.streams for plan in plan_staged(other)] == [4, 4], "another run's checkpoints tell nothing"


def test_a_plan_is_one_line_of_json_a_stage(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_recipe(tmp_path, corpus, 1, 2)
    assert main(["train", str(path), "--plan", "--json"]) == 0
    plans = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(plan["stage"], plan["number"]) for plan in plans] == [(1, 1), (2, 2)]
    assert plans[0]["learning"] > plans[1]["learning"] > 0 and plans[0]["streams"] == 4
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("start=nobody", "there is no model nobody"),
        ("data=nowhere", "neither corpus.json nor clips.jsonl"),
        ("parallel=dpp", "parallel is 'dpp' — did you mean 'ddp'"),
        ("storage=bf16", "storage is 'bf16' — did you mean 'bfloat16'"),
        ("threads=0", "at least 1"),
        ("workers=-1", "workers is -1 — at least 0"),
        ("new_share=1.5", "new_share is 1.5 — 0 to 1"),
        ("stage.seed=-1", "seed is -1"),
        ("stage.stream_weight=-1", "stream_weight is -1.0"),
        ("stage.learning_rate=nan", "learning_rate is nan"),
        ("strat=nano", "did you mean 'start'"),
        ("stage.step=3", "did you mean 'steps'"),
        ("stage.batch_size=3", "a multiple of 2"),
    ],
)
def test_each_fault_is_one_clear_line(corpus: Path, tmp_path: Path, change: str, says: str) -> None:
    path = write_recipe(tmp_path, corpus, 2)
    with pytest.raises((InputError, UsageError), match=says):
        run_staged(read_staged(path, ["stage.micro_batch=2", change] if "batch" in change else [change]))


def test_corpora_and_clips_are_told_apart(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "clips.jsonl").write_text("{}\n")
    assert sorted_out([corpus, tmp_path, corpus]) == ((corpus, corpus), (tmp_path,))
    with pytest.raises(InputError, match="holds neither"):
        sorted_out([tmp_path / "nowhere"])


@pytest.mark.slow
def test_a_second_edition_learns_from_both_with_new_words_and_answers(
    corpus: Path,
    tones: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    path = write_recipe(tmp_path, corpus, 3, 4, more="vocab_size = 330\nclips_share = 0.5\n")
    data = json.dumps([str(corpus), str(tones / "clips")])
    changes = [
        f"data={data}",
        f"cache={tmp_path / 'cache'}",
        "stage.offline_share=0.5",
        "recording=stream",
        "stage.trains=['encoder', 'lm']",
    ]
    model = load(run_staged(read_staged(path, changes)))
    assert (model.config.offline, model.config.recording) == ("chunks", "stream")
    assert model.config.decoder.vocab_size == 330
    assert model.bundle.tokenizer.vocab_size == 330
    assert isinstance(model.conversation().ask("What is it?", np.zeros(16_000, np.float32)).text, str)


@pytest.mark.slow
def test_a_new_decoder_listens_before_it_learns_to_answer(corpus: Path, tmp_path: Path) -> None:
    path = write_recipe(tmp_path, corpus, 3, 4, more="new_decoder = true\n")
    text = path.read_text().replace("number = 3", 'number = 3\nform = "listening"\nhearing_weight = 1.0', 1)
    path.write_text(text)
    run_staged(read_staged(path))
    rows = [json.loads(line) for line in (tmp_path / "out" / "stage1" / "log.jsonl").read_text().splitlines()]
    learned = [row for row in rows if row["kind"] == "train"]
    assert all(row["hearing"] > 0 and row["stream"] == 0 for row in learned)
    assert (tmp_path / "out" / "start" / "model" / "config.json").is_file()


def test_the_first_recipe_names_every_key(repository: Path, tmp_path: Path) -> None:
    said = re.sub(r"(?m)^# (\w+ = |\[)", r"\1", (repository / "recipes" / "stage1.toml").read_text())
    values = tomllib.loads(said)  # with all that is a comment there
    assert set(values) == {field.name for field in dataclasses.fields(StagedRecipe)}
    (stage,) = values["stage"]
    assert set(stage) == {field.name for field in dataclasses.fields(Stage)}
    (tmp_path / "all.toml").write_text(said)
    assert read_staged(tmp_path / "all.toml", ['wandb.project=""']).stage == (PAPER[1],)


def test_large_models_learn_thin_matrices_where_the_guide_says(repository: Path) -> None:
    guide = (repository / "docs" / "how-to" / "train.md").read_text()
    (given,) = re.findall(r"takes `(stage[^`]*lora_rank[^`]*)`", guide)
    stages = read_staged(repository / "recipes" / "small.toml", given.split()).stage
    assert [stage.lora_rank for stage in stages] == [0, 0, 16, 16]


def test_a_recipe_without_stages_has_no_plan(repository: Path) -> None:
    with pytest.raises(UsageError, match=r"has no \[\[stage\]\]"):
        read_staged(repository / "recipes" / "nano.toml")
