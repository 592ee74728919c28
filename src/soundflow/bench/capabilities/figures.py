"""Judged streams as rows of figures: by sub-task, capability and over all, with bounds and trivial answers beside.

Tests: tests/bench/capabilities/test_figures.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from soundflow.bench.bootstrap import Interval, bootstrap, clustered_rate, ratio
from soundflow.bench.capabilities.items import TASKS, Asked
from soundflow.bench.capabilities.judging import Judged, JudgedItem, judge
from soundflow.bench.capabilities.rules import Share, question_of
from soundflow.bench.scorers.bleu import NO_NGRAMS, bleu
from soundflow.bench.scoring import SpokenReply
from soundflow.data.timeline import chunk_of

COLUMNS = ("text", "spoken", "none")
Row = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """A stream with what the model made of it, and what the trivial answers make of it."""

    model: Judged
    silent: Judged
    commonest: Judged


def beside_trivial(heard: Sequence[tuple[Asked, Sequence[SpokenReply]]]) -> list[Told]:
    """Judge what was heard, and what always silent and the commonest answer at the right moment would score."""
    common = commonest_answers([asked for asked, _ in heard])
    return [
        Told(judge(asked, replies), judge(asked, ()), judge(asked, oracle_replies(asked, common)))
        for asked, replies in heard
    ]


def commonest_answers(streams: Iterable[Asked]) -> dict[str, str]:
    """The commonest reference of each kind of question (`question_of`); of equals the first in the alphabet."""
    counts: dict[str, Counter[str]] = {}
    for asked in streams:
        for item in asked.items:
            if item.kind != "silence":
                counts.setdefault(question_of(item), Counter())[item.reference] += 1
    return {asked: min(found, key=lambda text: (-found[text], text)) for asked, found in counts.items()}


def oracle_replies(asked: Asked, answers: Mapping[str, str]) -> list[SpokenReply]:
    """One answer a kind of question, said at the end of the chunk that holds each item's cue."""
    line = asked.timeline
    return [
        SpokenReply((chunk_of(line.events[item.event].cue, line.chunk_seconds) + 1) * line.chunk_seconds, text)
        for item in asked.items
        if item.kind != "silence" and (text := answers.get(question_of(item))) is not None
    ]


def columns_of(told: Sequence[Told]) -> dict[str, Any]:
    """All streams, and those whose instruction came as text, spoken or not at all, each where there are any."""
    found = {"all": tables_of(told)}
    for column in COLUMNS:
        own = [one for one in told if one.model.column == column]
        if own:
            found[column] = tables_of(own)
    return found


def tables_of(told: Sequence[Told]) -> dict[str, Any]:
    """A row over everything, a row a capability, a row a sub-task; names that are none of ours count as `other`."""
    there = {task for one in told for task in _tasks(one.model)}
    own = {name: [task for task in tasks if task in there] for name, tasks in TASKS.items()}
    own["other"] = sorted(there - {task for tasks in own.values() for task in tasks})
    rows = {task: row_of(told, {task}) for tasks in own.values() for task in tasks}
    return {
        "all": _with_mean(row_of(told, there), rows.values()),
        "capabilities": {
            name: _with_mean(row_of(told, set(tasks)), [rows[task] for task in tasks])
            for name, tasks in own.items()
            if tasks
        },
        "sub_tasks": rows,
    }


def row_of(told: Sequence[Told], tasks: Collection[str]) -> Row:
    """The figures of some sub-tasks together.

    `answered` leaves out streams in which silence is right; `right` counts them.
    """
    streams = [one.model for one in told if one.model.sub_task in tasks]
    items = _of([one.model for one in told], tasks)
    row = _shares(items) | _specificity(streams) | _texts(streams)
    row["trivial"] = {
        "always_silent": _plain(_of([one.silent for one in told], tasks)),
        "commonest": _plain(_of([one.commonest for one in told], tasks)),
    }
    made = [item for item in items if item.item.synthetic]
    if 0 < len(made) < len(items):
        row["real"] = _shares([item for item in items if not item.item.synthetic])
        row["synthetic"] = _shares(made)
    else:
        row["material"] = "synthetic" if made else "real"
    return row


