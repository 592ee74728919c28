"""How often each stream of a corpus is drawn, so that a stage's mix and its mix-ins hold together.

Knows the rows of an index and a stage; nothing of files. Tests: tests/train/test_shares.py.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundflow.data.tasks.registry import capability_of
from soundflow.train.stages import Stage

MIX_INS = ("history_review", "silence", "proactive")
MOST_DRAWN = 20  # times the mean of those that are drawn; chosen: a few streams must not be learned by heart
NEARLY = 0.9  # of what can be reached, where more is asked: all of it would leave the group's other streams out
ROUNDS = 100  # more than enough: where everything can be met, tens of rounds do
STILL = 1e-9  # of the most that a stream may be drawn: less movement in a round is none
MISSED = 0.2  # of what was asked: a greater difference is told

Row = Mapping[str, Any]
Shares = NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """A share of all draws, from 0 to 1, that a stage asks for some streams; `streams` is bool [streams]."""

    name: str
    share: float
    streams: NDArray[np.bool_]


def shares_of(rows: Sequence[Row], stage: Stage) -> Shares:
    """How often each stream is to be drawn, of all draws; float64 [streams] with the sum 1, or 0 where none fits.

    Groups of the mix and mix-ins are scaled in turn until both hold (iterative proportional fitting). No stream is
    drawn more than MOST_DRAWN times as often as the mean of those that are drawn; where that, or too few streams,
    keeps a mix-in from its chance, the mix holds.
    """
    groups, chances = asked_of(rows, stage)
    members = [np.flatnonzero(group.streams) for group in groups]
    counts = np.array([len(own) for own in members])
    most = MOST_DRAWN / max(1, int(counts.sum()))
    wanted = np.array([group.share for group in groups]) * (counts > 0)
    targets = filled(wanted, 1.0, most * counts)
    shares = np.zeros(len(rows))
    for own, target in zip(members, targets, strict=True):
        shares[own] = target / max(1, len(own))
    aims = [(chance.streams, _aim(chance, members, targets, most)) for chance in chances]
    for _ in range(ROUNDS if aims else 0):
        before = shares.copy()
        for holds, aim in aims:
            shares = _scaled(shares, holds, aim)
        for own, target in zip(members, targets, strict=True):
            shares[own] = filled(shares[own], target, most)
        if np.abs(shares - before).max(initial=0.0) <= STILL * most:
            break
    return shares


def asked_of(rows: Sequence[Row], stage: Stage) -> tuple[list[Asked], list[Asked]]:
    """What a stage asks: the groups of its mix, and its chances of mix-ins, of the streams that may be drawn at all.

    An empty mix is one group of every stream. Streams that hold a mix-in of chance 0 are in none.
    """
    chances = [Asked(f"mix_ins.{name}", float(getattr(stage.mix_ins, name)), _holding(rows, name)) for name in MIX_INS]
    may = np.ones(len(rows), bool)
    for chance in chances:
        if not chance.share:
            may &= ~chance.streams
    groups = [Asked("mix", 1.0, may)]
    if stage.mix:
        group_of = {name: _group(name, stage.mix) for name in {str(row["sub_task"]) for row in rows}}
        names = np.array([group_of[str(row["sub_task"])] for row in rows])
        whole = sum(stage.mix.values())
        shares = {name: share / whole for name, share in stage.mix.items() if share}
        groups = [Asked(f"mix.{name}", share, may & (names == name)) for name, share in shares.items()]
        may = np.logical_or.reduce([group.streams for group in groups])
    return groups, [dataclasses.replace(one, streams=one.streams & may) for one in chances if one.share]


def unmet(rows: Sequence[Row], stage: Stage, shares: Shares) -> list[str]:
    """One line for each share of the mix and each chance that these shares miss by more than a fifth of it.

    Args:
        shares: float64 [streams], as `shares_of` gives them. Groups that have streams share out what others lack.
    """
    groups, chances = asked_of(rows, stage)
    there = sum(group.share for group in groups if group.streams.any())
    groups = [dataclasses.replace(one, share=one.share / there) if one.streams.any() else one for one in groups]
    return [
        f"{one.name}: a share of {one.share:.3g} is asked, it will be {found:.3g}: "
        f"{int(one.streams.sum()):,} of {len(rows):,} streams are such"
        for one in (*groups, *chances)
        for found in [float(shares[one.streams].sum())]
        if abs(found - one.share) > MISSED * one.share
    ]


def filled(weights: Shares, total: float, most: float | Shares) -> Shares:
    """Values in the weights' proportions that add up to `total`; what is above its `most` goes to the others.

    Args:
        weights: float64 [values], 0 or more.
        most: one for all, or float64 [values]; where they leave no room for all of `total`, the sum is less.
    """
    bounds = np.broadcast_to(most, weights.shape)
    is_full = np.zeros(len(weights), bool)
    while True:
        left, free = total - bounds[is_full].sum(), weights[~is_full].sum()
        values = np.where(is_full, bounds, weights * (left / free if free else 0.0))
        over = ~is_full & (values > bounds)
        if not over.any():
            return values
        is_full |= over


def _aim(chance: Asked, members: Sequence[NDArray[np.int64]], targets: Shares, most: float) -> float:
    """The share of draws that a mix-in shall have: what is asked, or nearly what the groups and the bound let it."""

    def reach(streams: NDArray[np.bool_]) -> float:
        room = zip(members, targets, strict=True)
        return sum(min(float(target), most * int(streams[own].sum())) for own, target in room)

    with_it, without = reach(chance.streams), reach(~chance.streams)
    if chance.share > with_it + STILL:
        return NEARLY * with_it
    if 1 - chance.share > without + STILL:
        return 1 - NEARLY * without
    return chance.share


def _scaled(shares: Shares, holds: NDArray[np.bool_], aim: float) -> Shares:
    """Streams that hold a mix-in to `aim` and the others to the rest, where there are both."""
    held, rest = shares[holds].sum(), shares[~holds].sum()
    return shares * np.where(holds, aim / held, (1 - aim) / rest) if held and rest else shares


def _holding(rows: Sequence[Row], name: str) -> NDArray[np.bool_]:
    return np.array([name in (row.get("mix_ins") or ()) for row in rows], bool)


def _group(sub_task: str, mix: Mapping[str, float]) -> str:
    """The sub-task where the mix names it, else its capability."""
    return sub_task if sub_task in mix else capability_of(sub_task)
