"""Checkpoints that a run goes on from exactly: weights that learn, the optimiser's state, the position in the data.

A checkpoint is a folder of PyTorch's distributed format, so that it can be read by another number of processes. It is
written under a temporary name and renamed; the one before is removed after that. Whatever moment a run is killed at,
the newest whole checkpoint is there. Tests: tests/train/test_resume.py.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch.distributed.checkpoint.api import CheckpointException

from soundflow.atomic import write_text
from soundflow.errors import InputError
from soundflow.train.guard import Guard
from soundflow.train.parallel import Engine, World

_PREFIX = "step-"
_POSITION = "position.json"


@dataclass(frozen=True)
class Position:
    """Where a run stands: steps done (and so streams drawn), and what its guard remembers."""

    step: int = 0
    guard: Guard = field(default_factory=Guard)


def save(folder: Path, engine: Engine, position: Position, world: World) -> None:
    """Write a checkpoint and remove the older ones. All processes must call it."""
    target = folder / f"{_PREFIX}{position.step:09d}"
    temporary = folder / f"{target.name}.tmp"
    if world.is_first:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
    world.wait()
    engine.save(temporary)
    if world.is_first:
        (temporary / _POSITION).write_text(json.dumps(dataclasses.asdict(position)) + "\n")
        shutil.rmtree(target, ignore_errors=True)
        temporary.replace(target)
        for older in _found(folder):
            if older != target:
                shutil.rmtree(older)
    world.wait()


def restore(folder: Path, engine: Engine) -> Position:
    """Go on from the newest whole checkpoint, if there is one. All processes must call it.

    Raises:
        InputError: it is damaged.
    """
    checkpoints = _found(folder)
    if not checkpoints:
        return Position()
    newest = checkpoints[-1]
    try:
        found = json.loads((newest / _POSITION).read_text())
        engine.load(newest)
        guard = Guard(tuple(found["guard"]["losses"]), int(found["guard"]["left_out"]))
        return Position(int(found["step"]), guard)
    except (OSError, ValueError, KeyError, RuntimeError, CheckpointException) as error:
        message = f"the checkpoint {newest} cannot be read: {error}"
        raise InputError(
            "resume.damaged", message, "remove it; the run goes on from an older one, or begins"
        ) from error


def claim(folder: Path, values: dict[str, Any]) -> None:
    """Say in a run's folder what it trains, or see that it says the same.

    Raises:
        InputError: the folder holds another run.
    """
    path = folder / "run.json"
    text = json.dumps(values, indent=1, sort_keys=True, default=str) + "\n"
    if path.exists():
        if path.read_text(encoding="utf-8") != text:
            changed = _changed(path.read_text(encoding="utf-8"), text)
            message = f"{folder} holds a run with another {changed}"
            raise InputError("resume.other_run", message, "give another out folder, or remove this one")
        return
    if (folder / "model").exists():  # nobody knows what it learned, and it would count as done
        found = f"{folder} holds a model and does not say which run made it"
        raise InputError("resume.unclaimed", found, "give another out folder, or remove this one")
    folder.mkdir(parents=True, exist_ok=True)
    write_text(path, text)


def _changed(before: str, now: str) -> str:
    """The keys whose values differ."""
    try:
        old, new = json.loads(before), json.loads(now)
    except ValueError:
        return "configuration"
    return ", ".join(key for key in sorted(new) if old.get(key) != new[key]) or "configuration"


def _found(folder: Path) -> list[Path]:
    """Whole checkpoints, the oldest first."""
    return sorted(p for p in folder.glob(f"{_PREFIX}*") if p.suffix != ".tmp" and (p / _POSITION).exists())
