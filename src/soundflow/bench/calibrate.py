"""The operating curve, recall against false replies an hour over the threshold, and the threshold for a wanted rate.

Measured on `valid` (ruling 12); what is chosen goes into the model's config and card. Tests:
tests/bench/test_calibrate.py.
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soundflow.bench.bootstrap import Interval
from soundflow.bench.listening import STRAY_KINDS, STRAY_STREAM_SECONDS, Heard, Job, Kind, Setting
from soundflow.bench.rows import write_text
from soundflow.bench.stray import stray_row
from soundflow.bench.sweep import OperatingPoint, heard_at_each, sweep
from soundflow.bench.trigger import RATES, Progress
from soundflow.errors import InputError, UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.ours import is_ours

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))  # 0.05 to 0.95
_CARD = "README.md"
_BEGIN, _END = "<!-- calibration -->", "<!-- /calibration -->"


@dataclass(frozen=True)
class CurvePoint:
    """One threshold: rates over streams with events, and false replies an hour where nothing calls for a word."""

    point: OperatingPoint
    false_per_hour: Interval  # all kinds of sound together
    by_kind: dict[Kind, Interval]

    @property
    def threshold(self) -> float:
        """p(response) from which the model speaks."""
        return self.point.threshold

    def to_dict(self) -> dict[str, Any]:
        """One flat object; every rate with its bounds."""
        return {
            "threshold": self.threshold,
            **{name: self.point.rates[name].to_dict() for name in RATES},
            "false_per_hour": self.false_per_hour.to_dict(),
            "false_per_hour_by_kind": {kind: rate.to_dict() for kind, rate in self.by_kind.items()},
        }


def operating_curve(
    bundle: Bundle,
    setting: Setting,
    streams: int,
    hours: float,
    thresholds: Sequence[float] = THRESHOLDS,
    progress: Progress = lambda what, seconds: None,
) -> tuple[CurvePoint, ...]:
    """Hear the same streams at each threshold.

    Args:
        setting: its own threshold is not used.
        streams: with events, 16-24 s each.
        hours: of long streams of each kind (background, speech, music) that the split has.

    Returns:
        One point a threshold, ascending.

    Raises:
        UsageError: no streams, no hours or no threshold.
        InputError: the split has nothing in which to count false replies.
    """
    if hours <= 0:
        raise UsageError("calibrate.hours", f"{hours:g} hours of long streams", "more than 0")
    kinds = [kind for kind in STRAY_KINDS if _has(setting, kind)]
    if not kinds:
        message = f"split {setting.split!r} has no {', '.join(STRAY_KINDS)} without a call"
        raise InputError("calibrate.quiet", message, "false replies are counted on those")
    points = sweep(bundle, setting, streams, thresholds, progress)
    ordered = [point.threshold for point in points]
    heard: dict[tuple[Kind, float], list[Heard]] = defaultdict(list)
    for kind in kinds:
        for index in range(math.ceil(hours * 3600 / STRAY_STREAM_SECONDS)):
            for threshold, one in zip(ordered, heard_at_each(bundle, setting, Job(kind, index), ordered), strict=True):
                heard[kind, threshold].append(one)
            progress(kind, STRAY_STREAM_SECONDS)
    return tuple(
        CurvePoint(
            point,
            stray_row([one for kind in kinds for one in heard[kind, point.threshold]]).rate,
            {kind: stray_row(heard[kind, point.threshold]).rate for kind in kinds},
        )
        for point in points
    )


def choose(curve: Sequence[CurvePoint], wanted_per_hour: float) -> CurvePoint:
    """The point with the most recall among those with at most so many false replies an hour.

    Of points with equal recall the one with the higher threshold.

    Raises:
        UsageError: a negative rate.
        InputError: no point is as quiet as that.
    """
    if not wanted_per_hour >= 0:
        raise UsageError("calibrate.wanted", f"{wanted_per_hour:g} false replies an hour", "0 or more")
    quiet = [one for one in curve if (one.false_per_hour.value or 0.0) <= wanted_per_hour]
    if not quiet:
        best = min(curve, key=lambda one: one.false_per_hour.value or 0.0)
        found = f"{best.false_per_hour.value:.1f} false replies an hour at threshold {best.threshold:g} are the fewest"
        raise InputError("calibrate.loud", found, f"ask for more than {wanted_per_hour:g}, or add higher thresholds")
    return max(quiet, key=lambda one: (one.point.rates["recall"].value or 0.0, one.threshold))


def check_writable(folder: Path) -> None:
    """Refuse, before hours of listening, a folder whose config is not ours to change.

    Raises:
        InputError: no config.json, or another layout's.
    """
    _config(folder)


def write_threshold(folder: Path, chosen: CurvePoint, wanted_per_hour: float, how: str) -> None:
    """Put a threshold into a model's config.json, and how it was found into its card.

    Args:
        folder: a model in our own layout.
        how: the measurement in words: split, seed, amount.

    Raises:
        InputError: the folder holds no config of ours.
        OutsideError: the disk refuses; config and card are each whole, old or new.
    """
    config = _config(folder) | {"response_threshold": chosen.threshold}
    write_text(folder / "config.json", json.dumps(config, indent=1) + "\n")
    card = folder / _CARD
    text = card.read_text(encoding="utf-8") if card.exists() else f"# {config.get('name', folder.name)}\n"
    write_text(card, _with_section(text, _section(chosen, wanted_per_hour, how)))


def _section(chosen: CurvePoint, wanted_per_hour: float, how: str) -> str:
    recall, false = chosen.point.rates["recall"], chosen.false_per_hour
    lines = [
        _BEGIN,
        "## Threshold",
        "",
        f"It speaks from p(response) {chosen.threshold:g}: at most {wanted_per_hour:g} false replies an hour wanted.",
        f"Measured: {_shown(false, 1)} false replies an hour, recall {_shown(recall, 100)} %; {how}.",
        _END,
    ]
    return "\n".join(lines)


def _with_section(card: str, section: str) -> str:
    pattern = re.compile(re.escape(_BEGIN) + ".*?" + re.escape(_END), re.DOTALL)
    if pattern.search(card):
        return pattern.sub(lambda _: section, card, count=1)
    return f"{card.rstrip()}\n\n{section}\n"


def _shown(rate: Interval, scale: float) -> str:
    if rate.value is None or rate.low is None or rate.high is None:
        return "–"
    return f"{scale * rate.value:.1f} ({scale * rate.low:.1f} – {scale * rate.high:.1f})"


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError("calibrate.config", f"cannot read {path}: {error}", "name a model's folder") from error
    if not isinstance(found, dict) or not is_ours(found):
        hint = "only our own layout holds a threshold; soundflow model convert makes one"
        raise InputError("calibrate.layout", f"{path} is another layout's", hint)
    return found


def _has(setting: Setting, kind: Kind) -> bool:
    clips = setting.store.clips(split=setting.split, kind=kind)
    return any(clip.proactive is not True for clip in clips)
