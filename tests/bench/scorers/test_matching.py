"""Replies against reference answers: word overlap by hand, endpoints by a fake one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.bench.scorers.matching import embedder, reranker, word_overlap
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

    assert reranker("some-model", post).best("reply", ["a", "b"]) == 0.5
    assert asked == [("/rerank", {"model": "some-model", "query": "reply", "documents": ["a", "b"]})]


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
