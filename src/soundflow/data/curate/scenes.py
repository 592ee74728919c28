"""Scenes planned by an endpoint, kept as JSON lines: asked for once, then the same for every build.

Tests: tests/data/curate/test_scenes.py.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from soundflow.atomic import write_text
from soundflow.data.curate.chat_planner import (
    Names,
    PlannedEvent,
    PlannedScenario,
    RefinedEvent,
    plan_scenes,
)
from soundflow.data.curate.grammar import Refinement, Scene
from soundflow.data.endpoints.asking import Asker
from soundflow.data.json_lines import lines_of
from soundflow.errors import InputError, OutsideError

BAG = (6, 12)  # annotations drawn for one scenario


def bags(labels: Collection[str], count: int, seed: int) -> list[list[str]]:
    """Randomly matched annotations, a bag a scenario."""
    rng, pool = np.random.default_rng(seed), sorted(labels)
    return [
        [pool[int(i)] for i in rng.permutation(len(pool))[: int(rng.integers(BAG[0], BAG[1] + 1))]]
        for _ in range(count)
    ]


def ask_for_scenes(asker: Asker, names: Names, count: int, seed: int) -> list[Scene]:
    """Scenes for a set of labels; fewer than `count` where the endpoint was not believed.

    Raises:
        OutsideError: the endpoint refuses us for good, or the cache cannot be written.
    """
    return plan_scenes(asker, bags(names, count, seed), names)


def write_scenes(scenes: Sequence[Scene], path: Path) -> None:
    """Write scenes, a line each, under a temporary name first.

    Raises:
        OutsideError: the disk refuses.
    """
    try:
        write_text(path, "".join(_line(scene) for scene in scenes))
    except OSError as error:
        raise OutsideError("scenes.write", f"cannot write {path}: {error.strerror}", "check the folder") from error


def read_scenes(path: Path) -> tuple[Scene, ...]:
    """Scenes as the grammar takes them.

    Raises:
        InputError: the file cannot be read, or a line is no scene.
    """
    try:
        lines = lines_of(path)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("scenes.unreadable", f"no readable scenes at {path}: {error}", "check the name") from error
    return tuple(_scene(line, f"{path}, line {number}") for number, line in enumerate(lines, start=1))


def _line(scene: Scene) -> str:
    labels = [*((label, "foreground") for label in scene.events), *((label, "background") for label in scene.behind)]
    events: list[dict[str, str]] = []
    for label, role in labels:
        own = scene.refined.get(label)
        events.append({"label": label, "role": role, **({"query": own.query, "caption": own.caption} if own else {})})
    return json.dumps({"place": scene.words, "sub_events": events}) + "\n"


def _scene(line: str, where: str) -> Scene:
    """A line read as strictly as an endpoint's answer: a file may come from anywhere."""
    try:
        row: dict[str, Any] = json.loads(line)
        rows = [dict(event) for event in row["sub_events"]]
        refined = {}
        for event in rows:
            if "query" in event or "caption" in event:
                own = RefinedEvent(label=event["label"], query=event.pop("query"), caption=event.pop("caption"))
                refined[own.label] = Refinement(own.query, own.caption)
        planned = PlannedScenario(place=row["place"], sub_events=[PlannedEvent(**event) for event in rows])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError("scenes.line", f"{where}: {error!r}", "write the file again with data scenes") from error
    front = tuple(event.label for event in planned.sub_events if event.role == "foreground")
    behind = tuple(event.label for event in planned.sub_events if event.role != "foreground")
    return Scene(planned.place, front, behind, refined)
