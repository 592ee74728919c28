"""How often streams are drawn: the mix and the mix-ins hold together, and no stream is drawn far too often."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.data.build.recipe import MixIns
from soundflow.train.shares import MIX_INS, MOST_DRAWN, filled, shares_of, unmet
from tests.train.corpora import STAGE

ROWS: list[dict[str, Any]] = [
    {"sub_task": "safety_alert", "mix_ins": ["silence"]},
    {"sub_task": "safety_alert", "mix_ins": []},
    {"sub_task": "keep_silent", "mix_ins": []},
    {"sub_task": "event_counting", "mix_ins": []},
]
NONE = MixIns(0.0, 0.0, 0.0)
TASKS = ("safety_alert", "keep_silent", "event_counting", "asr_read_speech_en")
CAPABILITY_MIX = {"proactive_respond": 1.0, "streaming_audio_understanding": 2.0, "real_time_asr": 1.5}


def stage(mix: dict[str, float], mix_ins: MixIns) -> Any:
    return dataclasses.replace(STAGE, mix=mix, mix_ins=mix_ins)


def random_rows(seed: int, count: int, chance: float = 0.3) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    return [
        {"sub_task": TASKS[int(rng.integers(4))], "mix_ins": [name for name in MIX_INS if rng.random() < chance]}
        for _ in range(count)
    ]


def holding(rows: list[dict[str, Any]], name: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.array([name in row["mix_ins"] for row in rows])


def test_a_share_is_spread_over_a_capabilitys_streams() -> None:
    mix = {"proactive_respond": 1.0, "event_counting": 2.0}
    assert shares_of(ROWS, stage(mix, NONE)).tolist() == pytest.approx([0, 1 / 6, 1 / 6, 2 / 3])
    assert shares_of(ROWS, stage({"event_counting": 1.0}, NONE)).tolist() == [0, 0, 0, 1]
    assert shares_of(ROWS, stage({}, NONE)).tolist() == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3])
    assert shares_of(ROWS, stage({"following_music": 1.0}, NONE)).tolist() == [0, 0, 0, 0]


def test_the_mix_holds_where_a_mix_in_cannot() -> None:
    asked = stage({"proactive_respond": 1.0, "event_counting": 2.0}, MixIns(0, 0.9, 0))
    shares = shares_of(ROWS, asked)
    assert shares[:3].sum() == pytest.approx(1 / 3) and shares[3] == pytest.approx(2 / 3)
    assert shares[0] == pytest.approx(0.9 / 3) and shares[1] > 0.01, "the streams without it are still drawn"
    (line,) = unmet(ROWS, asked, shares)
    assert line == "mix_ins.silence: a share of 0.9 is asked, it will be 0.3: 1 of 4 streams are such"


@given(st.integers(0, 1000), st.floats(0.05, 0.95))
def test_a_mix_ins_chance_is_met(seed: int, chance: float) -> None:
    rng = np.random.default_rng(seed)
    rows = [{"sub_task": "safety_alert", "mix_ins": ["silence"] if rng.random() < 0.3 else []} for _ in range(30)]
    shares = shares_of(rows, stage({}, MixIns(0, chance, 0)))
    assert shares.sum() == pytest.approx(1)
    holds = holding(rows, "silence")
    if 2 <= holds.sum() <= 28:
        assert shares[holds].sum() == pytest.approx(chance)


@given(st.integers(0, 1000), st.lists(st.floats(0.1, 0.5), min_size=3, max_size=3))
def test_the_mix_and_every_mix_in_are_met_together(seed: int, chances: list[float]) -> None:
    rows = random_rows(seed, 400)
    asked = stage(CAPABILITY_MIX, MixIns(*chances))
    shares = shares_of(rows, asked)
    assert not unmet(rows, asked, shares)
    tasks = np.array([row["sub_task"] for row in rows])
    assert shares[np.isin(tasks, ["safety_alert", "keep_silent"])].sum() == pytest.approx(1 / 4.5)
    assert shares[tasks == "event_counting"].sum() == pytest.approx(2 / 4.5)
    for name, chance in zip(MIX_INS, chances, strict=True):
        assert shares[holding(rows, name)].sum() == pytest.approx(chance, rel=1e-4)


@given(
    st.integers(0, 1000),
    st.integers(1, 300),
    st.floats(0.0, 1.0),
    st.lists(st.sampled_from((0.0, 0.01, 0.1, 0.5, 0.99, 1.0)), min_size=3, max_size=3),
    st.dictionaries(st.sampled_from((*CAPABILITY_MIX, "keep_silent", "following_music")), st.floats(0.001, 9.0)),
)
def test_whatever_is_asked_no_stream_is_drawn_far_too_often(
    seed: int, count: int, held: float, chances: list[float], mix: dict[str, float]
) -> None:
    rows = random_rows(seed, count, held)
    shares = shares_of(rows, stage(mix, MixIns(*chances)))
    assert (shares >= 0).all() and (shares.sum() == 0 or shares.sum() == pytest.approx(1))
    for name, chance in zip(MIX_INS, chances, strict=True):
        assert chance or not shares[holding(rows, name)].any()
    if shares.any():
        assert shares.max() <= MOST_DRAWN * shares[shares > 0].mean() * (1 + 1e-9)


def test_a_handful_of_streams_takes_no_large_share_and_this_is_said() -> None:
    rows = random_rows(0, 4000, 0.0)
    for row in rows[:5]:
        row["mix_ins"] = ["history_review"]
    asked = stage(CAPABILITY_MIX | {"following_music": 0.5}, MixIns(0.1, 0, 0))
    shares = shares_of(rows, asked)
    assert shares[:5].sum() == pytest.approx(5 * MOST_DRAWN / 4000, rel=0.11)
    music, review = unmet(rows, asked, shares)
    assert music == "mix.following_music: a share of 0.1 is asked, it will be 0: 0 of 4,000 streams are such"
    assert review.startswith("mix_ins.history_review: a share of 0.1 is asked, it will be 0.02")
    assert review.endswith("5 of 4,000 streams are such")


def test_streams_that_a_chance_of_0_leaves_out_do_not_count() -> None:
    rows = random_rows(1, 100, 0.0)
    silent = [{"sub_task": "safety_alert", "mix_ins": ["silence"]} for _ in range(900)]
    alone, beside = (shares_of(some, stage(CAPABILITY_MIX, NONE)) for some in (rows, rows + silent))
    assert np.allclose(alone, beside[:100]) and not beside[100:].any()


def test_what_is_above_its_bound_goes_to_the_others() -> None:
    assert filled(np.array([8.0, 1.0, 1.0]), 1.0, 0.5).tolist() == pytest.approx([0.5, 0.25, 0.25])
    assert filled(np.array([8.0, 4.0, 1.0]), 1.0, 0.4).tolist() == pytest.approx([0.4, 0.4, 0.2])
    assert filled(np.array([1.0, 1.0]), 1.0, np.array([0.1, 0.2])).tolist() == pytest.approx([0.1, 0.2])
    assert filled(np.zeros(2), 1.0, 1.0).tolist() == [0, 0]
