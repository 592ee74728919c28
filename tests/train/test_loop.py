"""One stage: losses fall, steps that would do harm are left out, and a killed run goes on to the bit."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from soundflow.errors import OutsideError
from soundflow.train.features import cache_of
from soundflow.train.learner import Costs
from soundflow.train.loop import Cadence, StageRun
from soundflow.train.packing import Packed
from soundflow.train.parallel import World
from soundflow.train.stages import Stage
from tests.train.corpora import STAGE, documents, small_start
from tests.train.processes import apart

KILLS = 5


def run_of(corpus: Path, out: Path, stage: Stage = STAGE, every: int = 2) -> StageRun:
    cadence = Cadence(evaluate_every=every, checkpoint_every=every)
    return StageRun(small_start().network, documents(corpus, stage), out, World(), cadence)


def lines(out: Path, kind: str) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    return [row for row in rows if row["kind"] == kind]


def test_losses_fall_on_streams_that_are_not_learned_from(corpus: Path, tmp_path: Path) -> None:
    stage = dataclasses.replace(STAGE, steps=16, learning_rate=1e-2)
    valid = [documents(corpus, dataclasses.replace(stage, seed=1))[i] for i in range(4)]
    run = run_of(corpus, tmp_path, stage, every=8)
    before = run.evaluate(valid)
    run.run(valid)
    found = lines(tmp_path, "valid")
    assert [row["step"] for row in found] == [0, 8, 16] and found[-1]["events"] == before.events > 0
    assert found[0]["lm"] == before.lm
    assert found[-1]["lm"] < before.lm and found[-1]["stream"] < before.stream
    assert len(lines(tmp_path, "train")) == 16 and list((tmp_path / "tensorboard").iterdir())


def test_progress_leaves_standard_output_alone(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_of(corpus, tmp_path, dataclasses.replace(STAGE, steps=1)).run([])
    told = capsys.readouterr()
    assert told.out == "" and f"stage 1 (the paper's {STAGE.number})" in told.err


def test_kept_features_change_nothing(corpus: Path, tmp_path: Path) -> None:
    kept = run_of(corpus, tmp_path / "kept")
    kept._features = cache_of(tmp_path / "features", kept.network, False)
    plain = run_of(corpus, tmp_path / "plain").run([])
    assert all(torch.equal(plain[name], tensor) for name, tensor in kept.run([]).items())


def test_accumulated_passes_are_one(corpus: Path, tmp_path: Path) -> None:
    one = run_of(corpus, tmp_path / "one", dataclasses.replace(STAGE, micro_batch=4)).run([])
    four = run_of(corpus, tmp_path / "four", dataclasses.replace(STAGE, micro_batch=1)).run([])
    assert all(torch.allclose(one[name], tensor, atol=1e-4) for name, tensor in four.items())


def test_a_step_without_a_finite_loss_changes_nothing(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(corpus, tmp_path, dataclasses.replace(STAGE, steps=1))
    before = {name: p.detach().clone() for name, p in run.network.named_parameters()}
    costs = run.engine.costs

    def poisoned(batch: Packed, denominator: Tensor) -> Costs:
        found = costs(batch, denominator)
        return found._replace(total=found.total * float("nan"))

    monkeypatch.setattr(run.engine, "costs", poisoned)
    run.run([])
    assert lines(tmp_path, "train")[0]["left_out"] == 1.0
    assert all(torch.equal(p, before[name]) for name, p in run.network.named_parameters())
    with pytest.raises(OutsideError, match="5 steps in a row"):
        again = run_of(corpus, tmp_path / "again", dataclasses.replace(STAGE, steps=9))
        monkeypatch.setattr(again.engine, "costs", poisoned)
        again.run([])


def test_a_plan_changes_nothing(corpus: Path, tmp_path: Path) -> None:
    planned = run_of(corpus, tmp_path / "planned")
    found = planned.plan()
    assert found.learning < found.parameters and found.streams == STAGE.steps * STAGE.batch_size
    assert found.hours > 0 and found.optimizer_bytes == 12 * found.learning and 0 < found.mfu < 2
    plain = run_of(corpus, tmp_path / "plain").run([])
    assert all(torch.equal(plain[name], tensor) for name, tensor in planned.run([]).items())


def test_a_plans_hours_hold_what_hearing_takes_but_where_it_is_kept(corpus: Path, tmp_path: Path) -> None:
    run = run_of(corpus, tmp_path / "heard")
    found = run.plan()
    assert found.hearing_seconds > 0
    whole = (found.pass_seconds + found.hearing_seconds) * STAGE.steps * STAGE.batch_size / STAGE.micro_batch
    assert found.hours == pytest.approx(whole / 3600)
    run._features = cache_of(tmp_path / "features", run.network, False)
    assert run.plan().hearing_seconds == 0


def test_the_bar_begins_where_the_run_goes_on(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_of(corpus, tmp_path).run([])
    capsys.readouterr()
    run_of(corpus, tmp_path).run([])
    assert f"{STAGE.steps}/{STAGE.steps}" in capsys.readouterr().err


def test_a_plan_after_a_stop_tells_what_is_left(corpus: Path, tmp_path: Path) -> None:
    def stop(step: int) -> None:
        if step == 3:
            raise KeyboardInterrupt

    whole = run_of(corpus, tmp_path / "whole").run([])
    with pytest.raises(KeyboardInterrupt):
        run_of(corpus, tmp_path / "cut").run([], stop)  # its checkpoint stands at 2 of 4 steps
    again = run_of(corpus, tmp_path / "cut")
    planned = again.plan()
    assert planned.streams == 2 * STAGE.batch_size and f"{planned.streams} streams" in str(planned)
    assert all(torch.equal(whole[name], tensor) for name, tensor in again.run([]).items())
    assert run_of(corpus, tmp_path / "cut").plan().streams == 0


def test_killed_before_its_first_checkpoint_a_run_logs_each_step_once(corpus: Path, tmp_path: Path) -> None:
    def stop(step: int) -> None:
        raise KeyboardInterrupt

    valid = [documents(corpus)[0]]
    with pytest.raises(KeyboardInterrupt):
        run_of(corpus, tmp_path).run(valid, stop)
    run_of(corpus, tmp_path).run(valid)
    assert [row["step"] for row in lines(tmp_path, "valid")] == [0, 2, 4]
    assert [row["step"] for row in lines(tmp_path, "train")] == [1, 2, 3, 4]


LONG = dataclasses.replace(STAGE, steps=14, hearing_weight=0.3, feature_dropout=0.2)


def killed(corpus: Path, out: Path, at: int) -> None:
    """Train until step `at` is done, and die without a word."""

    def die(step: int) -> None:
        if step == at:
            os.kill(os.getpid(), signal.SIGKILL)

    run_of(corpus, out, LONG, every=3).run([], die)


def killed_while_saving(corpus: Path, out: Path) -> None:
    """Train, and die when a checkpoint is half written."""
    run = run_of(corpus, out, LONG, every=3)
    run.engine.save = lambda folder: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign]
    run.run([])


@pytest.mark.slow
def test_killed_five_times_it_ends_to_the_bit_where_an_unbroken_run_does(corpus: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    whole = run_of(corpus, tmp_path / "whole", LONG, every=3).run([])
    cut, reached = tmp_path / "cut", 0
    chance = random.Random(13)
    for _ in range(KILLS - 1):
        reached = min(LONG.steps - 1, reached + chance.randint(1, 4))
        assert apart(killed, corpus, cut, reached) == -signal.SIGKILL
        reached = reached // 3 * 3  # where it will go on
    assert apart(killed_while_saving, corpus, cut) == -signal.SIGKILL
    resumed = run_of(corpus, cut, LONG, every=3)
    found = resumed.run([])
    assert all(torch.equal(whole[name], tensor) for name, tensor in found.items())
    curves = [[row["loss"] for row in lines(tmp_path / name, "train")] for name in ("whole", "cut")]
    assert curves[0] == curves[1] and len(curves[0]) == LONG.steps
    assert [p.name for p in cut.glob("step-*")] == [f"step-{LONG.steps:09d}"], "older and broken ones are gone"
