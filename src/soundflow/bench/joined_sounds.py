"""Concatenation with sounds: the same recordings alone and up to five to a stream; is each still decided rightly?

For models that decide about sounds and answer no questions. Tests: tests/bench/test_joined_sounds.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundflow.bench.bootstrap import bootstrap, ratio
from soundflow.bench.proactive import Item
from soundflow.bench.proactive_streams import Load, compose_stream
from soundflow.bench.public.concatenation import BLOCK, first_texts
from soundflow.bench.scoring import SpokenReply
from soundflow.bench.systems import System
from soundflow.errors import InputError

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Decided:
    """One item at one length: whether it was decided rightly, its place in its stream, seconds to the first text."""

    item: Item
    right: bool
    position: int
    first_text: float | None


def chosen(items: Sequence[Item], blocks: int, seed: int) -> tuple[Item, ...]:
    """`blocks` times 60 items in a drawn order, half of them calling for an answer, so that every length divides them.

    Raises:
        InputError: too few of either kind.
    """
    half = blocks * BLOCK // 2
    rng = np.random.default_rng([seed, blocks])
    groups = [[item for item in items if item.decision == due] for due in ("RESPOND", "IGNORE")]
    if min(len(group) for group in groups) < half:
        found = f"{len(groups[0])} recordings that call for an answer and {len(groups[1])} that do not"
        raise InputError("concatenation.sounds", found, f"{half} of each are needed")
    drawn = [group[int(i)] for group in groups for i in rng.permutation(len(group))[:half]]
    return tuple(drawn[int(i)] for i in rng.permutation(len(drawn)))


def hear_joined(system: System, items: Sequence[Item], length: int, load: Load) -> list[Decided]:
    """Neighbours, `length` to a stream, 2 s of silence behind each; a reply belongs to the item in whose span it is."""
    found = []
    for start in range(0, len(items), length):
        group = items[start : start + length]
        samples, spans = compose_stream(group, [load(item) for item in group])
        replies = system.hear(samples, None)
        times = first_texts([span.start for span in spans], replies)
        for position, (item, span, seconds) in enumerate(zip(group, spans, times, strict=True)):
            is_last = position + 1 == len(spans)
            spoke = _spoke(replies, span.start, float("inf") if is_last else span.end)
            found.append(Decided(item, spoke == (item.decision == "RESPOND"), position, seconds))
    return found


def stability(by_length: dict[int, list[Decided]]) -> list[dict[str, Any]]:
    """For each length: percent right with bounds by item, what is kept of single items, by position, and latency."""
    alone = _percent([one.right for one in by_length[1]])
    return [_row(length, decided, alone) for length, decided in sorted(by_length.items())]


def _row(length: int, decided: Sequence[Decided], alone: float) -> dict[str, Any]:
    rights = np.array([(one.right, 1.0) for one in decided], dtype=np.float64)
    times = [1e3 * one.first_text for one in decided if one.first_text is not None]
    first = np.array([(ms, 1.0) for ms in times], dtype=np.float64).reshape(-1, 2)
    figure = _percent([one.right for one in decided])
    return {
        "n": length,
        "figure": figure,
        "share": bootstrap(rights, range(len(rights)), ratio).to_dict(),
        "retention": figure / alone if alone else None,
        "by_position": [_percent([o.right for o in decided if o.position == place]) for place in range(length)],
        "first_text_ms": bootstrap(first, range(len(first)), ratio).to_dict(),
    }


def _spoke(replies: Sequence[SpokenReply], start: float, end: float) -> bool:
    return any(start + 1e-6 < reply.at <= end + 1e-6 for reply in replies)


def _percent(values: Sequence[bool]) -> float:
    return 100.0 * sum(values) / len(values)
