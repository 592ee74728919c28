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
from soundflow.model.checkpoint.write import folder_digest

Samples = NDArray[np.float32]
Hear = Callable[[Samples, str | None], Sequence[SpokenReply]]  # a stream [n] at 16 kHz, what is asked → what was said


@dataclass(frozen=True)
class System:
    """A name for tables, and one fresh session over one stream.

    `threshold` is p(response) where there is one; `weights` a digest of what computes, for names say little of it.
    """

    name: str
    hear: Hear
    threshold: float | None = None
    weights: str = ""


def model_system(bundle: Bundle, threshold: float | None = None) -> System:
    """A model through our own sessions, at its own threshold unless another is given."""
    used = bundle.config.response_threshold if threshold is None else threshold
    weights = folder_digest(bundle.path) if bundle.path is not None and bundle.path.is_dir() else ""
    return System(bundle.name, instructed_listener(bundle, threshold), used, weights)
