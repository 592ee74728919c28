"""Streams that an ablation trains on: made as `data build` makes them, in memory, stored nowhere.

Tests: tests/analysis/test_ablation_streams.py.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from soundflow.data.build.recipe import recipe_of
from soundflow.data.build.stream import Workshop, make, workshop
from soundflow.data.clips import ClipStore
from soundflow.data.compose import Composition
from soundflow.data.library import Library
from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from soundflow.train.batch import Example, example

FAR = 1_000_000  # another stream stands in for one whose labels do not hold: this many numbers on
MOST_TRIES = 20


@dataclass(frozen=True)
class Pool:
    """Where streams come from: a folder of clips, its split, a corpus recipe as plain values (recipes/corpus.toml)."""

    clips: Path
    cache: Path | None
    split: str
    corpus: Mapping[str, Any]


class CorpusStreams:
    """Stream number i of a pool and a seed, ready to be learned from, cut into the model's chunks.

    Raises:
        InputError: the corpus recipe is not well formed, or the folder has no such split.
    """

    def __init__(self, pool: Pool, seed: int, bundle: Bundle, instant_share: float) -> None:
        recipe = recipe_of({**pool.corpus, "split": pool.split}, "[corpus]")
        library = Library([ClipStore(pool.clips, pool.cache)], pool.split)
        self._shop: Workshop = workshop(recipe, seed, library)
        self._bundle, self._seed, self._instant_share = bundle, seed, instant_share
        self._labels = {label: i + 1 for i, label in enumerate(bundle.config.labels)}

    def __call__(self, index: int) -> Example:
        """One stream.

        Raises:
            InputError: neither it nor those that stand in for it can be made (`ablation.no_stream`).
        """
        config = self._bundle.config
        made = self._composed(index)
        timeline = dataclasses.replace(made.timeline, chunk_seconds=config.chunk_seconds)
        return example(
            Composition(made.samples, timeline),
            self._bundle.grammar,
            self._labels,
            config.chunk_samples,
            np.random.default_rng([self._seed, index, 4]),
            self._instant_share,
        )

    def _composed(self, index: int) -> Composition:
        reason = ""
        for attempt in range(MOST_TRIES):
            made, rejected = make(self._shop, index + attempt * FAR)
            if made is not None:
                return made.composition
            reason = str(rejected[-1]["reason"])
        message = f"stream {index} cannot be made: {reason}"
        raise InputError("ablation.no_stream", message, "leave its sub-task out of [corpus.tasks]")
