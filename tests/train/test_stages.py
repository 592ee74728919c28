"""The paper's table as values, and recipes that say where they differ."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from soundflow.errors import UsageError
from soundflow.train.staged import read_staged
from soundflow.train.stages import PAPER, stages_of

STAGED = ("stage1", "stage2", "stage3", "stage4", "small", "finetune", "nano-second", "nano-asked", "nano-streams")


def test_the_papers_table() -> None:
    found = {n: (s.trains, s.micro_batch, s.batch_size, s.learning_rate, s.steps, s.warmup) for n, s in PAPER.items()}
    assert found == {
        1: (("head",), 8, 512, 1e-4, 5_000, 0.03),
        2: (("adapter",), 8, 1024, 1e-4, 20_000, 0.03),
        3: (("adapter", "lm"), 4, 1024, 5e-5, 80_000, 0.03),
        4: (("adapter", "lm"), 2, 1024, 1e-5, 15_000, 0.03),
    }
    for stage in PAPER.values():
        assert (stage.stream_weight, stage.most_chunks, stage.weight_decay, stage.clip) == (1.0, 60, 0.01, 1.0)
        assert stage.bfloat16 and stage.checkpointing
    assert dataclasses.astuple(PAPER[4].mix_ins) == (0.30, 0.40, 0.30)
    # batch a GPU · accumulation · 32 GPUs
    assert [s.batch_size // (s.micro_batch * 32) for s in PAPER.values()] == [2, 4, 8, 16]


def test_a_recipe_states_its_differences() -> None:
    (stage,) = stages_of([{"number": 4, "steps": 10, "trains": ["adapter"], "mix_ins": {"silence": 0.5}}], "r")
    changed = dataclasses.replace(PAPER[4].mix_ins, silence=0.5)
    assert stage == dataclasses.replace(PAPER[4], steps=10, trains=("adapter",), mix_ins=changed)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"number": 5}, "give 1, 2, 3 or 4"),
        ({}, "number is None"),
        ({"number": 1, "step": 3}, "did you mean 'steps'"),
        ({"number": 1, "mix_ins": {"silent": 1.0}}, "did you mean 'silence'"),
        ({"number": 1, "trains": ["adaptor"]}, "did you mean 'adapter'"),
        ({"number": 1, "mix": {"real_time_asl": 1}}, "did you mean 'real_time_asr'"),
        ({"number": 1, "mix": 3}, "a table of shares"),
        ({"number": 1, "mix": {"real_time_asr": 0}}, "one of them above"),
        ({"number": 1, "form": "double"}, "form is 'double'"),
        ({"number": 1, "form": "interleave"}, "did you mean 'interleaved'"),
        ({"number": 1, "trains": "adapter"}, "trains must be a list, found 'adapter'"),
        ({"number": 1, "steps": 0}, "more than 0"),
        ({"number": 1, "warmup": 2.0}, "0 to 1"),
        ({"number": 1, "lora_rank": 4}, "where `lm` is trained"),
        ({"number": 1, "trains": []}, "trains"),
    ],
)
def test_each_fault_is_one_clear_line(table: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        stages_of([table], "recipe.toml")


@pytest.mark.parametrize("name", STAGED)
def test_the_repositorys_recipes_are_well_formed(repository: Path, name: str) -> None:
    recipe = read_staged(repository / "recipes" / f"{name}.toml", ["data=corpus", "stage.steps=2"])
    assert recipe.data == (Path("corpus"),) and {stage.steps for stage in recipe.stage} == {2}
    if name.startswith("stage"):
        number = int(name[-1])
        assert recipe.stage == (dataclasses.replace(PAPER[number], steps=2),)


def test_one_stage_of_several_can_be_named(repository: Path) -> None:
    recipe = read_staged(repository / "recipes" / "small.toml", ["stage.steps=2", "stage.3.steps=7"])
    assert [stage.steps for stage in recipe.stage] == [2, 2, 7, 2]
