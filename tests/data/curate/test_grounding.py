"""Grounding: three candidates in turn, generation where none fits, and a tally of it all."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from soundflow.data.clips import ClipStore
from soundflow.data.curate.grounding import Grounded, Grounder
from soundflow.data.curate.planner import Refined, SubEvent
from soundflow.data.library import Library
from tests.data.test_clips import row, write_folder

LABELS = {"cow": {"display": "Cow"}, "doorbell": {"display": "Doorbell"}, "pig": {"display": "Pig"}}


def grounder(folder: Path) -> Grounder:
    rows = [row(f"cow{i}", label="cow", length=1.0) for i in range(5)] + [row("tiny", label="pig", length=0.05)]
    return Grounder(Library([ClipStore(write_folder(folder / "in", rows, LABELS), folder / "cache")], "test"))


def ground(found: Grounder, label: str, seed: int = 0, used: tuple[str, ...] = ()) -> Grounded | None:
    return found.ground(Refined(SubEvent(label), label, ""), np.random.default_rng(seed), used)


def test_equally_good_clips_take_turns_and_used_ones_are_passed_over(tmp_path: Path) -> None:
    found = grounder(tmp_path)
    clips = {ground(found, "cow", seed).clip.id for seed in range(40)}  # type: ignore[union-attr]
    assert clips == {f"cow{i}" for i in range(5)}
    last = ground(found, "cow", 0, ("cow0", "cow1", "cow2", "cow3"))
    assert last is not None and (last.clip.id, last.how) == ("cow4", "retrieved")
    assert found.tally["accept"] == 41


def test_a_clip_that_does_not_fit_is_rejected_and_counted(tmp_path: Path) -> None:
    found = grounder(tmp_path)
    assert ground(found, "pig") is None
    assert (found.tally["reject"], found.tally["not grounded"]) == (1, 1)


def test_what_no_clip_fits_is_generated_where_there_is_a_rule(tmp_path: Path) -> None:
    made = ground(grounder(tmp_path), "doorbell")
    assert made is not None and made.how == "generated" and made.clip.synthetic
