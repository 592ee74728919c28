"""Anything that can be measured: hears a stream, says when it speaks. A model, a server, or a rule of thumb.

Tests: tests/bench/test_systems.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundflow.bench.hearing import instructed_listener
from soundflow.bench.scoring import SpokenReply
from soundflow.model.bundle import Bundle

Samples = NDArray[np.float32]
Hear = Callable[[Samples, str | None], Sequence[SpokenReply]]  # a stream [n] at 16 kHz, what is asked → what was said


@dataclass(frozen=True)
class System:
    """A name for tables, and one fresh session over one stream. `threshold` is p(response) where there is one."""

    name: str
    hear: Hear
    threshold: float | None = None


def model_system(bundle: Bundle, threshold: float | None = None) -> System:
    """A model through our own sessions, at its own threshold unless another is given."""
    used = bundle.config.response_threshold if threshold is None else threshold
    return System(bundle.name, instructed_listener(bundle, threshold), used)
