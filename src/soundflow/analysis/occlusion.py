"""Why it spoke: stretches of sound are covered, one at a time, and the decision is made again.

    heard       … background ▒▒▒ glass ▒▒▒ steps |decision
    covered     … background ▒▒▒ ░░░░░ ▒▒▒ steps |decision      the odds fall: the glass carried it

All else stays as it was: the sound around it, and what the model had said until then. Source: own (occlusion, after
Zeiler and Fergus 2014). Tests: tests/analysis/test_occlusion.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from soundflow.analysis.covering import Span, around, covered, quietest, spans_of
from soundflow.analysis.layers import margins
from soundflow.analysis.walk import Walk, decision_passage
from soundflow.audio.log_mel import StreamingLogMel
from soundflow.data.timeline import SAMPLE_RATE
from soundflow.errors import UsageError
from soundflow.model.bundle import Bundle

Samples = NDArray[np.float32]

STRETCHES = (0.4, 0.8, 1.6)  # seconds that are covered at once: shorter and longer sounds; chosen
LOOK_BACK_SECONDS = 8.0  # before the chunk's end, in which stretches are covered; chosen
AT_ONCE = 8  # covered streams in one pass of the decoder; chosen


@dataclass(frozen=True)
class Stretch:
    """Seconds of stream that were covered, and p(response) and the fall in log odds that came of it."""

    start: float
    end: float
    p_response: float
    fall: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return round(self.end - self.start, 6)

    def to_dict(self) -> dict[str, float]:
        """All four, rounded."""
        return {name: round(value, 4) for name, value in self.__dict__.items()}


@dataclass(frozen=True)
class Reason:
    """What carried one decision.

    `stretches` are all that were covered; `carrier` is the shortest whose absence turns a decision to speak, else the
    one whose absence costs most; `p_carrier_alone` is p(response) when everything else in reach is covered. A
    negative fall says that the stretch held the model back.
    """

    chunk: int
    start: float
    end: float
    p_response: float
    threshold: float
    stretches: tuple[Stretch, ...]
    carrier: Stretch
    turns: bool
    p_carrier_alone: float

    def to_dict(self) -> dict[str, Any]:
        """The one object that `--json` prints."""
        return {
            "chunk": self.chunk,
            "start": round(self.start, 4),
            "end": round(self.end, 4),
            "decision": "response" if self.p_response >= self.threshold else "silent",
            "p_response": round(self.p_response, 4),
            "threshold": self.threshold,
            "carrier": self.carrier.to_dict(),
            "turns": self.turns,
            "p_carrier_alone": round(self.p_carrier_alone, 4),
            "stretches": [stretch.to_dict() for stretch in self.stretches],
        }


def reason(
    bundle: Bundle,
    samples: Samples,
    found: Walk,
    chunk: int,
    lengths: Sequence[float] = STRETCHES,
    done: Callable[[], None] = lambda: None,
) -> Reason:
    """Which stretch of sound carried the decision on one chunk, or would have.

    Args:
        samples: float32 [n], the stream of the walk.
        lengths: seconds of the stretches; each length is laid over the last 8 s in steps of half of it.
        done: called after each eight covered streams.

    Raises:
        InputError: the stream has no such chunk (`analysis.chunk`).
        UsageError: a length is not positive (`analysis.stretch`).
    """
    if not lengths or min(lengths) <= 0:
        raise UsageError("analysis.stretch", f"stretches of {list(lengths)} s", "give lengths above 0")
    again = _Rehearing(bundle, samples, found, chunk)
    spans = spans_of((round(length * SAMPLE_RATE) for length in lengths), again.start, again.end)
    plain, *others = again.margins([[], *([span] for span in spans)], done)
    stretches = tuple(
        Stretch(first / SAMPLE_RATE, last / SAMPLE_RATE, p_of(margin), plain - margin)
        for (first, last), margin in zip(spans, others, strict=True)
    )
    carrier, turns = carrier_of(stretches, p_of(plain), found.threshold)
    (alone,) = again.margins([around(spans[stretches.index(carrier)], again.start, again.end)], done)
    seconds = bundle.config.chunk_seconds
    start, end = chunk * seconds, (chunk + 1) * seconds
    return Reason(chunk, start, end, p_of(plain), found.threshold, stretches, carrier, turns, p_of(alone))


def passes_of(bundle: Bundle, chunk: int, lengths: Sequence[float] = STRETCHES) -> int:
    """How often `reason` will call `done`, at most."""
    end = (chunk + 1) * bundle.config.chunk_samples
    start = max(0, end - round(LOOK_BACK_SECONDS * SAMPLE_RATE))
    spans = spans_of((round(length * SAMPLE_RATE) for length in lengths), start, end)
    return math.ceil((len(spans) + 1) / AT_ONCE) + 1


def carrier_of(stretches: Sequence[Stretch], p_response: float, threshold: float) -> tuple[Stretch, bool]:
    """The stretch that carried a decision, and whether the decision turns without it."""
    turning = [s for s in stretches if s.p_response < threshold <= p_response]
    shortest = min((s.seconds for s in turning), default=None)
    among = stretches if shortest is None else [s for s in turning if s.seconds == shortest]
    return max(among, key=lambda s: s.fall), bool(turning)


def p_of(margin: float) -> float:
    """The probability of a log odds."""
    return 0.5 + 0.5 * math.tanh(margin / 2)  # the sigmoid, without overflow


class _Rehearing:
    """One decision, made again over sound that is covered here and there between samples `start` and `end`.

    What lies before is heard once: the front end goes on from its state there, the decoder from its cache.
    """

    def __init__(self, bundle: Bundle, samples: Samples, found: Walk, chunk: int) -> None:
        part = decision_passage(bundle, found, chunk)
        size = bundle.config.chunk_samples
        reach = max(1, round(LOOK_BACK_SECONDS / bundle.config.chunk_seconds))
        self._first = max(part.first, chunk + 1 - reach)
        self.start, self.end = self._first * size, (chunk + 1) * size
        self._bundle, self._steps = bundle, found.steps[self._first : chunk + 1]
        self._quiet = quietest(samples[part.first * size : self.end])
        self._sound = np.pad(samples[: self.end], (0, max(0, self.end - len(samples))))
        self._log_mel = StreamingLogMel(bundle.config.front_end())
        self._log_mel.feed(self._sound[: self.start])
        self._before = self._log_mel.snapshot()
        places = part.sound[self._first - part.first :]
        shared = int(places[0, 0])
        self._places = places - shared
        self._rows = part.rows[shared:]
        self._cache = bundle.network.new_cache(shared)
        with torch.inference_mode():
            bundle.network(part.rows[None, :shared], self._cache)

    def margins(self, variants: Sequence[Sequence[Span]], done: Callable[[], None]) -> list[float]:
        """The decision's margin with each variant's spans covered."""
        found: list[float] = []
        with torch.inference_mode():
            for at in range(0, len(variants), AT_ONCE):
                rows = torch.stack([self._covered_rows(spans) for spans in variants[at : at + AT_ONCE]])
                found += margins(self._bundle.network, self._last_hidden(rows)).tolist()
                done()
        return found

    def _covered_rows(self, spans: Sequence[Span]) -> Tensor:
        """The decoder's rows in reach, [positions, width]; only chunks that sound different are encoded again."""
        self._log_mel.restore(self._before)
        mels = self._log_mel.feed(covered(self._sound, spans, self._quiet)[self.start :])
        changed = [i for i, mel in enumerate(mels) if not torch.equal(mel, self._steps[i].mel)]
        rows = self._rows.clone()
        if changed:
            features = self._bundle.network.encode(torch.stack([mels[i] for i in changed]))
            rows[self._places[changed]] = features.to(rows)
        return rows

    def _last_hidden(self, rows: Tensor) -> Tensor:
        """[variants, width] behind [variants, positions, width], each behind what all share."""
        shared = self._cache.length
        cache = self._bundle.network.new_cache(shared + rows.shape[1], len(rows))
        cache.keys[:, :, :, :shared] = self._cache.keys
        cache.values[:, :, :, :shared] = self._cache.values
        cache.advance(shared)
        hidden: Tensor = self._bundle.network(rows, cache)
        return hidden[:, -1]
