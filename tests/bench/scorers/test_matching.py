"""Replies against reference answers: word overlap by hand, endpoints by a fake one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.bench.scorers.matching import Post, embedder, reranker, word_overlap
from soundflow.errors import OutsideError


def test_word_overlap_counts_words_once() -> None:
    assert word_overlap().best("Glass broke! Glass.", ["glass broke there", "a dog"]) == pytest.approx(2 / 3)


def test_without_a_reply_or_an_answer_nothing_matches() -> None:
    assert word_overlap().best("", ["x"]) == -math.inf
    assert word_overlap().best("x", []) == -math.inf


@given(st.text(max_size=30), st.text(max_size=30))
def test_word_overlap_is_a_share_and_has_no_side(left: str, right: str) -> None:
    (score,) = word_overlap().similarity(left, [right])
    assert 0 <= score <= 1
    assert [score] == list(word_overlap().similarity(right, [left]))


def test_a_reranker_gets_all_answers_and_its_logits_become_shares() -> None:
    asked: list[tuple[str, Mapping[str, Any]]] = []

    def post(path: str, body: Mapping[str, Any]) -> Any:
        asked.append((path, body))
        return {"results": [{"index": 1, "relevance_score": 0.0}, {"index": 0, "relevance_score": -3.0}]}

    assert reranker("some-model", post, gives_logits=True).best("reply", ["a", "b"]) == 0.5
    assert asked == [("/rerank", {"model": "some-model", "query": "reply", "documents": ["a", "b"]})]


def scores(*values: float) -> Post:
    return lambda path, body: {"results": [{"index": i, "relevance_score": s} for i, s in enumerate(values)]}


def test_whether_scores_are_logits_is_said_once_for_a_model() -> None:
    answers = ["a", "b"]
    told = reranker("m", scores(0.3, 0.2), gives_logits=True)
    assert told.best("reply", answers) == pytest.approx(1 / (1 + math.exp(-0.3))) and told.name.endswith("of logits")
    assert reranker("m", scores(0.3, 0.2)).best("reply", answers) == 0.3
    with pytest.raises(OutsideError, match="a score of -2, outside"):
        reranker("m", scores(0.3, -2.0)).best("reply", answers)
    extremes = reranker("m", scores(-1000.0, 1000.0), gives_logits=True).similarity("reply", answers)
    assert list(extremes) == [0, 1]


@pytest.mark.parametrize("rows", [1, 2])
def test_an_embedding_for_each_text_is_expected(rows: int) -> None:
    short = {"data": [{"index": i, "embedding": [1.0, 0.0]} for i in range(rows)]}
    with pytest.raises(OutsideError, match="embedding"):
        embedder("m", lambda path, body: short).best("reply", ["a", "b"])


def test_an_embedder_compares_by_angle() -> None:
    def post(path: str, body: Mapping[str, Any]) -> Any:
        vectors = {"reply": [1, 0], "same": [5, 0], "other": [0, 2]}
        rows = [{"index": i, "embedding": vectors[text]} for i, text in enumerate(body["input"])]
        return {"data": rows[::-1]}  # the order of the answer does not count

    assert list(embedder("m", post).similarity("reply", ["other", "same"])) == [0.0, 1.0]


@pytest.mark.parametrize("answer", [None, {}, {"results": []}, {"results": [{"index": "x"}]}, {"data": [{}]}])
def test_an_answer_without_scores_is_the_endpoints_fault(answer: Any) -> None:
    for make in (reranker, embedder):
        with pytest.raises(OutsideError):
            make("m", lambda path, body: answer).best("reply", ["a"])
