"""A model before and after a change of arithmetic: size, speed, and how often the two decide and say the same.

Tests: tests/bench/test_agreement.py.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundflow.model.bundle import Bundle
from soundflow.stream.events import Decision, ReplyEnd
from soundflow.stream.session import Session

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Agreement:
    """What two models made of the same sounds.

    Attributes:
        chunks: decisions compared; `same_decisions` of them were alike.
        replies: of the first model; `same_replies` of them the second gave at the same chunk, word for word.
        largest_p_difference: of p(response), over all chunks up to the first unlike decision of each sound.
        ms_before, ms_after: median of a chunk, all-in.
    """

    chunks: int
    same_decisions: int
    replies: int
    same_replies: int
    largest_p_difference: float
    ms_before: float
    ms_after: float


@dataclass(frozen=True)
class _Heard:
    decisions: list[Decision]
    replies: dict[int, str]
    milliseconds: list[float]


def compare(before: Bundle, after: Bundle, sounds: Mapping[str, Samples]) -> Agreement:
    """Let two models hear the same sounds, one chunk after the other, the two by turns.

    Args:
        sounds: float32 [n] at 16 kHz mono, by name.
    """
    pairs = [(_hear(before, sound), _hear(after, sound)) for sound in sounds.values()]
    differences = [0.0]
    same = 0
    for first, second in pairs:
        alike = [a.decision == b.decision for a, b in zip(first.decisions, second.decisions, strict=True)]
        same += sum(alike)
        until = alike.index(False) if False in alike else len(alike)  # then their contexts differ
        compared = zip(first.decisions[:until], second.decisions[:until], strict=True)
        differences += [abs(a.p_response - b.p_response) for a, b in compared]
    return Agreement(
        chunks=sum(len(first.decisions) for first, _ in pairs),
        same_decisions=same,
        replies=sum(len(first.replies) for first, _ in pairs),
        same_replies=sum(
            second.replies.get(at) == text for first, second in pairs for at, text in first.replies.items()
        ),
        largest_p_difference=max(differences),
        ms_before=_median([first for first, _ in pairs]),
        ms_after=_median([second for _, second in pairs]),
    )


def _hear(bundle: Bundle, sound: Samples) -> _Heard:
    step = bundle.config.chunk_samples
    padded = np.pad(sound, (0, -len(sound) % step))
    session = Session(bundle)
    heard = _Heard([], {}, [])
    for start in range(0, len(padded), step):
        started_at = time.perf_counter()
        events = session.feed(padded[start : start + step])
        heard.milliseconds.append(1e3 * (time.perf_counter() - started_at))
        heard.decisions.extend(e for e in events if isinstance(e, Decision))
        for event in events:
            if isinstance(event, ReplyEnd):
                heard.replies[start // step] = event.text
    return heard


def _median(heard: Sequence[_Heard]) -> float:
    times = [ms for one in heard for ms in one.milliseconds]
    return round(float(np.median(times)), 3) if times else 0.0
