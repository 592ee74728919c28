"""From a score a chunk to replies: one at each rise over a threshold. Tests: tests/bench/baselines/test_rising.py."""

from __future__ import annotations

from collections.abc import Iterable

from soundflow.audio.pcm import SAMPLE_RATE

CHUNK_SAMPLES = 6400  # 0.4 s, as the models beside which the gates stand
CHUNK_SECONDS = CHUNK_SAMPLES / SAMPLE_RATE


def rises(scores: Iterable[float], threshold: float, least_gap: int = 4) -> list[int]:
    """Chunks at which a score reaches the threshold after having been below it.

    Args:
        least_gap: chunks from one rise to the next at the earliest, so that a sound that wavers is one sound.

    Returns:
        0-based chunks, ascending.
    """
    found: list[int] = []
    is_open = True
    for chunk, score in enumerate(scores):
        if score < threshold:
            is_open = True
        elif is_open:
            is_open = False
            if not found or chunk - found[-1] >= least_gap:
                found.append(chunk)
    return found


def end_of(chunk: int) -> float:
    """The stream time, in seconds, at which a chunk's last sample is in."""
    return (chunk + 1) * CHUNK_SAMPLES / SAMPLE_RATE
