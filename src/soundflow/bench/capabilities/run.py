"""`bench capabilities`: a corpus of `data build` heard stream by stream, and scored by what was said.

Tests: tests/bench/capabilities/test_run.py.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from soundflow.bench.capabilities import items
from soundflow.bench.capabilities.figures import Told, beside_trivial, columns_of, commonest_answers
from soundflow.bench.capabilities.items import Asked
from soundflow.bench.capabilities.judging import Judged, judge
from soundflow.bench.capabilities.layouts import in_both, layouts
from soundflow.bench.capabilities.offline import offline_answers
from soundflow.bench.capabilities.written import in_both_ways, in_words, ways
from soundflow.bench.listening import Listener
from soundflow.bench.machine import describe_machine
from soundflow.bench.scoring import SpokenReply
from soundflow.bench.systems import System, model_system
from soundflow.data.build.corpus import Samples, StoredStream, read_index, streams
from soundflow.errors import InputError, UsageError
from soundflow.model.bundle import Bundle
from soundflow.stream.offline import check_answers

Progress = Callable[[str, float], None]  # what was heard, seconds of sound
Heard = tuple[Asked, Sequence[SpokenReply]]


@dataclass(frozen=True)
class CapabilitiesReport:
    """Everything `bench capabilities` found.

    `columns` holds tables by how the instruction came (`all`, `text`, `spoken`, `none`), each with rows for `all`,
    `capabilities` and `sub_tasks`; `outcomes` has a row an item, for `bench compare`. `unsound` lists items that were
    left out, because their reference speaks of a sound that is not in the stream. `layouts` is empty unless the offline
    layout was asked, too, `ways` unless what is asked aloud was asked in words, too, and `answers` unless it is known
    which were learned.
    """

    columns: Mapping[str, Any]
    commonest: Mapping[str, str]
    streams: int
    hours: float
    about: Mapping[str, Any] = field(default_factory=dict)
    outcomes: tuple[Mapping[str, Any], ...] = ()
    unsound: tuple[Mapping[str, str], ...] = ()
    layouts: Mapping[str, Any] = field(default_factory=dict)
    ways: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)

    def right(self, name: str, column: str = "all") -> float | None:
        """The share that was right, of a capability, a sub-task or `all`; None where nothing was asked."""
        tables = self.columns.get(column, {})
        rows = {"all": tables.get("all"), **tables.get("capabilities", {}), **tables.get("sub_tasks", {})}
        found: float | None = (rows.get(name) or {}).get("right", {}).get("value")
        return found

    def to_dict(self) -> dict[str, Any]:
        """The one object that `--json` prints."""
        return {
            "benchmark": "capabilities",
            **self.about,
            "streams": self.streams,
            "hours": round(self.hours, 4),
            "columns": dict(self.columns),
            "commonest": dict(self.commonest),
            "unsound": list(self.unsound),
            **({"layouts": dict(self.layouts)} if self.layouts else {}),
            **({"ways": dict(self.ways)} if self.ways else {}),
            **({"answers": dict(self.answers)} if self.answers else {}),
        }


def run_capabilities(
    listener: Listener,
    corpus: Path,
    most: int | None = None,
    threshold: float | None = None,
    progress: Progress = lambda what, seconds: None,
) -> CapabilitiesReport:
    """Hear a corpus and judge it: what a training script asks for, too.

    Args:
        listener: a model, or any system.
        corpus: a finished folder of `data build`; its streams are spread evenly over the sub-tasks.
        most: streams heard, the first ones; None hears all.
        threshold: p(response) from which a model speaks; None takes its own.

    Raises:
        InputError: no finished corpus, a stream that cannot be read, or no stream at all.
        UsageError: fewer than one stream is asked for.
    """
    system = listener if isinstance(listener, System) else model_system(listener, threshold)
    heard = [one for _, one, _ in _hear(system, corpus, most, progress)]
    return report(heard, _about(system, corpus))


def run_layouts(
    bundle: Bundle,
    corpus: Path,
    most: int | None = None,
    threshold: float | None = None,
    progress: Progress = lambda what, seconds: None,
) -> CapabilitiesReport:
    """The same, and beside it the items that make sense as one question about one recording, asked offline.

    Raises:
        UsageError: the model was not trained to answer questions (`ask.unsupported`), or as `run_capabilities`.
        InputError: as `run_capabilities`.
    """
    check_answers(bundle)
    system = model_system(bundle, threshold)
    heard, answers = list[Heard](), list[dict[int, str]]()
    for _, (asked, replies), samples in _hear(system, corpus, most, progress):
        heard.append((asked, replies))
        answers.append(offline_answers(bundle, asked, samples))
    found = report(heard, _about(system, corpus))
    texts = {
        _id(asked, place): text for (asked, _), said in zip(heard, answers, strict=True) for place, text in said.items()
    }
    return dataclasses.replace(
        found,
        layouts=layouts(in_both([judge(asked, replies) for asked, replies in heard], answers)),
        outcomes=tuple({**row, "said_offline": texts.get(str(row["id"]))} for row in found.outcomes),
    )


def run_written(
    listener: Listener,
    corpus: Path,
    most: int | None = None,
    threshold: float | None = None,
    progress: Progress = lambda what, seconds: None,
) -> CapabilitiesReport:
    """The same, and beside it the streams that are asked aloud, asked in words.

    Raises:
        InputError, UsageError: as `run_capabilities`.
    """
    system = listener if isinstance(listener, System) else model_system(listener, threshold)
    heard, aloud, written = list[Heard](), list[Judged](), list[Judged]()
    for stored, one, samples in _hear(system, corpus, most, progress):
        heard.append(one)
        if (other := in_words(stored, samples)) is not None:
            asked, rest = other
            aloud.append(judge(*one))
            written.append(judge(asked, tuple(system.hear(rest, asked.timeline.instruction))))
    found = report(heard, _about(system, corpus))
    return dataclasses.replace(found, ways=ways(in_both_ways(written, aloud)))


def chosen(corpus: Path, most: int | None) -> Iterator[StoredStream]:
    """The first streams of a finished corpus, or all of them.

    Raises:
        InputError, UsageError: as `run_capabilities`.
    """
    if most is not None and most < 1:
        raise UsageError("bench.amount", f"{most} streams", "at least 1")
    if not read_index(corpus):
        raise InputError("bench.corpus", f"{corpus} holds no stream", "build it with data build --streams N")
    return islice(streams(corpus), most)


def seconds_of(corpus: Path, most: int | None) -> float:
    """How much sound that is.

    Raises:
        InputError: no finished corpus.
    """
    return sum(float(row.get("seconds") or 0) for row in read_index(corpus)[:most])


def held(stored: StoredStream) -> Asked:
    """A stored stream as it is scored."""
    return items.asked(stored.key, stored.annotation, stored.timeline)


def report(heard: Sequence[Heard], about: Mapping[str, Any] | None = None) -> CapabilitiesReport:
    """What was said, judged and counted."""
    told = beside_trivial(heard)
    return CapabilitiesReport(
        columns=columns_of(told),
        commonest=commonest_answers(asked for asked, _ in heard),
        streams=len(told),
        hours=sum(one.model.seconds for one in told) / 3600,
        about=about or {},
        unsound=tuple(
            {"stream": asked.key, "sub_task": item.sub_task, "reference": item.reference}
            for asked, _ in heard
            for item in asked.unsound
        ),
        outcomes=tuple(_outcomes([asked for asked, _ in heard], told)),
    )


def _hear(
    system: System, corpus: Path, most: int | None, progress: Progress
) -> Iterator[tuple[StoredStream, Heard, Samples]]:
    for stored in chosen(corpus, most):
        asked, samples = held(stored), stored.samples  # decoded here, once
        yield stored, (asked, tuple(system.hear(samples, asked.timeline.instruction))), samples
        progress(asked.sub_task, asked.timeline.seconds)


def _about(system: System, corpus: Path) -> dict[str, Any]:
    return {
        "model": system.name,
        "threshold": system.threshold,
        "corpus": corpus.name,
        "machine": describe_machine(),
    }


def _outcomes(streams: Sequence[Asked], told: Sequence[Told]) -> Iterator[dict[str, Any]]:
    """A row an item."""
    for asked, one in zip(streams, told, strict=True):
        for place, item in enumerate(one.model.items):
            yield {
                "id": _id(asked, place),
                "recording": item.item.recording,
                "due": "ignore" if item.item.kind == "silence" else "respond",
                "right": item.right,
                "reference": item.item.reference,
                "said": item.reply,
            }


def _id(asked: Asked, place: int) -> str:
    """The name of an item: its stream, its place in it, and its sub-task."""
    return f"{asked.key}.{place}.{asked.items[place].sub_task}"
