"""Real-world scenarios: long recordings of travel, work, home, commute, and how silent a model is over them.

A folder holds a folder a scenario; in it lie recordings, each perhaps with a synthetic twin of the same course
(`name.synthetic.wav` beside `name.wav`) and a timeline (`name.timeline.json`). With a twin the shares of silent
decisions per 2 s are correlated; with a timeline the triggers are judged. Tests: tests/bench/test_scenarios.py.

Source: the paper's real-world validation (appendix A.1); the layout is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from soundflow.audio.decode import iter_audio
from soundflow.bench.bootstrap import bootstrap, clustered_rate, ratio
from soundflow.bench.hearing import spoken
from soundflow.bench.scoring import EventResult, SpokenReply, score_stream
from soundflow.bench.stream_measures import silence_rates
from soundflow.bench.trigger import rates
from soundflow.data.timeline import Timeline
from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from soundflow.stream.events import Decision, Event, ReplyEnd, ReplyStart
from soundflow.stream.session import Session

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
BIN_SECONDS = 2.0  # the paper's
_TWIN = ".synthetic"


@dataclass(frozen=True)
class Recording:
    """One recording of a scenario, its synthetic twin and its timeline where there are such."""

    scenario: str
    path: Path
    twin: Path | None = None
    timeline: Path | None = None


@dataclass(frozen=True)
class Heard:
    """Whether each chunk was decided silent, what was said, and how long it was."""

    silent: tuple[bool, ...]
    replies: tuple[SpokenReply, ...]
    seconds: float


def find_recordings(folder: Path) -> tuple[Recording, ...]:
    """Every recording of every scenario, sorted.

    Raises:
        InputError: no scenario's folder with a recording in it.
    """
    found = [
        Recording(path.parent.name, path, _twin(path), _existing(path.with_suffix(".timeline.json")))
        for path in sorted(folder.glob("*/*"))
        if path.suffix.lower() in SUFFIXES and not path.stem.endswith(_TWIN)
    ]
    if not found:
        hint = "one folder a scenario, recordings in it: home/morning.wav"
        raise InputError("scenarios.none", f"no recordings in folders of {folder}", hint)
    return tuple(found)


def hear(bundle: Bundle, path: Path, threshold: float | None = None) -> Heard:
    """One session over one file, chunk by chunk; chunks that were decided together count as silent but the last.

    Raises:
        InputError: the file cannot be read.
    """
    silent: list[bool] = []
    kept: list[Event] = []
    chunk_seconds = bundle.config.chunk_seconds
    with Session(bundle, None, threshold) as session:
        for event in _events(session, path, chunk_seconds):
            if isinstance(event, Decision):
                silent += [True] * (event.chunks - 1) + [event.decision == "silent"]
            elif isinstance(event, ReplyStart | ReplyEnd):
                kept.append(event)
    return Heard(tuple(silent), tuple(spoken(kept)), len(silent) * chunk_seconds)


def run_scenarios(
    bundle: Bundle,
    recordings: Sequence[Recording],
    threshold: float | None = None,
    progress: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Every scenario's figures, and all together under `all`.

    Raises:
        InputError: a recording or a timeline that cannot be read.
    """
    rows: list[tuple[Recording, Heard, Heard | None, Timeline | None]] = []
    for one in recordings:
        timeline = None if one.timeline is None else _timeline(one.timeline)
        twin = None if one.twin is None else hear(bundle, one.twin, threshold)
        rows.append((one, hear(bundle, one.path, threshold), twin, timeline))
        progress()
    names = sorted({one.scenario for one in recordings})
    chunk_seconds = bundle.config.chunk_seconds
    groups = {name: [row[1:] for row in rows if row[0].scenario == name] for name in names}
    if len(names) > 1:
        groups["all"] = [row[1:] for row in rows]
    return {name: _figures(group, chunk_seconds) for name, group in groups.items()}


def correlation(pairs: Sequence[tuple[Sequence[bool], Sequence[bool]]], chunks_per_bin: int) -> float | None:
    """Pearson's r of silent shares per bin, over the bins of all pairs together; None where one does not vary.

    Each pair is cut to its shorter half.
    """
    real: list[float] = []
    twin: list[float] = []
    for first, second in pairs:
        bins = min(len(first), len(second)) // chunks_per_bin
        real += silence_rates(first, chunks_per_bin)[:bins]
        twin += silence_rates(second, chunks_per_bin)[:bins]
    if len(real) < 2 or not np.std(real) or not np.std(twin):
        return None
    return float(np.corrcoef(real, twin)[0, 1])


def _figures(rows: Sequence[tuple[Heard, Heard | None, Timeline | None]], chunk_seconds: float) -> dict[str, Any]:
    hours = sum(heard.seconds for heard, _, _ in rows) / 3600
    replies = [len(heard.replies) for heard, _, _ in rows]
    counts = np.array([(sum(heard.silent), len(heard.silent)) for heard, _, _ in rows], dtype=np.float64)
    per_bin = max(1, round(BIN_SECONDS / chunk_seconds))
    pairs = [(heard.silent, twin.silent) for heard, twin, _ in rows if twin is not None]
    events: list[EventResult] = [
        event
        for heard, _, timeline in rows
        if timeline is not None
        for event in score_stream(timeline, heard.replies, {}).events
    ]
    return {
        "recordings": len(rows),
        "hours": round(hours, 4),
        "replies_per_hour": clustered_rate(replies, [heard.seconds / 3600 for heard, _, _ in rows]).to_dict(),
        "silence_rate": bootstrap(counts, range(len(rows)), ratio).to_dict(),
        "pairs": len(pairs),
        "correlation": correlation(pairs, per_bin),
        "triggers": {name: rate.to_dict() for name, rate in rates(events).items()} if events else None,
    }


def _events(session: Session, path: Path, block_seconds: float) -> Iterator[Event]:
    for block in iter_audio(path, block_seconds):
        yield from session.feed(block)
    yield from session.end()


def _timeline(path: Path) -> Timeline:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("scenarios.timeline", f"cannot read {path}: {error}", "write it as UTF-8") from error
    return Timeline.from_json(text)


def _twin(path: Path) -> Path | None:
    candidates = (path.with_name(f"{path.stem}{_TWIN}{suffix}") for suffix in SUFFIXES)
    return next((found for found in candidates if found.is_file()), None)


def _existing(path: Path) -> Path | None:
    return path if path.is_file() else None
