"""Small results of every bench, as `--json` prints them, for the tests of this folder."""

from __future__ import annotations

from typing import Any

from soundflow.bench.bootstrap import poisson_rate
from soundflow.bench.capabilities.run import report as capabilities_report
from soundflow.bench.compare import Pair, compared
from soundflow.bench.house import judge
from soundflow.bench.proactive import Item, Matching, always, gold, report
from soundflow.bench.scorers.matching import word_overlap
from soundflow.bench.scoring import SpokenReply
from soundflow.bench.stray import StrayRow
from soundflow.bench.trigger import Beside
from soundflow.bench.trigger import report as trigger_report
from tests.bench.capabilities.streams import due, references, stream
from tests.bench.streams import event, timeline
from tests.bench.test_house import HOUSE, REPLIES

RATE = {"value": 0.5, "low": 0.4, "high": 0.6}
PLAIN = {"machine": "a small one", "command": "soundflow bench <it>", "model": "nano", "threshold": 0.4, "seed": 0}
ITEMS = (
    Item("a", "a.wav", "glass", "RESPOND", "Daily Living Sounds", "Daily Affairs", ("Mind the glass.",)),
    Item("b", "b.wav", "train", "IGNORE", "Traffic", "Large Traffic"),
)


def trigger(name: str = "trigger") -> dict[str, Any]:
    heard = [(timeline(event(1, 2, "respond"), event(8, 9, "ignore", "cow")), [SpokenReply(2.0)])]
    row = StrayRow(poisson_rate(5, 0.5), replies=5, hours=0.5, recordings=2)
    about = {**PLAIN, "benchmark": name, "split": "test", "unusable": {"clips": 0, "reasons": {}}, "note": "a check"}
    return trigger_report(heard, {}, {"music": row}, about, {"energy_gate": Beside([[]], {"music": row})}).to_dict()


def house() -> dict[str, Any]:
    row = judge(HOUSE, REPLIES, {})
    return {**row, **PLAIN, "benchmark": "house", "minutes": 3.3, "split": "test", "resident_mb": [300.0, 301.0]} | {
        "trivial": {"always_silent": judge(HOUSE, [], {})}
    }


def tier(name: str) -> dict[str, Any]:
    found = report(ITEMS, gold(ITEMS), Matching(word_overlap()), name, {"energy_gate": always(ITEMS, None)})  # type: ignore[arg-type]
    return {**found, "model": "nano"}


def proactive_set() -> dict[str, Any]:
    tiers = {name: tier(name) for name in ("single", "multiple")}
    counts = {"items": 2, "macro": 2, "meso": 2, "missing": ["Music/Artistic"], "split": "test"}
    return {**PLAIN, "benchmark": "proactive_set", **counts, "tiers": tiers}


def calibrate() -> dict[str, Any]:
    points = [
        {"threshold": t, "recall": {"value": r, "low": r - 0.1, "high": r + 0.1}, "specificity": RATE}
        | {"false_per_hour": {"value": f, "low": 0.5 * f, "high": 2 * f}}
        for t, r, f in ((0.3, 0.9, 60.0), (0.5, 0.8, 20.0), (0.7, 0.5, 5.0))
    ]
    return {**PLAIN, "benchmark": "calibrate", "curve": points, "chosen": points[1], "wanted_false_per_hour": 30.0}


def latency() -> dict[str, Any]:
    parts = {"policy": RATE, "queue": RATE, "compute": RATE, "first_text": RATE, "stalled_percent": 0.0}
    rows = [{"clock": "wall", "schedule": "fifo", **parts}]
    sizes = [{"chunk_seconds": 0.2, "policy": RATE, "queue": RATE, "compute": RATE}]
    return {**PLAIN, "benchmark": "latency", "rows": rows, "chunk_size": sizes, "notes": ["Means over replies."]}


def concatenation() -> dict[str, Any]:
    rows = [
        {"n": n, "figure": 80.0 - n, "retention": (80.0 - n) / 79.0, "first_text_ms": {"value": 12.0 + n}}
        for n in range(1, 6)
    ]
    return {**PLAIN, "benchmark": "concatenation", "lengths": rows}


def scenarios() -> dict[str, Any]:
    row = {"hours": 0.5, "replies_per_hour": RATE, "silence_rate": RATE, "correlation": 0.91}
    return {**PLAIN, "benchmark": "scenarios", "scenarios": {"home": row, "work": {**row, "correlation": None}}}


def compare() -> dict[str, Any]:
    groups = {"all": compared([Pair("r", "respond", True, False), Pair("q", "ignore", True, True)])}
    return {"benchmark": "compare", "a": "a.jsonl", "b": "b.jsonl", "groups": groups}


def capabilities() -> dict[str, Any]:
    asked = stream("event_counting", due(1, 2, "Siren number one."))
    found = capabilities_report([(asked, references(asked))], {**PLAIN, "corpus": "held-out"})
    return found.to_dict()


def public() -> dict[str, Any]:
    return {"benchmark": "librispeech_clean", "items": 3, "missing": ["x"], "empty": [], "wer": 0.25}


EVERY = {
    "trigger": trigger(),
    "mini": trigger("mini"),
    "house": house(),
    "proactive": {**tier("single"), **PLAIN},
    "proactive_set": proactive_set(),
    "calibrate": calibrate(),
    "latency": latency(),
    "concatenation": concatenation(),
    "scenarios": scenarios(),
    "compare": compare(),
    "capabilities": capabilities(),
    "librispeech_clean": public(),
}
