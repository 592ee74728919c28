"""Benchmarks made up in a folder: silence as sound, and a model that says what it is told to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from soundflow.audio.decode import write_wav
from soundflow.bench.public.items import Item
from soundflow.bench.rows import Answers
from soundflow.bench.scoring import SpokenReply


def write_sounds(folder: Path, *names: str) -> None:
    """A tenth of a second of silence under each name."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_wav(folder / name, np.zeros(1600, np.float32))


def gold(items: Sequence[Item], says: Mapping[str, str]) -> Answers:
    """Answers by id."""
    return Answers({item.id: says[item.id] for item in items})


class Talker:
    """Says its words in every stream, and remembers what it was asked and how long the streams were."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self.asked: list[tuple[float, str | None]] = []

    def __call__(self, samples: NDArray[np.float32], instruction: str | None) -> list[SpokenReply]:
        self.asked.append((round(len(samples) / 16_000, 3), instruction))
        return [SpokenReply(0.4 * number, word) for number, word in enumerate(self.words, 1)]
