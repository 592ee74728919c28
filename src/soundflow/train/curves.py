"""Where a run's figures stand: lines and TensorBoard always, Weights & Biases where the recipe names a project.

Knows nothing of what the figures mean. Tests: tests/train/test_curves.py.
"""

from __future__ import annotations

import importlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

from torch.utils.tensorboard import SummaryWriter

from soundflow.atomic import write_text
from soundflow.data.json_lines import whole_objects
from soundflow.errors import OutsideError, UsageError

WandbMode = Literal["offline", "online"]

ID_NAME = "wandb-id"  # in a run's folder: one that was stopped goes on as the same run


@dataclass(frozen=True)
class WandbChoice:
    """Weights & Biases beside TensorBoard; `offline` writes files under the run's folder and sends nothing.

    Attributes:
        project: empty for no W&B at all.
        mode: `online` sends the figures to the account that `wandb login` knows.
        name: of the run; empty lets W&B find one.
    """

    project: str = ""
    mode: WandbMode = "offline"
    name: str = ""


class Curves(Protocol):
    """Something that takes figures by name and step."""

    def add_scalar(self, name: str, value: float, step: int) -> None:
        """Take one figure."""

    def close(self) -> None:
        """Write what is left."""


def check_wandb(choice: WandbChoice) -> None:
    """See before any work is done that W&B can be used where it is wanted.

    Raises:
        UsageError: no such mode (`wandb.mode`).
        OutsideError: the package is not installed (`wandb.missing`).
    """
    if choice.mode not in get_args(WandbMode):
        raise UsageError("wandb.mode", f"wandb.mode is {choice.mode!r}", " or ".join(get_args(WandbMode)))
    if choice.project:
        _wandb()


def curves_of(out: Path, step: int, choice: WandbChoice) -> Sequence[Curves]:
    """The curves of a run in a folder; what TensorBoard drew beyond `step` is taken back.

    Raises:
        OutsideError: W&B is wanted and cannot be used (`wandb.missing`, `wandb.start`).
    """
    board: Curves = board_of(out, step)
    return (board, WandbCurves(out, choice)) if choice.project else (board,)


def board_of(out: Path, step: int) -> SummaryWriter:
    """TensorBoard's curves of a run in a folder; what was drawn beyond `step` is taken back, at 0 all of it."""
    return SummaryWriter(out / "tensorboard", purge_step=step + 1 if step else 0)


def cut_behind(step: int, path: Path) -> None:
    """Take back the lines of a log that a killed run wrote behind its checkpoint at `step`; at 0 there is none."""
    if not path.exists():
        return
    kept = [line for line in whole_objects(path) if step and line["step"] <= step]
    write_text(path, "".join(json.dumps(line) + "\n" for line in kept))


class WandbCurves:
    """One run of W&B.

    A resumed run draws steps behind its checkpoint a second time: W&B takes nothing back; the figures are equal.
    """

    def __init__(self, out: Path, choice: WandbChoice) -> None:
        package = _wandb()
        # figures only: neither the console, nor the source, nor the git remote, nor the machine's load
        settings = package.Settings(console="off", disable_git=True, disable_code=True, x_disable_stats=True)
        try:
            self._run = package.init(
                project=choice.project,
                name=choice.name or None,
                mode=choice.mode,
                dir=str(out),
                id=_id_of(out),
                resume="allow",
                settings=settings,
            )
        except Exception as error:
            hint = "wandb login, or wandb.mode=offline"
            raise OutsideError("wandb.start", f"W&B cannot begin a run: {error}", hint) from error
        self._run.define_metric("*", step_metric="step")

    def add_scalar(self, name: str, value: float, step: int) -> None:
        """Take one figure; it is sent, if at all, by another process."""
        self._run.log({name: value, "step": step})

    def close(self) -> None:
        """Write what is left, and wait for it."""
        self._run.finish()


def _wandb() -> Any:
    try:
        return importlib.import_module("wandb")
    except ImportError as error:
        hint = "pip install -c constraints.txt '.[wandb]', or leave wandb.project empty"
        raise OutsideError("wandb.missing", "the recipe asks for W&B, and wandb is not installed", hint) from error


def _id_of(out: Path) -> str:
    path = out / ID_NAME
    if not path.exists():
        path.write_text(secrets.token_hex(4), encoding="utf-8")
    return path.read_text(encoding="utf-8").strip()
