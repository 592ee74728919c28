"""Scenes planned by an endpoint, kept as JSON lines: asked for once, then the same for every build.

Tests: tests/data/curate/test_scenes.py.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

import numpy as np

from soundflow.data.curate.endpoint import Curator, PlannedScenario
from soundflow.data.curate.grammar import Scene
from soundflow.data.curate.planner import Scenario
from soundflow.errors import InputError, OutsideError

BAG = (6, 12)  # annotations drawn for one scenario


def bags(labels: Collection[str], count: int, seed: int) -> list[list[str]]:
    """Randomly matched annotations, a bag a scenario."""
    rng, pool = np.random.default_rng(seed), sorted(labels)
    return [
        [pool[int(i)] for i in rng.permutation(len(pool))[: int(rng.integers(BAG[0], BAG[1] + 1))]]
        for _ in range(count)
    ]


def write_scenes(curator: Curator, count: int, seed: int, path: Path) -> int:
    """Plan scenes and write those that came through; how many.

    Raises:
        OutsideError: the disk refuses.
    """
    found = [scene for scene in curator.scenarios(bags(curator.labels, count, seed)) if scene is not None]
    try:
        temporary = path.with_name(path.name + ".tmp")
        temporary.write_text("".join(_line(scene) for scene in found), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise OutsideError("scenes.write", f"cannot write {path}: {error.strerror}", "check the folder") from error
    return len(found)


def read_scenes(path: Path) -> tuple[Scene, ...]:
    """Scenes as the grammar takes them.

    Raises:
        InputError: the file cannot be read, or a line is no scene.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("scenes.unreadable", f"no readable scenes at {path}: {error}", "check the name") from error
    return tuple(_scene(line, f"{path}, line {number}") for number, line in enumerate(lines, start=1))


def _line(scene: Scenario) -> str:
    events = [{"label": event.label, "role": event.role} for event in scene.sub_events]
    return json.dumps({"place": scene.place, "sub_events": events}) + "\n"


def _scene(line: str, where: str) -> Scene:
    try:
        planned = PlannedScenario.model_validate_json(line)
    except ValueError as error:
        raise InputError("scenes.line", f"{where}: {error}", "write the file again with data scenes") from error
    front = [event.label for event in planned.sub_events if event.role == "foreground"]
    return planned.place, front, [event.label for event in planned.sub_events if event.role != "foreground"]
