"""A corpus in figures: task shares, rounds, words, silence, sources, levels, lengths, and which domains it covers.

The figures are the paper's ("Statistics of StreamAudio-2M"). Tests: tests/data/report/test_report.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from soundflow.data.tasks.registry import CAPABILITIES, SUB_TASKS

# Proactive-Sound-Bench's 6 domains and 17 of their parts (paper, appendix "Proactive-Sound-Bench").
DOMAINS: Mapping[str, tuple[str, ...]] = {
    "Human Sound Signals": ("Body Movements", "Physiological states", "Emotion Expression", "Collective Ambience"),
    "Daily Living Sounds": ("Personal Care", "Daily Affairs", "Housekeeping"),
    "Equipment": ("House Equipment States", "Industrial Tools & Instruments"),
    "Traffic": ("Vehicle", "Traffic", "Large Traffic"),
    "Nature & Environment": (
        "Ecological & Biological Context",
        "Meteorological Dynamics",
        "Geological Events & Hazards",
        "Environment background",
    ),
    "Music": ("Artistic",),
}
PARTS: tuple[str, ...] = tuple(f"{macro} / {meso}" for macro, mesos in DOMAINS.items() for meso in mesos)

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Histogram:
    """Counts between edges; the last bin holds its right edge too."""

    name: str
    unit: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    median: float


@dataclass(frozen=True)
class Stats:
    """What the page shows; `uncovered` names domains no stream has, `absent` sub-tasks."""

    streams: int
    hours: float
    responses: int
    capabilities: dict[str, int]
    sub_tasks: dict[str, int]
    absent: tuple[str, ...]
    histograms: tuple[Histogram, ...]
    sources: dict[str, int]
    licences: dict[str, int]
    domains: dict[str, int]
    uncovered: tuple[str, ...]
    mix_ins: dict[str, int]
    synthetic_streams: int
    asr: dict[str, int]
    stand_ins: dict[str, int]  # "sub-task, in place of corpus": streams whose speech comes from somewhere else
    late_cues: int  # decisions more than a chunk away from their sound; without TFJP they are kept
    rejections: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def stats_of(rows: Sequence[Row], quarantine: Sequence[Row]) -> Stats:
    """Count what an index says."""

    def tally(name: str) -> dict[str, int]:
        return dict(Counter(value for row in rows for value in row[name] or ()).most_common())

    sub_tasks = Counter(str(row["sub_task"]) for row in rows)
    domains = tally("domains")
    return Stats(
        streams=len(rows),
        hours=round(sum(float(row["seconds"]) for row in rows) / 3600, 4),
        responses=sum(int(row["responses"]) for row in rows),
        capabilities={name: sum(sub_tasks[task] for task in tasks) for name, tasks in CAPABILITIES.items()},
        sub_tasks={name: sub_tasks[name] for name in SUB_TASKS},
        absent=tuple(name for name in SUB_TASKS if not sub_tasks[name]),
        histograms=_histograms(rows),
        sources=tally("sources"),
        licences=tally("licences"),
        domains={part: domains.get(part, 0) for part in PARTS},
        uncovered=tuple(part for part in PARTS if not domains.get(part)),
        mix_ins=tally("mix_ins"),
        synthetic_streams=sum(float(row["synthetic_share"]) > 0 for row in rows),
        asr=dict(Counter(_checked(row["asr_checked"]) for row in rows)),
        stand_ins=dict(
            Counter(f"{row['sub_task']}, in place of {row['stand_in_for']}" for row in rows if row.get("stand_in_for"))
        ),
        late_cues=sum(int(row.get("late_cues") or 0) for row in rows),
        rejections=dict(Counter(str(row["code"]) for row in quarantine).most_common()),
    )


def _histograms(rows: Sequence[Row]) -> tuple[Histogram, ...]:
    def words(row: Row) -> float:
        return float(row["response_words"]) / max(1, int(row["responses"]))

    return (
        _histogram("rounds", "foreground sub-events a stream", [float(row["events"]) for row in rows], range(17)),
        _histogram("responses", "a stream", [float(row["responses"]) for row in rows], range(0, 33, 2)),
        _histogram("words", "a response", [words(row) for row in rows if row["responses"]], range(0, 33, 2)),
        _histogram("silence", "share of chunks that are silent", _all(rows, "silent_share"), np.linspace(0, 1, 21)),
        _histogram("snr", "dB, the louder noise track", _all(rows, "snr_db"), range(0, 23, 1)),
        _histogram("length", "seconds", _all(rows, "seconds"), range(0, 68, 4)),
    )


def _all(rows: Sequence[Row], name: str) -> list[float]:
    return [float(row[name]) for row in rows]


def _histogram(name: str, unit: str, values: Sequence[float], edges: Any) -> Histogram:
    places = np.asarray(list(edges), float)
    counts, _ = np.histogram(np.clip(values, places[0], places[-1]), places)
    median = float(np.median(values)) if len(values) else 0.0
    return Histogram(name, unit, tuple(map(float, places)), tuple(map(int, counts)), round(median, 3))


def _checked(value: bool | None) -> str:
    return "no made voice" if value is None else "checked by an ASR" if value else "not checked"
