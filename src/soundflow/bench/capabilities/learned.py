"""Answers that a model has learned beside answers that are new to it. Knows nothing of models.

A closed domain is what a model can be right about that has few streams and fewer weights; what nobody ever told it, a
word, a place or an instrument that no stream was answered with, says how far it goes beyond.
Tests: tests/bench/capabilities/test_learned.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from soundflow.bench.capabilities.figures import share
from soundflow.bench.capabilities.items import TASKS, asked
from soundflow.bench.capabilities.words import tokens
from soundflow.data.build.corpus import streams

Answer = tuple[str, ...]  # a text's words in their normal form


def answers_in(
    corpora: Iterable[Path], progress: Callable[[str, float], None] = lambda what, seconds: None
) -> set[Answer]:
    """Every answer that streams of these corpora call for.

    Args:
        progress: hears of every stream: its corpus's name, its seconds.

    Raises:
        InputError: no finished corpus, or a shard that cannot be read.
    """
    found: set[Answer] = set()
    for corpus in corpora:
        for stored in streams(corpus):
            items = asked(stored.key, stored.annotation, stored.timeline).items
            found |= {tokens(item.reference) for item in items if item.kind != "silence"}
            progress(corpus.name, stored.timeline.seconds)
    return found


def learned_and_new(outcomes: Sequence[Mapping[str, Any]], learned: Collection[Answer]) -> dict[str, Any]:
    """What was right where the answer was among those learned, and where it was not.

    Args:
        outcomes: a row an item, as `CapabilitiesReport.outcomes`; those in which silence is right are left out.

    Returns:
        `all` and, by name, `capabilities` and `sub_tasks`: rows of `learned` and `new`, each with `items` and `right`.
    """
    due = [row for row in outcomes if row["due"] == "respond"]
    tasks = list(dict.fromkeys(_task(row) for row in due))
    own = {name: {task for task in known if task in tasks} for name, known in TASKS.items()}
    return {
        "all": _row(due, learned),
        "capabilities": {
            name: _row([row for row in due if _task(row) in known], learned) for name, known in own.items() if known
        },
        "sub_tasks": {task: _row([row for row in due if _task(row) == task], learned) for task in tasks},
    }


def _row(rows: Sequence[Mapping[str, Any]], learned: Collection[Answer]) -> dict[str, Any]:
    is_known = [tokens(row["reference"]) in learned for row in rows]
    known = [row for row, is_one in zip(rows, is_known, strict=True) if is_one]
    new = [row for row, is_one in zip(rows, is_known, strict=True) if not is_one]
    return {"learned": _right(known), "new": _right(new)}


def _right(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    right = share([(float(row["right"]), 1.0) for row in rows], [row["recording"] for row in rows])
    return {"items": len(rows), "right": right.to_dict()}


def _task(row: Mapping[str, Any]) -> str:
    return str(row["id"]).rpartition(".")[2]
