"""What a build will make, before it is made: streams, hours, disk, time, licences, and what cannot be built.

A few streams are made in memory and measured; nothing is written. Tests: tests/data/build/test_plan.py.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

from soundflow.data.build.recipe import shares
from soundflow.data.build.run import Order, open_workshop
from soundflow.data.build.shard import encode
from soundflow.data.build.stream import make, sub_task_of

STREAM_SECONDS = 19.0  # of a stream on average, before one was made: for the time left
SAMPLES = 84  # streams that are made to see: three of each sub-task where all 28 have one share


@dataclass(frozen=True)
class Plan:
    """A forecast. Hours of sound; `core_hours` of one core; `cannot` says which sub-tasks have nothing to draw from."""

    streams: int
    hours: float
    gigabytes: float
    core_hours: float
    shards: int
    sub_tasks: dict[str, int]
    cannot: dict[str, str]
    rejected_share: float
    licences: dict[str, float]  # share of the streams that hold it
    clips: int
    free_gigabytes: float
    measured_on: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return dataclasses.asdict(self)


def plan(order: Order) -> Plan:
    """Forecast a build.

    Raises:
        InputError: the clips cannot be used.
    """
    shop = open_workshop(order)
    recipe, count = order.recipe, min(order.recipe.streams, SAMPLES)
    make(shop, 0)  # what is done once, the index for instance, is no share of a stream's time
    began, seconds, size, attempts = process_time(), 0.0, 0, 0
    licences: Counter[str] = Counter()
    cannot: dict[str, str] = {}
    made_streams = 0
    for index in range(count):
        made, rejected = make(shop, index)
        attempts += len(rejected)
        if made is None:
            cannot[sub_task_of(recipe, order.seed, index)] = str(rejected[-1]["reason"])
            continue
        made_streams += 1
        line = made.composition.timeline
        seconds += line.seconds
        size += len(encode(made.composition.samples, recipe.audio))
        licences.update({e.licence for e in line.events} | {n.licence for n in line.noise})
    each = recipe.streams / count
    tasks = Counter(sub_task_of(recipe, order.seed, index) for index in range(min(recipe.streams, 100_000)))
    scale = recipe.streams / max(1, sum(tasks.values()))
    return Plan(
        streams=round(made_streams * each),
        hours=round(seconds * each / 3600, 3),
        gigabytes=round(size * each / 1e9, 4),
        core_hours=round((process_time() - began) * each / 3600, 9),
        shards=order.shards,
        sub_tasks={name: round(tasks[name] * scale) for name in shares(recipe)},
        cannot=cannot,
        rejected_share=round(attempts / max(1, attempts + made_streams), 4),
        licences={name: round(n / max(1, made_streams), 4) for name, n in licences.most_common()},
        clips=len(shop.library.clips),
        free_gigabytes=round(free_bytes(Path(order.out)) / 1e9, 2),
        measured_on=count,
    )


def free_bytes(folder: Path) -> int:
    """Space left where a folder is, or will be."""
    import shutil

    place = folder.absolute()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free
