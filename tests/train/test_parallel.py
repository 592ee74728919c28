"""Several processes learn what one would; each mode is seen in the weights themselves."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel

from soundflow.errors import OutsideError
from soundflow.train.loop import Cadence, StageRun
from soundflow.train.parallel import Mode, World, ZeroEngine
from tests.train.corpora import STAGE, documents, small_start
from tests.train.processes import together

STEPS = 20
LONG = dataclasses.replace(STAGE, steps=STEPS, batch_size=4, micro_batch=1, hearing_weight=0.3)


def learn(world: World, corpus: Path, out: Path, mode: Mode) -> None:
    """Train a few steps and leave the weights, the losses and what was seen of the mode."""
    cadence = Cadence(mode, evaluate_every=10, checkpoint_every=10)
    run = StageRun(small_start().network, documents(corpus, LONG), out / mode, world, cadence)
    proof = run.engine.proof()
    valid = [documents(corpus)[world.rank]]
    found = run.run(valid)
    again = StageRun(small_start().network, documents(corpus, LONG), out / mode, world, cadence)
    restored = again.run(valid)  # from the last checkpoint: nothing is left to do
    assert all(torch.equal(found[name], tensor) for name, tensor in restored.items())
    if world.is_first:
        kinds = sorted({type(p).__name__ for p in run.engine.module.parameters() if p.requires_grad})
        seen = {"proof": proof, "kinds": kinds, "module": type(run.engine.module).__name__}
        (out / f"{mode}.json").write_text(json.dumps(seen))
        save_file({name: tensor.contiguous() for name, tensor in found.items()}, out / f"{mode}.safetensors")


def learn_both(world: World, corpus: Path, out: Path) -> None:
    """Both of PyTorch's modes in the same processes."""
    learn(world, corpus, out, "ddp")
    learn(world, corpus, out, "fsdp")


def losses(folder: Path) -> list[float]:
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [row["loss"] for row in rows if row["kind"] == "train"]


@pytest.mark.slow
def test_two_processes_learn_what_one_does(corpus: Path, tmp_path: Path) -> None:
    alone = StageRun(small_start().network, documents(corpus, LONG), tmp_path / "alone", World(), Cadence())
    one = alone.run([])
    assert together(learn_both, 2, tmp_path / "two", corpus, tmp_path) == [0, 0]
    for mode in ("ddp", "fsdp"):
        two = load_file(tmp_path / f"{mode}.safetensors")
        assert two.keys() == one.keys()
        assert all(torch.allclose(one[name], tensor, atol=1e-4) for name, tensor in two.items()), mode
        assert losses(tmp_path / mode) == pytest.approx(losses(tmp_path / "alone"), abs=1e-4)
        assert len(losses(tmp_path / mode)) == STEPS
    ddp, fsdp = (json.loads((tmp_path / f"{mode}.json").read_text()) for mode in ("ddp", "fsdp"))
    assert ddp["module"] == DistributedDataParallel.__name__ and ddp["proof"].startswith("ddp: 2 processes")
    assert fsdp["kinds"] == [DTensor.__name__] and fsdp["proof"].startswith("fsdp: ")
    held, whole = [int(w.replace(",", "")) for w in fsdp["proof"].split() if w.replace(",", "").isdigit()][1:]
    assert held <= whole * 0.6, "each process holds its half"


@pytest.mark.skipif(importlib.util.find_spec("deepspeed") is not None, reason="DeepSpeed is installed")
def test_without_deepspeed_one_line_says_so(corpus: Path) -> None:
    run = StageRun(small_start().network, documents(corpus), Path("unused"), World(), Cadence())
    with pytest.raises(OutsideError, match="needs DeepSpeed"):
        ZeroEngine(run.learner, World())


def learn_zero(world: World, corpus: Path, out: Path) -> None:
    """DeepSpeed's ZeRO-2."""
    learn(world, corpus, out, "zero2")


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("deepspeed") is None, reason="DeepSpeed is not installed (extra [zero])")
def test_zero_2_learns_what_one_process_does(corpus: Path, tmp_path: Path) -> None:
    alone = StageRun(small_start().network, documents(corpus, LONG), tmp_path / "alone", World(), Cadence())
    one = alone.run([])
    assert together(learn_zero, 2, tmp_path / "two", corpus, tmp_path) == [0, 0]
    two = load_file(tmp_path / "zero2.safetensors")
    assert all(torch.allclose(one[name], tensor, atol=1e-4) for name, tensor in two.items())
    assert losses(tmp_path / "zero2") == pytest.approx(losses(tmp_path / "alone"), abs=1e-4)
    assert json.loads((tmp_path / "zero2.json").read_text())["proof"].startswith("zero2: stage 2")
