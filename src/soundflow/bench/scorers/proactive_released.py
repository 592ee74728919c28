"""The figures that the released evaluator of Proactive-Sound-Bench prints, its slips included.

It drops every row without a readable decision from all denominators; `bench/proactive.py` keeps them all. Tests:
tests/bench/scorers/test_proactive_released.py.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from soundflow.bench.scorers.matching import Matcher
from soundflow.bench.scorers.tags import Output, read_output

_UNKNOWN = "Unknown"
_FOLDERS = re.compile(r"/sound_v3/([^/]+)/([^/]+)/")  # what it looks for; its own manifest has another folder name
RELEASED_PREFIX = "./proactive-sound-effect/"
REPAIRED_PREFIX = "./sound_v3/"


@dataclass(frozen=True)
class ReleasedRow:
    """What the released evaluator knows of one item: its path, what was due, the raw output, the answers."""

    path: str
    due: str
    raw: str
    answers: Sequence[str] = ()


def released_scores(
    rows: Iterable[ReleasedRow], matcher: Matcher | None = None, threshold: float = 0.5
) -> dict[str, Any]:
    """Accuracy before and after semantic matching: overall, on due RESPOND, by folder and by domain.

    Args:
        rows: one an item, in the manifest's order.
        matcher: None leaves "after" equal to "before", as the release does without a reranker.
        threshold: a reply counts when its best score is above it.

    Source: Proactive-Sound-Bench, evaluate.py and semantic.py.
    """
    read = [(row, read_output(row.raw)) for row in rows]
    kept = [(row, output) for row, output in read if output.kept_by_released]
    before = [(row, output.is_right(row.due)) for row, output in kept]
    after = before if matcher is None else [(row, _means(row, output, matcher, threshold)) for row, output in kept]
    return {"before_semantic": _summary(before), "after_semantic": _summary(after)}


def repaired_path(path: str) -> str:
    """A path under the folder name that the evaluator looks for, so that its groups are no longer "Unknown"."""
    return path.replace(RELEASED_PREFIX, REPAIRED_PREFIX, 1)


def _means(row: ReleasedRow, output: Output, matcher: Matcher, threshold: float) -> bool:
    if not output.is_right(row.due):
        return False
    return row.due == "IGNORE" or matcher.best(output.reply, row.answers) > threshold


def _summary(judged: Sequence[tuple[ReleasedRow, bool]]) -> dict[str, Any]:
    responds = [right for row, right in judged if row.due == "RESPOND"]
    folders: dict[str, list[bool]] = defaultdict(list)
    domains: dict[str, list[bool]] = defaultdict(list)
    for row, right in judged:
        found = _FOLDERS.search(row.path)
        folders["/".join(found.groups()) if found else _UNKNOWN].append(right)
        domains[found.group(1) if found else _UNKNOWN].append(right)
    return {
        "overall": _count([right for _, right in judged]),
        "ground_truth_respond_accuracy": _accuracy(responds),
        "by_folder": _counts(folders),
        "by_domain": _counts(domains),
    }


def _counts(groups: Mapping[str, Sequence[bool]]) -> dict[str, Any]:
    return {name: _count(groups[name]) for name in sorted(groups)}


def _count(right: Sequence[bool]) -> dict[str, Any]:
    return {"total_samples": len(right), "correct_samples": sum(right), "accuracy": _accuracy(right)}


def _accuracy(right: Sequence[bool]) -> float:
    return sum(right) / len(right) if right else 0.0
