"""Checkpoints that a run goes on from exactly: weights that learn, the optimiser's state, the position in the data.

A checkpoint is a folder of PyTorch's distributed format, so that it can be read by another number of processes. It is
written under a temporary name and renamed; the one before is removed after that. Whatever moment a run is killed at,
the newest whole checkpoint is there. Tests: tests/train/test_resume.py.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from torch.distributed.checkpoint.api import CheckpointException

from soundflow.atomic import write_text
from soundflow.errors import InputError
from soundflow.train.guard import Guard
from soundflow.train.parallel import Engine, World

_PREFIX = "step-"
_POSITION = "position.json"
_CLAIM = "run.json"
_MADE = ("model", "start", "stage1", "loop1", "ears.state.pt", "ears.safetensors")  # what a run goes on from or is done

_UNREADABLE = (  # what PyTorch and JSON raise over a file that is cut off or something else
    *(OSError, EOFError, ValueError, KeyError, TypeError, RuntimeError),
    *(UnpicklingError, CheckpointException),
)


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
        stands = {"format": engine.format, **dataclasses.asdict(position)}
        (temporary / _POSITION).write_text(json.dumps(stands) + "\n")
        shutil.rmtree(target, ignore_errors=True)
        temporary.replace(target)
        for older in _found(folder):
            if older != target:
                shutil.rmtree(older)
    world.wait()


def restore(folder: Path, engine: Engine) -> Position:
    """Go on from the newest whole checkpoint, if there is one. All processes must call it.

    Raises:
        InputError: it is damaged, or made in a mode whose checkpoints this engine does not read.
    """
    position, checkpoints = position_of(folder), _found(folder)
    if checkpoints:
        _check_format(checkpoints[-1], engine)
        with readable(checkpoints[-1]):
            engine.load(checkpoints[-1])
    return position


def position_of(folder: Path) -> Position:
    """Where the newest whole checkpoint stands; the beginning where there is none.

    Raises:
        InputError: it is damaged.
    """
    checkpoints = _found(folder)
    if not checkpoints:
        return Position()
    with readable(checkpoints[-1]):
        found = json.loads((checkpoints[-1] / _POSITION).read_text())
        guard = Guard(tuple(found["guard"]["losses"]), int(found["guard"]["left_out"]))
        return Position(int(found["step"]), guard)


def _check_format(checkpoint: Path, engine: Engine) -> None:
    made = json.loads((checkpoint / _POSITION).read_text()).get("format", engine.format)  # older ones do not say
    if made != engine.format:
        modes = {"torch": "'ddp' or 'fsdp'", "deepspeed": "'zero2'"}
        found = f"{checkpoint} was made with parallel = {modes.get(made, repr(made))}"
        raise InputError("resume.other_mode", found, "go on with that, or begin anew in another out folder")


@contextmanager
def readable(checkpoint: Path) -> Iterator[None]:
    """Says of a checkpoint that cannot be read what to do; the ones before it are gone.

    Raises:
        InputError: it cannot be read.
    """
    try:
        yield
    except _UNREADABLE as error:
        reason = (str(error).splitlines() or [repr(error)])[-1]  # PyTorch tells the whole traceback before it
        message = f"the checkpoint {checkpoint} cannot be read: {reason}"
        raise InputError("resume.damaged", message, "remove it; its stage then begins again") from error


def is_claimed(folder: Path, values: Mapping[str, Any]) -> bool:
    """Whether a folder says that it holds the run of these values."""
    path = folder / _CLAIM
    return path.is_file() and path.read_text(encoding="utf-8") == _text(values)


def claim(folder: Path, values: Mapping[str, Any]) -> None:
    """Say in a run's folder what it trains, or see that it says the same; a start that made nothing claims nothing.

    Raises:
        InputError: the folder holds another run, or something that a run made and does not say which.
    """
    path, text = folder / _CLAIM, _text(values)
    before = path.read_text(encoding="utf-8") if path.exists() else None
    if before == text:
        return
    made = next((name for name in _MADE if (folder / name).exists()), None)
    if made and before is not None:
        message = f"{folder} holds a run with another {_changed(before, text)}"
        raise InputError("resume.other_run", message, "give another out folder, or remove this one")
    if made:  # nobody knows what it learned, and it would count as done
        found = f"{folder} holds {made!r} and does not say which run made it"
        raise InputError("resume.unclaimed", found, "give another out folder, or remove this one")
    folder.mkdir(parents=True, exist_ok=True)
    write_text(path, text)  # in the place of that of a start that failed before it made anything


def _text(values: Mapping[str, Any]) -> str:
    return json.dumps(values, indent=1, sort_keys=True, default=str) + "\n"


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
