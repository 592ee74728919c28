"""One verifier for retrieved and synthesised clips: identity, cleanliness, duration fit, continuity.

What can be measured is measured; identity is judged by names unless somebody gives a better judge. Source: paper,
appendix "Streaming Data Construction". Tests: tests/data/curate/test_verifier.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from soundflow.data.mixing import FRAME, frame_levels
from soundflow.data.timeline import SAMPLE_RATE

Samples = NDArray[np.float32]
Ruling = Literal["accept", "reprocess", "reject"]

SHORTEST_SECONDS = 0.15  # the data folder's own limit
CLIPPED_SHARE = 0.02  # of samples at full scale: above it a clip is broken; chosen
LONGEST_PAUSE_SECONDS = 0.8  # inside a clip; TFJP leaves 0.3 s; chosen
FAINTEST_DBFS = -65.0  # a clip whose loudest frame lies below holds nothing to hear; chosen
PAUSE_BELOW_PEAK_DB = 40.0  # as mixing's active frames


@dataclass(frozen=True)
class Measured:
    """What the verifier measures on a clip; seconds, dBFS, shares."""

    seconds: float
    peak_dbfs: float
    clipped_share: float
    longest_pause: float
    is_finite: bool


@dataclass(frozen=True)
class Verdict:
    """A ruling and why, one reason a criterion that was not met."""

    ruling: Ruling
    reasons: tuple[str, ...] = ()


def measure(samples: Samples) -> Measured:
    """Measure one clip, float32 [n] at 16 kHz."""
    levels = frame_levels(samples)
    peak = float(levels.max(initial=0.0))
    quiet = levels <= peak * 10 ** (-PAUSE_BELOW_PEAK_DB / 10)
    return Measured(
        seconds=len(samples) / SAMPLE_RATE,
        peak_dbfs=float(10 * np.log10(max(peak, 1e-12))),
        clipped_share=float(np.mean(np.abs(samples) >= 0.999)) if len(samples) else 0.0,
        longest_pause=_longest_run(quiet) * FRAME / SAMPLE_RATE,
        is_finite=bool(np.isfinite(samples).all()),
    )


def verify(label: str, wanted: str, names: Sequence[str], measured: Measured, seconds: tuple[float, float]) -> Verdict:
    """Judge one clip.

    Args:
        label: what the clip is labelled.
        wanted: the label asked for.
        names: every name of the wanted label, for clips whose label is free text.
        seconds: the duration that fits.

    Returns:
        `reprocess` where TFJP may mend what is wrong: pauses, and a length above the range.
    """
    broken: list[str] = []
    if not is_same(label, wanted, names):
        broken.append(f"identity: it is {label}, not {wanted}")
    if not measured.is_finite:
        broken.append("cleanliness: samples that are not finite")
    if measured.clipped_share > CLIPPED_SHARE:
        broken.append(f"cleanliness: {measured.clipped_share:.0%} of it at full scale")
    if measured.peak_dbfs < FAINTEST_DBFS:
        broken.append(f"cleanliness: nothing above {measured.peak_dbfs:.0f} dBFS")
    if measured.seconds < max(seconds[0], SHORTEST_SECONDS):
        broken.append(f"duration: {measured.seconds:.2f} s, expected at least {seconds[0]:g}")
    if broken:
        return Verdict("reject", tuple(broken))
    mendable: list[str] = []
    if measured.seconds > seconds[1]:
        mendable.append(f"duration: {measured.seconds:.1f} s, expected at most {seconds[1]:g}")
    if measured.longest_pause > LONGEST_PAUSE_SECONDS:
        mendable.append(f"continuity: a pause of {measured.longest_pause:.2f} s")
    return Verdict("reprocess", tuple(mendable)) if mendable else Verdict("accept")


def is_same(label: str, wanted: str, names: Sequence[str]) -> bool:
    """Whether a clip's label is the wanted sound: the same label, or one of its names in words."""
    plain = label.replace("_", " ").lower()
    return label == wanted or plain in {name.lower() for name in names}


def _longest_run(flags: NDArray[np.bool_]) -> int:
    """Length of the longest run of True."""
    edges = np.diff(np.concatenate(([0], flags.astype(np.int8), [0])))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return int((ends - starts).max(initial=0))
