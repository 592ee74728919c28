"""Whose recordings are in a corpus, for how long, and what may be done with their mix.

A mix is a derived work: it may be used only as every recording in it allows. What stands here is a careful reading,
not a lawyer's. Tests: tests/data/build/test_audit.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from soundflow.data.build.corpus import streams
from soundflow.data.build.provenance import per_second
from soundflow.errors import InputError

Use = Literal["research", "share", "sell"]
USES: tuple[Use, ...] = ("research", "share", "sell")
MOST_EXAMPLES = 5  # streams named for one reason


@dataclass
class Audit:
    """Seconds by licence and source, and for each use the streams that stand in its way, by reason."""

    streams: int = 0
    seconds: float = 0.0
    licences: dict[str, float] = field(default_factory=dict)  # recording-seconds; two that sound at once count twice
    sources: dict[str, float] = field(default_factory=dict)
    synthetic: float = 0.0
    refused: dict[str, dict[str, int]] = field(default_factory=dict)  # use: reason: streams
    examples: dict[str, list[str]] = field(default_factory=dict)  # reason: keys

    def to_dict(self) -> dict[str, Any]:
        """Plain values, the longest first, seconds rounded."""

        def ordered(table: dict[str, float]) -> dict[str, float]:
            return {name: round(table[name], 3) for name in sorted(table, key=lambda n: (-table[n], n))}

        return {
            **self.__dict__,
            "seconds": round(self.seconds, 3),
            "synthetic": round(self.synthetic, 3),
            "licences": ordered(self.licences),
            "sources": ordered(self.sources),
        }


def audit(corpus: Path) -> Audit:
    """Go through every second of a corpus.

    Raises:
        InputError: no corpus.
    """
    licences: dict[str, float] = defaultdict(float)
    sources: dict[str, float] = defaultdict(float)
    found = Audit(refused={use: {} for use in USES})
    for stream in streams(corpus):
        found.streams += 1
        found.seconds += stream.timeline.seconds
        here: set[str] = set()
        for trace in per_second(stream.annotation, stream.timeline):
            licences[trace.licence] += trace.seconds
            sources[trace.source] += trace.seconds
            found.synthetic += trace.seconds * trace.synthetic
            here.add(trace.licence)
        for use in USES:
            for reason in objections(here, use):
                table = found.refused[use]
                table[reason] = table.get(reason, 0) + 1
                keys = found.examples.setdefault(reason, [])
                if len(keys) < MOST_EXAMPLES and stream.key not in keys:
                    keys.append(stream.key)
    found.licences, found.sources = dict(licences), dict(sources)
    return found


def objections(licences: Collection[str], use: Use) -> list[str]:
    """Why a mix of these licences may not be used so; nothing where it may.

    Args:
        use: `research` inside one's own house, `share` with others free of charge, `sell`.
    """
    found: list[str] = []
    if use == "research":
        return found
    found += [f"no derived works: {name}" for name in licences if "-ND" in name]
    found += [f"no stated licence: {name}" for name in licences if is_unknown(name)]
    commercial_forbidden = [name for name in licences if "-NC" in name or "no resale" in name]
    if use == "sell":
        found += [f"not for money: {name}" for name in commercial_forbidden]
    copyleft = [name for name in licences if "-SA" in name or "GPL" in name or "ODbL" in name]
    plain_nc = [name for name in licences if "-NC" in name and "-SA" not in name]
    if copyleft and plain_nc:
        found.append("share-alike beside non-commercial: no licence fits both")
    return sorted(set(found))


def is_unknown(licence: str) -> bool:
    """Whether nobody stated a licence."""
    return not licence or licence.startswith("unknown") or "not stated" in licence


def refuse(found: Audit, use: Use) -> None:
    """See that a corpus may be used so.

    Raises:
        InputError: it may not.
    """
    reasons: Iterable[tuple[str, int]] = sorted(found.refused[use].items(), key=lambda pair: -pair[1])
    listed = "; ".join(f"{reason} ({count} streams)" for reason, count in list(reasons)[:MOST_EXAMPLES])
    if listed:
        hint = "name those licences in the recipe's forbidden_licences and build again"
        raise InputError("audit.refused", f"this corpus may not be used to {use}: {listed}", hint)
