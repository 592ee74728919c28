"""Proactive-Sound-Bench: is a model's decision right at each of 644 sounds, and does its reply say the right thing?

Load the released manifest and reference answers, score a predictions file. An item without a readable decision is
wrong and stays in every denominator. Running a model over the recordings: `proactive_streams.py`. Tests:
tests/bench/test_proactive.py.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from soundflow.bench.bootstrap import Counts, Interval, bootstrap
from soundflow.bench.rows import Answers, Row, read_rows
from soundflow.bench.scorers.matching import DEFAULT_THRESHOLD, Matcher
from soundflow.bench.scorers.proactive_released import ReleasedRow, released_scores, repaired_path
from soundflow.bench.scorers.tags import Output, read_output, write_output
from soundflow.errors import InputError, UsageError

Due = Literal["RESPOND", "IGNORE"]
Fault = Literal["missing", "empty", "error", "unreadable", ""]
Tier = Literal["single", "multiple"]

TIERS: tuple[Tier, ...] = ("single", "multiple")
SWEEP = tuple(round(0.1 * step, 1) for step in range(1, 10))  # thresholds shown beside the one in force


@dataclass(frozen=True)
class Item:
    """One sound of the benchmark: where it stands, what is due, and what good replies say.

    Items of one `recording` are drawn together for the bounds; without a name each is its own.
    """

    id: str
    path: str
    description: str
    decision: Due
    macro: str
    meso: str
    answers: tuple[str, ...] = ()
    recording: str = ""

    @property
    def origin(self) -> str:
        """What the bootstrap draws as a whole."""
        return self.recording or self.id


@dataclass(frozen=True)
class Judged:
    """One item with the model's output, judged. `similarity` is -inf where there is nothing to compare."""

    item: Item
    output: Output
    fault: Fault = ""
    similarity: float = -math.inf

    @property
    def right(self) -> bool:
        """Whether the decision is the one that was due, and no fault spoils it."""
        return not self.fault and self.output.is_right(self.item.decision)

    def matched(self, threshold: float) -> bool:
        """Right, and where a reply is due it means what a reference answer means: its score is above the threshold."""
        return self.right and (self.item.decision == "IGNORE" or self.similarity > threshold)


@dataclass(frozen=True)
class Matching:
    """How replies are compared, and above which score they count."""

    matcher: Matcher
    threshold: float = DEFAULT_THRESHOLD


def load_items(manifest: Path, references: Path | None) -> tuple[Item, ...]:
    """The released manifest with its reference answers, in the manifest's order.

    Categories are taken from `macro` and `meso`, or else from the path's second and third part.

    Raises:
        InputError: an unreadable file, a field that is missing, two items of one id, or a decision that is neither.
    """
    answers = (
        {} if references is None else {row.text("id"): row.texts("standard_answers") for row in read_rows(references)}
    )
    items = [_item(row, answers) for row in read_rows(manifest)]
    twice = [name for name, count in Counter(item.id for item in items).items() if count > 1]
    if twice:
        raise InputError("proactive.twice", f"{manifest}: id {twice[0]} stands there twice", "ids must be unique")
    return tuple(items)


def judge(items: Sequence[Item], answers: Answers, matcher: Matcher) -> tuple[Judged, ...]:
    """Read each item's output; replies to sounds that called for one are compared with the reference answers."""
    return tuple(_judge(item, answers.outputs.get(item.id), matcher) for item in items)


def report(
    items: Sequence[Item],
    answers: Answers,
    matching: Matching,
    tier: Tier = "single",
    others: Mapping[str, Answers] | None = None,
) -> dict[str, Any]:
    """The one object that `--json` prints.

    Args:
        others: predictions of trivial systems that heard the sounds; constants stand beside them in any case.

    Raises:
        UsageError: a threshold outside -1..1, where no similarity lies.
    """
    if not -1 <= matching.threshold <= 1:
        raise UsageError("proactive.threshold", f"a threshold of {matching.threshold:g}", "similarities lie in -1..1")
    judged = judge(items, answers, matching.matcher)
    return {
        "benchmark": "proactive",
        "tier": tier,
        "items": len(judged),
        **_figures(judged, matching.threshold),
        "correct": sum(one.right for one in judged),
        "matched": sum(one.matched(matching.threshold) for one in judged),
        "final_metric": "decision_accuracy (micro average over all items)",
        "matcher": _matcher(judged, matching),
        "by_macro": _groups(judged, matching.threshold, lambda item: item.macro),
        "by_meso": _groups(judged, matching.threshold, lambda item: f"{item.macro}/{item.meso}"),
        "trivial": _trivial(items, matching, others or {}),
        "faults": _faults(judged, items, answers),
        "released": _released(items, answers, matching),
    }


def always(items: Iterable[Item], reply: str | None) -> Answers:
    """The predictions of something that says the same at every sound; None keeps silent."""
    return Answers({item.id: write_output(reply) for item in items})


def gold(items: Iterable[Item]) -> Answers:
    """The predictions that are right throughout: each item's decision, with its first reference answer."""
    return Answers({i.id: write_output(None if i.decision == "IGNORE" else next(iter(i.answers), "")) for i in items})


def _item(row: Row, answers: Mapping[str, tuple[str, ...]]) -> Item:
    path, decision = row.text("path"), row.text("decision")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if decision not in ("RESPOND", "IGNORE"):
        raise InputError("proactive.decision", f"{row.where}: decision {decision!r}", "it is RESPOND or IGNORE")
    if len(parts) < 3 and not {"macro", "meso"} <= row.values.keys():
        raise InputError("proactive.path", f"{row.where}: no categories in {path!r}", "the path is root/macro/meso/...")
    macro = row.text("macro") if "macro" in row.values else parts[1]
    meso = row.text("meso") if "meso" in row.values else parts[2]
    due: Due = "RESPOND" if decision == "RESPOND" else "IGNORE"
    item = row.text("id")
    heard = (row.answer("description"), due, macro, meso)
    return Item(item, path, *heard, answers.get(item, ()), row.answer("recording"))


