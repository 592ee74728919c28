"""Is it the head? Whole sessions are heard without the top head, and without others drawn at random.

Measuring single decisions says which head the odds hang on; only a session in which it is gone says what that is worth,
and only other heads' absence says what a loss of any head would have cost. Tests: tests/analysis/test_causal.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from soundflow.analysis.layers import Head, all_heads, without
from soundflow.analysis.ledger import Ledger
from soundflow.analysis.shares import share
from soundflow.analysis.sounds import Sound, Streams
from soundflow.bench.bootstrap import Counts, Interval, bootstrap
from soundflow.bench.listening import Job, hear_composed
from soundflow.bench.scoring import score_stream
from soundflow.data.compose import Composition
from soundflow.errors import InputError
from soundflow.model.bundle import Bundle

WHOLE = "undisturbed"


@dataclass(frozen=True)
class CausalCheck:
    """Balanced trigger accuracy, recall and specificity with all heads, without the top one, and without others.

    `cost_of_top` and `cost_of_random` are what is lost in balanced accuracy (the second as a mean over the random
    heads), `top_beyond_random` is their difference; each is resampled over recordings with its pairs kept.
    """

    top: Head
    random: tuple[Head, ...]
    streams: int
    events: int
    accuracy: dict[str, dict[str, Interval]]
    cost_of_top: Interval
    cost_of_random: Interval
    top_beyond_random: Interval

    def to_dict(self) -> dict[str, Any]:
        """Figures by condition, and the differences."""
        differences = ("cost_of_top", "cost_of_random", "top_beyond_random")
        return {
            "top": str(self.top),
            "random": [str(head) for head in self.random],
            "streams": self.streams,
            "events": self.events,
            "conditions": {
                name: {figure: value.to_dict() for figure, value in row.items()} for name, row in self.accuracy.items()
            },
            **{name: getattr(self, name).to_dict() for name in differences},
        }


def random_heads(bundle: Bundle, top: Head, count: int, seed: int) -> tuple[Head, ...]:
    """So many heads other than the top one, drawn without return; fewer where there are no more."""
    others = [head for head in all_heads(bundle.network) if head != top]
    drawn = np.random.default_rng(seed).permutation(len(others))[:count]
    return tuple(others[i] for i in sorted(drawn.tolist()))


def causal_check(
    bundle: Bundle,
    streams: Streams,
    top: Head,
    random: Sequence[Head],
    ledger: Ledger,
    done: Callable[[], None] = lambda: None,
) -> CausalCheck:
    """Hear every stream in every condition and compare trigger accuracy (ruling 11).

    Args:
        ledger: sessions that stand in it are not heard again.
        done: called after each session.

    Raises:
        InputError: a stream has no timeline, or nothing in the streams calls for a decision (`analysis.no_events`).
    """
    conditions: dict[str, tuple[Head, ...]] = {WHOLE: (), **{str(head): (head,) for head in (top, *random)}}
    for index in range(streams.count):
        missing = [name for name in conditions if _key(streams, name, index) not in ledger]
        for _ in range(len(conditions) - len(missing)):
            done()
        sound = streams.make(index) if missing else None
        for name in missing:
            assert sound is not None
            ledger.add(_key(streams, name, index), _judged(bundle, sound, conditions[name]))
            done()
    judged = {
        name: [event for index in range(streams.count) for event in ledger[_key(streams, name, index)]]
        for name in conditions
    }
    if not judged[WHOLE]:
        raise InputError("analysis.no_events", "nothing in the streams calls for a decision", "take more streams")
    return compare(judged, top, tuple(random), streams.count)


def compare(judged: dict[str, list[list[Any]]], top: Head, random: tuple[Head, ...], streams: int) -> CausalCheck:
    """Figures out of the events of each condition.

    Args:
        judged: by condition, the same events in the same order: [recording, responds, right] each.
    """
    names = [WHOLE, str(top), *map(str, random)]
    right = np.array([[bool(event[2]) for event in judged[name]] for name in names], np.float64).T
    responds = np.array([bool(event[1]) for event in judged[WHOLE]], np.float64)[:, None]
    recordings = [event[0] for event in judged[WHOLE]]
    counts = np.concatenate([right * responds, responds, right * (1 - responds), 1 - responds], axis=1)
    size = len(names)

    def recall(at: int) -> Callable[[Counts], Counts]:
        return lambda c: share(c[..., at], c[..., size])

    def specificity(at: int) -> Callable[[Counts], Counts]:
        return lambda c: share(c[..., size + 1 + at], c[..., -1])

    def balanced(at: int) -> Callable[[Counts], Counts]:
        return lambda c: (recall(at)(c) + specificity(at)(c)) / 2

    def cost_of_random(c: Counts) -> Counts:
        others = [balanced(at)(c) for at in range(2, size)]
        return balanced(0)(c) - (np.mean(others, axis=0) if others else np.nan)

    def cost_of_top(c: Counts) -> Counts:
        return balanced(0)(c) - balanced(1)(c)

    def interval(figure: Callable[[Counts], Counts]) -> Interval:
        return bootstrap(counts, recordings, figure)

    accuracy = {
        name: {
            "balanced_accuracy": interval(balanced(at)),
            "recall": interval(recall(at)),
            "specificity": interval(specificity(at)),
        }
        for at, name in enumerate(names)
    }
    beyond = interval(lambda c: cost_of_top(c) - cost_of_random(c))
    return CausalCheck(
        top, random, streams, len(recordings), accuracy, interval(cost_of_top), interval(cost_of_random), beyond
    )


def _judged(bundle: Bundle, sound: Sound, gone: Sequence[Head]) -> list[list[Any]]:
    """[recording, responds, right] of each event, heard in a session without these heads."""
    if sound.timeline is None:
        raise InputError("analysis.no_events", f"{sound.name} has no timeline", "give --clips, or leave the check out")
    with without(bundle.network, gone):
        heard = hear_composed(bundle, None, Job("streams", 0), Composition(sound.samples, sound.timeline))
    events = score_stream(sound.timeline, heard.replies, {}).events
    return [[event.recording, event.responds, event.right] for event in events]


def _key(streams: Streams, condition: str, stream: int) -> str:
    return f"session {streams.identity} {stream}, {condition}"
