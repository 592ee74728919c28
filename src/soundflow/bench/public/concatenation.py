"""Concatenation stability: the same items alone and joined, up to five to a stream; how much of the score is kept?

Tests: tests/bench/public/test_concatenation.py.

Source: the paper's concatenation test; item counts, gap and attribution are our reading.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundflow.audio.decode import read_audio
from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.bench.bootstrap import bootstrap, ratio
from soundflow.bench.provenance import Provenance, answered
from soundflow.bench.public.items import GAP_SECONDS, TAIL_SECONDS, Hear, Item
from soundflow.bench.rows import Answers, append_row, readable_rows
from soundflow.bench.scoring import SpokenReply
from soundflow.errors import InputError, UsageError

Samples = NDArray[np.float32]
Score = Callable[[Sequence[Item], Answers], float]  # the benchmark's figure, of which more is better

LENGTHS = (1, 2, 3, 4, 5)  # items a stream
BLOCK = math.lcm(*LENGTHS)  # 60: every length uses the same items
CHUNK_SECONDS = 0.4  # the release's; items are padded to whole chunks
_LATE = 1e-6  # seconds; far below a sample


def usable(items: Sequence[Item]) -> tuple[Item, ...]:
    """The first items, as many as every length divides.

    Raises:
        UsageError: fewer than 60 items, or items that are asked in different words: one stream has one instruction.
    """
    if len({item.instruction for item in items}) > 1:
        hint = "take a benchmark whose questions are spoken"
        raise UsageError("concatenation.words", "each item is asked in words of its own", hint)
    if len(items) < BLOCK:
        raise UsageError("concatenation.few", f"{len(items)} items", f"at least {BLOCK}")
    return tuple(items[: len(items) // BLOCK * BLOCK])


def join(sounds: Sequence[Samples]) -> tuple[Samples, tuple[float, ...]]:
    """Sounds [n] behind each other, and the second at which each one's span begins; the last ends with the stream."""
    gap = np.zeros(round(GAP_SECONDS * SAMPLE_RATE), np.float32)
    chunk = round(CHUNK_SECONDS * SAMPLE_RATE)
    padded = [np.pad(sound, (0, -len(sound) % chunk)) for sound in sounds]
    starts = np.cumsum([0, *(len(sound) + len(gap) for sound in padded[:-1])])
    parts = [part for sound in padded for part in (sound, gap)][:-1]
    tail = np.zeros(round(TAIL_SECONDS * SAMPLE_RATE), np.float32)
    return np.concatenate([*parts, tail]), tuple(float(start) / SAMPLE_RATE for start in starts)


def said_in(starts: Sequence[float], replies: Sequence[SpokenReply], joiner: str = " ") -> tuple[str, ...]:
    """What was said in each span; a moment on a border belongs to the span that ends there (ruling 1)."""
    ends = [*starts[1:], math.inf]
    return tuple(
        joiner.join(reply.text for reply in replies if start + _LATE < reply.at <= end + _LATE)
        for start, end in zip(starts, ends, strict=True)
    )


def first_texts(starts: Sequence[float], replies: Sequence[SpokenReply]) -> tuple[float | None, ...]:
    """Of the first reply in each span: the seconds to its first text, None where nobody spoke."""
    ends = [*starts[1:], math.inf]
    spans = zip(starts, ends, strict=True)
    inside = [[reply for reply in replies if start + _LATE < reply.at <= end + _LATE] for start, end in spans]
    return tuple(found[0].first_text_after if found else None for found in inside)


def hear_joined(
    hear: Hear, items: Sequence[Item], length: int, out: Path, about: Provenance | None = None
) -> Iterator[Item]:
    """Hear `length` neighbours to a stream; what the file holds already is not heard again.

    A stream with a sound that cannot be read gets no rows: its items are missing.

    Args:
        about: further fields of each row: who answers, and under which circumstances.

    Raises:
        InputError: the file holds answers of others.
        OutsideError: the predictions cannot be written.
    """
    done = answered(out, about or {})
    for start in range(0, len(items), length):
        group = items[start : start + length]
        if not done.issuperset(item.id for item in group):
            _hear_group(hear, group, out, about or {})
        yield from group


def stability(items: Sequence[Item], answers: Mapping[int, Answers], score: Score) -> list[dict[str, Any]]:
    """The figure for each length, in percent, what is kept of it against single items, and the figure by position.

    `share` is the figure with 95 % bounds over items, for which it must be a mean over items.
    """
    alone = score(items, answers[1])
    rows = []
    for length in sorted(answers):
        figure = score(items, answers[length])
        positions = [score(items[position::length], answers[length]) for position in range(length)]
        kept = figure / alone if alone else None
        each = np.array([(score([item], answers[length]) / 100, 1.0) for item in items])
        share = bootstrap(each, range(len(items)), ratio).to_dict()
        rows.append({"n": length, "figure": figure, "share": share, "retention": kept, "by_position": positions})
    return rows


def first_text_ms(out: Path) -> dict[str, float | None]:
    """The mean time to the first text over a file's answers, in milliseconds with 95 % bounds by item.

    Of two rows with one id, which a killed run leaves, the last counts, as it does for the answers.

    From the last sample heard before the decision to speak; items without an answer have none.
    """
    times = {str(row.values.get("id")): row.values.get("first_text_ms") for row in readable_rows(out)}.values()
    counts = np.array([(ms, 1.0) for ms in times if isinstance(ms, int | float)], dtype=np.float64).reshape(-1, 2)
    return bootstrap(counts, range(len(counts)), ratio).to_dict()


def _hear_group(hear: Hear, group: Sequence[Item], out: Path, about: Provenance) -> None:
    try:
        sounds = [np.concatenate([read_audio(path) for path in item.sounds]) for item in group]
    except InputError:
        return
    stream, starts = join(sounds)
    replies = hear(stream, group[0].instruction)
    times = first_texts(starts, replies)
    for item, text, seconds in zip(group, said_in(starts, replies), times, strict=True):
        told = None if seconds is None else round(1e3 * seconds, 3)
        append_row(out, {"id": item.id, "output": text, "first_text_ms": told, **about})