def _judge(item: Item, raw: str | None, matcher: Matcher) -> Judged:
    output = read_output(raw or "")
    compares = item.decision == "RESPOND" and output.decision == "RESPOND" and not output.failed
    similarity = matcher.best(output.reply, item.answers) if compares else -math.inf
    return Judged(item, output, _fault(raw, output), similarity)


def _fault(raw: str | None, output: Output) -> Fault:
    if raw is None:
        return "missing"
    if not raw.strip():
        return "empty"
    if output.failed:
        return "error"
    return "" if output.decision else "unreadable"


def _figures(judged: Sequence[Judged], threshold: float) -> dict[str, Any]:
    """Accuracies over items with 95 % bounds, resampled by recording."""
    columns = [  # right responds, responds, right ignores, ignores, matched
        (
            one.right and one.item.decision == "RESPOND",
            one.item.decision == "RESPOND",
            one.right and one.item.decision == "IGNORE",
            one.item.decision == "IGNORE",
            one.matched(threshold),
        )
        for one in judged
    ]
    counts = np.array(columns, dtype=np.float64).reshape(-1, 5)
    figures: dict[str, Callable[[Counts], Counts]] = {
        "decision_accuracy": lambda c: _share(c[..., 0] + c[..., 2], c[..., 1] + c[..., 3]),
        "matched_accuracy": lambda c: _share(c[..., 4], c[..., 1] + c[..., 3]),
        "balanced_accuracy": lambda c: (_share(c[..., 0], c[..., 1]) + _share(c[..., 2], c[..., 3])) / 2,
        "recall": lambda c: _share(c[..., 0], c[..., 1]),
        "specificity": lambda c: _share(c[..., 2], c[..., 3]),
    }
    names = [one.item.origin for one in judged]
    return {name: _exact(bootstrap(counts, names, figure)) for name, figure in figures.items()}


def _groups(judged: Sequence[Judged], threshold: float, key: Callable[[Item], str]) -> dict[str, Any]:
    groups: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        groups[key(one.item)].append(one)
    return {
        name: {
            "items": len(group),
            "respond": sum(one.item.decision == "RESPOND" for one in group),
            "ignore": sum(one.item.decision == "IGNORE" for one in group),
            "correct": sum(one.right for one in group),
            "matched": sum(one.matched(threshold) for one in group),
            **_figures(group, threshold),
        }
        for name, group in sorted(groups.items())
    }


def _matcher(judged: Sequence[Judged], matching: Matching) -> dict[str, Any]:
    thresholds = sorted({*SWEEP, matching.threshold})
    accuracy = [sum(one.matched(t) for one in judged) / len(judged) for t in thresholds]
    sweep = [{"threshold": t, "matched_accuracy": a} for t, a in zip(thresholds, accuracy, strict=True)]
    return {"name": matching.matcher.name, "threshold": matching.threshold, "sweep": sweep}


def outcomes(items: Sequence[Item], answers: Answers) -> list[dict[str, Any]]:
    """One row an item, for `bench compare`; one without an answer is wrong."""
    judged = judge(items, answers, _NOBODY)
    return [
        {"id": one.item.id, "recording": one.item.origin, "due": one.item.decision.lower(), "right": one.right}
        for one in judged
    ]


_NOBODY = Matcher("none", lambda reply, answers: [-math.inf])


def _trivial(items: Sequence[Item], matching: Matching, others: Mapping[str, Answers]) -> dict[str, Any]:
    """What always silent, always respond (with an empty reply, which matches nothing) and the gates score."""
    rows = {"always_silent": always(items, None), "always_respond": always(items, ""), **others}
    judged = {name: judge(items, answers, matching.matcher) for name, answers in rows.items()}
    return {
        name: {
            "correct": sum(one.right for one in some),
            **_figures(some, matching.threshold),
            "by_macro": {
                macro: group["decision_accuracy"]["value"]
                for macro, group in _groups(some, matching.threshold, lambda item: item.macro).items()
            },
        }
        for name, some in judged.items()
    }


def _faults(judged: Sequence[Judged], items: Sequence[Item], answers: Answers) -> dict[str, Any]:
    """Everything that was counted as wrong for want of a decision, by id, and what was not used of the file."""
    known = {item.id for item in items}
    kinds: tuple[Fault, ...] = ("missing", "empty", "error", "unreadable")
    return {
        **{kind: [one.item.id for one in judged if one.fault == kind] for kind in kinds},
        "duplicate_ids": sorted(set(answers.duplicates)),
        "unknown_ids": sorted(set(answers.outputs) - known),
        "rows_without_id": answers.without_id,
        "broken_lines": list(answers.broken),
    }


def _released(items: Sequence[Item], answers: Answers, matching: Matching) -> dict[str, Any]:
    """What the released evaluator would print for these outputs; it drops rows without a decision."""
    rows = [ReleasedRow(i.path, i.decision, answers.outputs.get(i.id, ""), i.answers) for i in items]
    repaired = [replace(row, path=repaired_path(row.path)) for row in rows]
    return {
        "as_released": released_scores(rows),
        "path_prefix_repaired": released_scores(repaired),
        "path_prefix_repaired_with_matcher": released_scores(repaired, matching.matcher, matching.threshold),
    }


def _exact(interval: Interval) -> dict[str, float | None]:
    """A share at full precision, with its bounds."""
    return {"value": interval.value, "low": interval.low, "high": interval.high}


def _share(part: Counts, whole: Counts) -> Counts:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(part / whole)
