"""Streams that are asked aloud, asked in words instead: the chunks of the voice left out, everything else the same.

The columns `text` and `spoken` of a corpus hold different streams; these pairs differ in nothing but how the
instruction came. Tests: tests/bench/capabilities/test_written.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from soundflow.bench.capabilities.items import Asked, asked
from soundflow.bench.capabilities.judging import Judged, JudgedItem
from soundflow.bench.capabilities.paired import Both, side_by_side
from soundflow.data.build.corpus import Samples, StoredStream
from soundflow.data.opening import has_own_chunks, opening_chunks, voice_of, without_opening
from soundflow.data.timeline import SAMPLE_RATE


def in_words(stored: StoredStream, samples: Samples) -> tuple[Asked, Samples] | None:
    """A stream that is asked aloud, as it is asked in words; None where it is not, or where that cannot be done.

    The voice must have its chunks for itself, and its words must be known.

    Args:
        samples: the stream's sound, float32 [n], 16 kHz.

    Returns:
        The stream as it is scored, and what is left of its sound.
    """
    if not stored.annotation.get("spoken_instruction"):
        return None
    if not has_own_chunks(stored.timeline) or not voice_of(stored.timeline).content:
        return None
    size = round(stored.timeline.chunk_seconds * SAMPLE_RATE)
    written = asked(stored.key, {**stored.annotation, "spoken_instruction": False}, without_opening(stored.timeline))
    return written, samples[opening_chunks(stored.timeline) * size :]


def in_both_ways(written: Sequence[Judged], spoken: Sequence[Judged]) -> list[Both]:
    """The items of the same streams, one by one; what only one of the two has is left out."""
    return [
        Both(one, other)
        for asked_in_words, aloud in zip(written, spoken, strict=True)
        for one, other in _alike(asked_in_words.items, aloud.items)
    ]


def ways(pairs: Sequence[Both]) -> dict[str, Any]:
    """Asked in words beside asked aloud, over all and for each sub-task; empty where nothing was."""
    return side_by_side(pairs, "text", "spoken")


def _alike(written: Sequence[JudgedItem], spoken: Sequence[JudgedItem]) -> list[tuple[JudgedItem, JudgedItem]]:
    """Items about the same event; a voice that was left out stood before all others."""
    by_event = {one.item.event: one for one in written}
    found = [(by_event.get(max(-1, other.item.event - 1)), other) for other in spoken]
    return [(one, other) for one, other in found if one is not None and one.item.reference == other.item.reference]
