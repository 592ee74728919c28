"""Checkpoints: the newest whole one, its position, and a folder that knows whose run it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from soundflow.errors import InputError
from soundflow.train.guard import Guard
from soundflow.train.learner import Learner
from soundflow.train.parallel import Engine, World, engine_of
from soundflow.train.resume import Position, claim, is_claimed, position_of, restore, save
from tests.train.corpora import STAGE, small_start


def engine(scale: float = 1.0) -> Engine:
    """A learner whose weights that learn are scaled, with moments in its optimiser."""
    made = engine_of(Learner(small_start().network, STAGE), "ddp", World())
    for p in made.module.parameters():
        if p.requires_grad:
            p.data.mul_(scale)
            p.grad = torch.full_like(p, scale)
    made.step()
    return made


def weights(made: Engine) -> list[torch.Tensor]:
    moments = [value for state in made.optimizer.state.values() for value in state.values()]
    return [*(p.detach().clone() for p in made.module.parameters()), *moments]


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    position = Position(12, Guard((0.1, 1 / 3), 2))
    first, other = engine(1.0), engine(3.0)
    save(tmp_path, first, position, World())
    assert restore(tmp_path, other) == position
    assert all(torch.equal(a, b) for a, b in zip(weights(first), weights(other), strict=True))


def test_the_newest_whole_checkpoint_is_taken_and_older_ones_go(tmp_path: Path) -> None:
    save(tmp_path, engine(), Position(2), World())
    save(tmp_path, engine(), Position(10), World())
    (tmp_path / "step-000000011.tmp").mkdir()
    (tmp_path / "step-000000012").mkdir()  # without its position it is not whole
    assert restore(tmp_path, engine()).step == 10
    assert not (tmp_path / "step-000000002").exists()
    assert restore(tmp_path / "none", engine()) == Position()


def test_a_damaged_checkpoint_is_one_line(tmp_path: Path) -> None:
    save(tmp_path, engine(), Position(2), World())
    (tmp_path / "step-000000002" / ".metadata").write_bytes(b"no")
    with pytest.raises(
        InputError, match=r"^the checkpoint \S+ cannot be read.* — remove it; its stage then begins again$"
    ):
        restore(tmp_path, engine())
    (tmp_path / "step-000000002" / "position.json").write_text("[]")
    with pytest.raises(InputError, match="cannot be read"):
        position_of(tmp_path)


def test_where_a_run_stands_is_known_without_its_weights(tmp_path: Path) -> None:
    position = Position(12, Guard((0.1, 1 / 3), 2))
    assert position_of(tmp_path) == Position()
    save(tmp_path, engine(), position, World())
    assert position_of(tmp_path) == position


def test_restored_twice_is_restored(tmp_path: Path) -> None:
    first, other = engine(1.0), engine(3.0)
    save(tmp_path, first, Position(2), World())
    assert restore(tmp_path, other) == restore(tmp_path, other) == Position(2)
    assert all(torch.equal(a, b) for a, b in zip(weights(first), weights(other), strict=True))


def test_a_folder_knows_its_run(tmp_path: Path) -> None:
    claim(tmp_path, {"start": "nano", "stage": [{"steps": 3}]})
    (tmp_path / "model").mkdir()
    claim(tmp_path, {"start": "nano", "stage": [{"steps": 3}]})
    with pytest.raises(InputError, match="another stage, start"):
        claim(tmp_path, {"start": "other", "stage": [{"steps": 4}]})


def test_a_start_that_made_nothing_claims_nothing(tmp_path: Path) -> None:
    claim(tmp_path, {"stage": [{"micro_batch": 3}]})
    claim(tmp_path, {"stage": [{"micro_batch": 1}]})
    assert is_claimed(tmp_path, {"stage": [{"micro_batch": 1}]})


def test_a_checkpoint_of_another_mode_is_sound_and_says_so(tmp_path: Path) -> None:
    made = engine()
    save(tmp_path, made, Position(2), World())
    made.format = "deepspeed"
    with pytest.raises(InputError, match=r"was made with parallel = 'ddp' or 'fsdp' — go on with that"):
        restore(tmp_path, made)
    assert position_of(tmp_path).step == 2


def test_a_checkpoint_that_does_not_say_its_mode_is_read(tmp_path: Path) -> None:
    save(tmp_path, engine(), Position(2), World())
    path = tmp_path / "step-000000002" / "position.json"
    path.write_text(
        json.dumps({name: value for name, value in json.loads(path.read_text()).items() if name != "format"})
    )
    assert restore(tmp_path, engine()).step == 2


def test_a_folder_is_asked_whose_it_is(tmp_path: Path) -> None:
    assert not is_claimed(tmp_path / "out", {"start": "nano"}) and not (tmp_path / "out").exists()
    claim(tmp_path / "out", {"start": "nano"})
    assert is_claimed(tmp_path / "out", {"start": "nano"}) and not is_claimed(tmp_path / "out", {"start": "other"})


@pytest.mark.parametrize("made", ["model", "stage1", "loop1", "ears.safetensors"])
def test_what_nobody_knows_the_run_of_is_not_gone_on_from(tmp_path: Path, made: str) -> None:
    (tmp_path / made).mkdir()
    with pytest.raises(InputError, match="does not say which run"):
        claim(tmp_path, {"start": "nano"})
    assert not (tmp_path / "run.json").exists()
