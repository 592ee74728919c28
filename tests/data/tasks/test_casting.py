"""Who appears in a stream."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.data.clips import Clip
from soundflow.data.tasks.casting import Pool, Stage, Task, cast, stage_of
from tests.data.tasks.clips import book, clip


def many(label: str, count: int, proactive: bool | None = False, kind: str = "event") -> list[Clip]:
    return [clip(label, proactive, kind, f"{label}{i}") for i in range(count)]


@pytest.fixture(scope="module")
def stage() -> Stage:
    clips = many("siren", 9, True) + many("sneezing", 9, True) + many("cow", 9) + many("rain", 9, None)
    clips += many("speech_prompt", 5, False, "speech") + many("music", 5, False, "music")
    clips += many("background_rain", 2, False, "background")
    return stage_of(clips, book, by_label=True, rare_floor=1)


def test_a_label_is_drawn_by_the_root_of_its_clips() -> None:
    pool = Pool(many("cow", 100) + many("hen", 4), by_label=True, rare_floor=1)
    rng = np.random.default_rng(0)
    drawn = Counter(pool.label(rng) for _ in range(3000))
    assert drawn["hen"] / 3000 == pytest.approx(2 / 12, abs=0.03)


def test_rare_labels_are_lifted() -> None:
    pool = Pool(many("cow", 100) + many("hen", 1), by_label=True, rare_floor=25)
    rng = np.random.default_rng(0)
    drawn = Counter(pool.label(rng) for _ in range(3000))
    assert drawn["hen"] / 3000 == pytest.approx(5 / 15, abs=0.04)


def test_every_clip_alike_without_labels() -> None:
    pool = Pool(many("cow", 90) + many("hen", 10), by_label=False, rare_floor=50)
    rng = np.random.default_rng(0)
    drawn = Counter(pool.clip(rng).label for _ in range(3000))
    assert drawn["hen"] / 3000 == pytest.approx(0.1, abs=0.03)


def test_occurrences_are_different_clips_where_there_are_enough() -> None:
    pool = Pool(many("cow", 4), by_label=True, rare_floor=1)
    rng = np.random.default_rng(0)
    assert len({c.id for c in pool.several("cow", 4, rng)}) == 4
    assert len(pool.several("cow", 6, rng)) == 6


@given(seed=st.integers(0, 10_000), count=st.integers(3, 6))
def test_counting_has_one_to_five_of_the_target_and_no_other_hazard(stage: Stage, seed: int, count: int) -> None:
    made = cast("counting", stage, count, np.random.default_rng(seed))
    assert len(made.clips) == count
    assert 1 <= sum(c.label == made.target for c in made.clips) <= 5
    assert not any(c.proactive for c in made.clips if c.label != made.target)


@given(seed=st.integers(0, 10_000), count=st.integers(3, 6))
def test_standing_meets_only_urgent_hazards(stage: Stage, seed: int, count: int) -> None:
    made = cast("standing", stage, count, np.random.default_rng(seed))
    others = [c for c in made.clips if c.label != made.target]
    assert sum(c.label == made.target for c in made.clips) <= 3
    assert {c.label for c in others if c.proactive} <= {"siren"}


@given(seed=st.integers(0, 10_000), count=st.integers(3, 6))
def test_proactive_holds_no_open_sound(stage: Stage, seed: int, count: int) -> None:
    made = cast("proactive", stage, count, np.random.default_rng(seed), other_kind_share=0.3)
    assert len(made.clips) == count
    assert all(c.proactive is not None for c in made.clips)
    assert made.target is None


def test_shares_are_kept(stage: Stage) -> None:
    rng = np.random.default_rng(0)
    clips = [c for _ in range(500) for c in cast("proactive", stage, 4, rng, 0.5, 0.25).clips]
    kinds = Counter("other" if c.kind != "event" else c.proactive for c in clips)
    assert kinds["other"] / len(clips) == pytest.approx(0.25, abs=0.03)
    assert kinds[True] / len(clips) == pytest.approx(0.375, abs=0.03)


def test_quiet_streams_hold_one_kind(stage: Stage) -> None:
    rng = np.random.default_rng(0)
    seen = [frozenset(c.kind for c in cast("quiet", stage, 4, rng).clips) for _ in range(100)]
    assert set(seen) == {frozenset(), frozenset({"speech"}), frozenset({"music"})}
    assert {c.kind for c in cast("quiet", stage, 4, rng, quiet_kinds=("music",)).clips} == {"music"}


@pytest.mark.parametrize("task", ["proactive", "narration", "counting", "standing", "quiet"])
def test_an_empty_split_casts_nobody(task: Task) -> None:
    assert cast(task, stage_of([], book, True, 9), 4, np.random.default_rng(0)).clips == ()


def test_a_split_of_one_label_still_casts() -> None:
    small = stage_of(many("siren", 1, True), book, True, 9)
    for task in ("proactive", "narration", "counting", "standing"):
        clips = cast(task, small, 3, np.random.default_rng(0)).clips
        assert {c.label for c in clips} == {"siren"}