def share(pairs: Sequence[Share], recordings: Sequence[str]) -> Interval:
    """What was got of how much, with bounds by recording."""
    counts = np.array(pairs, np.float64).reshape(-1, 2)
    return bootstrap(counts, recordings, ratio)


def _shares(items: Sequence[JudgedItem]) -> Row:
    recordings = [one.item.recording for one in items]
    due = [one.item.kind != "silence" for one in items]
    answered = [(float(d and one.reply is not None), float(d)) for one, d in zip(items, due, strict=True)]
    row: Row = {
        "items": len(items),
        "recordings": len(set(recordings)),
        "answered": share(answered, recordings).to_dict(),
        "right": share([(float(one.right), 1.0) for one in items], recordings).to_dict(),
    }
    names = dict.fromkeys(name for one in items for name in one.figures)
    for name in names:
        own = [one for one in items if name in one.figures]
        found = share([one.figures[name] for one in own], [one.item.recording for one in own])
        row[name] = {**found.to_dict(), "items": len(own)}
    return row


def _specificity(streams: Sequence[Judged]) -> Row:
    """Events left alone that call for nothing, and replies at no event at all; of whole streams only."""
    if not streams:
        return {}
    events = [event for one in streams for event in one.ignored]
    found = share([(float(event.right), 1.0) for event in events], [event.recording for event in events])
    stray = clustered_rate([one.stray for one in streams], [one.seconds / 3600 for one in streams])
    return {"ignored": len(events), "specificity": found.to_dict(), "stray_per_hour": stray.to_dict()}


def _texts(streams: Sequence[Judged]) -> Row:
    """Word errors over the joined texts of streams, bounds by stream; corpus BLEU of translations into one language."""
    row: Row = {}
    errors = [(one.word_errors, one.key) for one in streams if one.word_errors is not None]
    if errors:
        row["wer"] = share([pair for pair, _ in errors], [key for _, key in errors]).to_dict()
    ngrams = sum((one.bleu for one in streams), NO_NGRAMS)
    into = {one.sub_task.rpartition("_")[2] for one in streams if one.bleu.reference_words}
    if len(into) == 1:
        row["bleu"] = round(bleu(ngrams, effective_order=True), 2)
    return row


def _plain(items: Sequence[JudgedItem]) -> dict[str, float | None]:
    """The same shares of a trivial answer, without bounds."""
    due = [one for one in items if one.item.kind != "silence"]
    names = dict.fromkeys(name for one in items for name in one.figures)
    return {
        "answered": _mean([(float(one.reply is not None), 1.0) for one in due]),
        "right": _mean([(float(one.right), 1.0) for one in items]),
        **{name: _mean([one.figures[name] for one in items if name in one.figures]) for name in names},
    }


def _mean(pairs: Sequence[Share]) -> float | None:
    whole = sum(pair[1] for pair in pairs)
    return round(sum(pair[0] for pair in pairs) / whole, 4) if whole else None


def _with_mean(row: Row, parts: Iterable[Row]) -> Row:
    """Beside the share of all items the plain mean over sub-tasks: those with many items weigh no more there."""
    values = [part["right"]["value"] for part in parts if part["right"]["value"] is not None]
    return {**row, "right_mean_of_sub_tasks": round(float(np.mean(values)), 4) if values else None}


def _tasks(judged: Judged) -> set[str]:
    return {judged.sub_task, *(one.item.sub_task for one in judged.items)}


def _of(streams: Iterable[Judged], tasks: Collection[str]) -> list[JudgedItem]:
    return [item for one in streams for item in one.items if item.item.sub_task in tasks]
