"""What each kind of a model's work takes on this machine: the cost table of a simulated clock.

Tests: tests/bench/test_costs.py.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from soundflow.model.bundle import Bundle
from soundflow.stream.clock import CostTable
from soundflow.stream.decoding import Decoding, Spoken
from soundflow.stream.fifo import TEXT_STEP, Flush
from soundflow.stream.perception import EncodedChunk, Perception

FLUSHES = (1, 2, 4, 8)  # chunks timed together
REPEATS = 40  # timings of each kind of step; the median counts
_NOISE = 0.1  # deviation of the noise that is heard; what is heard changes no time


def measure_costs(bundle: Bundle, repeats: int = REPEATS, now: Callable[[], float] = time.process_time) -> CostTable:
    """Time a model's three kinds of work with a full window.

    Args:
        now: a clock in seconds. The processor's, with one thread, is the wall's on a quiet machine and hardly changes
            on a busy one.

    Returns:
        Medians in milliseconds.
    """
    size, window = bundle.config.chunk_samples, bundle.config.max_chunks
    sound = (_NOISE * np.random.default_rng(0).standard_normal(size * window)).astype(np.float32)
    perception = Perception(bundle)
    chunks = [chunk for piece in perception.pieces(sound) for chunk in perception.hear(piece, 0.0)]
    encode_ms = _median(lambda: perception.hear(sound[:size], 0.0), repeats, now)
    decoding = Decoding(bundle, None, 1.0, bundle.config.max_reply_tokens)
    for chunk in chunks:
        decoding.run(Flush((chunk,)))
    flushes = [Flush(tuple(chunks[:count])) for count in FLUSHES if count <= window // 2]
    decisions = tuple((len(f.chunks), _median(partial(decoding.run, f), repeats, now)) for f in flushes)
    return CostTable(f"{bundle.name}, this machine", encode_ms, decisions, _text_ms(decoding, chunks[0], repeats, now))


def _median(step: Callable[[], object], repeats: int, now: Callable[[], float]) -> float:
    return statistics.median(_timed(step, now) for _ in range(repeats))


def _text_ms(decoding: Decoding, chunk: EncodedChunk, repeats: int, now: Callable[[], float]) -> float:
    """Replies forced at every decision, step by step."""
    decoding.threshold = 0.0
    taken: list[float] = []
    while len(taken) < repeats:
        decoding.run(Flush((chunk,)))
        is_over = False
        while not is_over:
            started = now()
            outcome = decoding.run(TEXT_STEP)
            taken.append(1e3 * (now() - started))
            is_over = not isinstance(outcome, Spoken) or outcome.reason is not None
    return statistics.median(taken)


def _timed(step: Callable[[], object], now: Callable[[], float]) -> float:
    started = now()
    step()
    return 1e3 * (now() - started)
