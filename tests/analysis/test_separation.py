"""Scores of events by hand, and thresholds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.analysis.separation import (
    EventScore,
    area_under_curve,
    balanced_at,
    best_threshold,
    event_scores,
    scored,
)
from soundflow.analysis.sounds import Sound
from soundflow.model.bundle import Bundle
from tests.bench.streams import event, timeline
from tests.stream.conftest import noise

SCORES = st.lists(st.builds(EventScore, st.booleans(), st.floats(0, 1)), max_size=12)


def test_an_event_scores_the_highest_p_at_which_it_would_be_answered() -> None:
    p = [0.9, 0.1, 0.2, 0.3, 0.8, 0.7, 0.1, 0.1, 0.6, 0.95]  # at 0.4, 0.8, … 4.0 s
    line = timeline(
        event(0.5, 0.6, "respond"),  # from 0.5 to 0.6 + 1.6 s: chunks 1 to 4, and 0.9 at 0.4 s is too early
        event(2.9, 3.0, "ignore"),  # from 2.9 to 3.0 + 0.8 s: chunks 7 and 8, and 0.95 at 4.0 s is too late
        event(1.0, 2.0, "open"),
        seconds=4.0,
    )
    assert scored(line, p, 0.4) == [EventScore(True, 0.8), EventScore(False, 0.6)]


def test_a_model_is_only_listened_with(bundle: Bundle) -> None:
    line = timeline(event(0.5, 0.9, "respond"), event(1.0, 1.4, "ignore"), seconds=2.0)
    scores = event_scores(bundle, [Sound("one", noise(5.0), line), Sound("two", noise(5.0, seed=1), line)])
    assert [score.responds for score in scores] == [True, False] * 2
    assert all(0 < score.p < 1 for score in scores)


def test_shares_by_hand() -> None:
    scores = [EventScore(True, 0.9), EventScore(True, 0.4), EventScore(False, 0.5), EventScore(False, 0.1)]
    assert balanced_at(scores, 0.6) == 0.75 and balanced_at(scores, 0.4) == 0.75 and balanced_at(scores, 0.0) == 0.5
    assert area_under_curve(scores) == 0.75
    assert best_threshold(scores) == 0.4, "the lowest of the best"


@given(SCORES)
def test_no_threshold_is_better_than_the_best(scores: list[EventScore]) -> None:
    best = balanced_at(scores, best_threshold(scores))
    assert all(balanced_at(scores, p) <= best + 1e-12 for p in {score.p for score in scores})


@given(SCORES)
def test_turning_the_scores_round_turns_the_area_round(scores: list[EventScore]) -> None:
    turned = [EventScore(score.responds, -score.p) for score in scores]
    assert area_under_curve(scores) + area_under_curve(turned) == pytest.approx(1.0)
