"""How well `data search --like` finds what sounds alike by a model's own encoder, and what it takes to embed a clip.

    OMP_NUM_THREADS=1 python benchmarks/sounds_alike.py --clips PATH/TO/CLIPS --split test

Every event of the split asks once; what counts is whether the first, or one of the first three, of all other recordings
has its label. Recordings that hold the same audio (`group`) are left out. Beside it what a draw at random would give;
in brackets 95 % bounds by bootstrap over recordings. CPU time of one thread.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from soundflow.api import load
from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.bench.bootstrap import bootstrap
from soundflow.data.clips import ClipStore
from soundflow.data.store.embedders import HEARD_SECONDS
from soundflow.data.store.vectors import unit
from soundflow.model.embedding import EncoderMean


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", required=True)
    parser.add_argument("--split", default="test")
    parser.add_argument("--model", default="nano")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    store, ears = ClipStore(given.clips), EncoderMean(load(given.model).bundle)
    store.prepare(given.split, with_tfjp=False)
    clips = store.clips(split=given.split, kind="event")
    sounds = [store.audio(clip)[: round(HEARD_SECONDS * SAMPLE_RATE)] for clip in clips]
    began = time.process_time()
    vectors = unit(ears.of_sounds(sounds))
    spent = time.process_time() - began
    labels, groups = (np.array([getattr(clip, name) for clip in clips]) for name in ("label", "group"))
    first, three, chance, asked = [], [], [], []
    for i, row in enumerate(vectors @ vectors.T):
        others = np.flatnonzero(groups != groups[i])
        same = labels[others] == labels[i]
        if not same.any():
            continue
        best = others[np.argsort(-row[others], kind="stable")[:3]]
        first.append(float(labels[best[0]] == labels[i]))
        three.append(float((labels[best] == labels[i]).any()))
        chance.append(float(same.mean()))
        asked.append(groups[i])
    heard = sum(map(len, sounds)) / SAMPLE_RATE
    result: dict[str, Any] = {
        "command": " ".join(["python", *sys.argv]),
        "machine": f"{platform.machine()}, Python {platform.python_version()}, torch {torch.__version__}, one thread",
        "clips": len(clips),
        "queries": len(first),
        "first_has_the_label": _rate(first, asked, given.seed),
        "one_of_three_has_the_label": _rate(three, asked, given.seed),
        "a_draw_at_random": round(float(np.mean(chance)), 4),
        "seconds_of_sound_a_cpu_second": round(heard / spent, 1),
    }
    print(json.dumps(result, indent=1))


def _rate(right: Sequence[float], recordings: Sequence[str], seed: int) -> dict[str, float | None]:
    """A share with its bounds."""
    counts = np.column_stack([right, np.ones(len(right))])
    return bootstrap(counts, [str(name) for name in recordings], lambda c: c[..., 0] / c[..., 1], seed).to_dict()


if __name__ == "__main__":
    main()
