"""How fast a corpus is built on one core, stage by stage.

    OMP_NUM_THREADS=1 python benchmarks/corpus.py --clips PATH/TO/CLIPS --streams 300

CPU time of one thread, so that a busy machine counts little. Clips are decoded and went through TFJP before (once for
ever); that is reported apart. Speech synthesis and recognition are not in it.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from soundflow.data.build import stream as stages
from soundflow.data.build.recipe import read_recipe
from soundflow.data.build.run import Order, open_workshop
from soundflow.data.build.shard import encode, to_line
from soundflow.data.tfjp import tfjp

HOURS = 302_000  # of the paper's corpus


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", required=True)
    parser.add_argument("--streams", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    recipe = read_recipe(Path("recipes/corpus.toml"), streams=given.streams)
    shop = open_workshop(Order(recipe, given.seed, (given.clips,), None, "nowhere"))
    for index in range(20):
        stages.make(shop, 10**6 + index)  # the index and what is measured once a clip
    spent: dict[str, float] = defaultdict(float)
    _timed(spent, "compose", "compose")
    _timed(spent, "verify_labels", "verify")
    seconds, began = 0.0, time.process_time()
    for index in range(given.streams):
        made, _ = stages.make(shop, index)
        if made is None:
            continue
        seconds += made.composition.timeline.seconds
        with_encoding = time.process_time()
        encode(made.composition.samples, recipe.audio)
        spent["encode"] += time.process_time() - with_encoding
        at = time.process_time()
        to_line(stages.annotation(made, shop, "0"))
        spent["annotate"] += time.process_time() - at
    whole = time.process_time() - began
    spent["plan, ground, cut"] = whole - sum(spent.values())
    print(json.dumps(_result(seconds, whole, spent, shop, given), indent=1))


def _timed(spent: dict[str, float], name: str, stage: str) -> None:
    """Count a function's CPU time."""
    inner: Any = getattr(stages, name)

    def timed(*args: Any, **more: Any) -> Any:
        began = time.process_time()
        try:
            return inner(*args, **more)
        finally:
            spent[stage] += time.process_time() - began

    setattr(stages, name, timed)


def _result(
    seconds: float, whole: float, spent: dict[str, float], shop: stages.Workshop, given: argparse.Namespace
) -> dict[str, Any]:
    rng = np.random.default_rng(given.seed)
    clips = [shop.library.events[int(i)] for i in rng.permutation(len(shop.library.events))[:60]]
    samples = [shop.library.samples(clip, False) for clip in clips]
    began = time.process_time()
    for sound in samples:
        tfjp(sound)
    cleaned = sum(map(len, samples)) / 16_000 / (time.process_time() - began)
    rate = seconds / whole
    return {
        "command": " ".join(["python", *sys.argv]),
        "machine": f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}, one thread",
        "streams": given.streams,
        "audio_seconds": round(seconds, 1),
        "cpu_seconds": round(whole, 3),
        "times_real_time": round(rate, 1),
        "core_hours_for_302k_hours": round(HOURS / rate, 1),
        "stages_times_real_time": {name: round(seconds / cpu, 1) for name, cpu in sorted(spent.items())},
        "tfjp_once_a_clip_times_real_time": round(cleaned, 1),
    }


if __name__ == "__main__":
    main()
