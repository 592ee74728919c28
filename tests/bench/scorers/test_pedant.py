"""PEDANT: the normal form, both stages with a classifier made by hand, files that are none, and the goldens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.bench.scorers.pedant import judge, load_classifier, normal
from soundflow.errors import InputError
from tests.bench.published import benchmarks, golden_rows


def write_classifier(path: Path, words: list[str], weights: list[float], intercept: float = 0.0) -> Path:
    np.savez(
        path,
        vocab=np.frombuffer("\n".join(words).encode(), np.uint8),
        idf=np.ones(len(words), np.float32),
        coef=np.array(weights, np.float32),
        intercept=np.array([intercept]),
    )
    return path


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("The  Cat!", "cat"),
        ("a-the b", "athe b"),  # punctuation goes before articles
        ("an apple a day", "apple day"),
        ("bé", "bé"),
        ("", ""),
    ],
)
def test_the_normal_form(text: str, bare: str) -> None:
    assert normal(text) == bare


@given(st.text())
def test_the_normal_form_of_a_normal_form_is_itself(text: str) -> None:
    assert normal(normal(text)) == normal(text)


def test_a_reference_inside_the_response_needs_no_classifier(tmp_path: Path) -> None:
    never = load_classifier(write_classifier(tmp_path / "c.npz", ["paris"], [0, 0, 0, 0], intercept=1.0))
    assert judge(never, "Paris", "It is Paris, France.", "capital of france").right
    assert judge(never, "12", "120", "how many").right, "any letters, not whole words"
    assert not judge(never, "Paris", "Rome", "capital of france").right


def test_the_classifier_sees_words_and_shares(tmp_path: Path) -> None:
    # above zero is "incorrect": a word of the question speaks against, recall speaks for
    path = write_classifier(tmp_path / "c.npz", ["capital", "sep"], [2.0, 0.0, 0.0, 0.0, -3.0])
    classifier = load_classifier(path)
    half = classifier.incorrectness("capital [SEP]", (0.0, 0.0, 0.5))
    assert half == pytest.approx(2 / np.sqrt(2) - 1.5)
    assert judge(classifier, "new york", "york new", "capital").right, "all words in another order: recall is 1"
    assert not judge(classifier, "new york", "boston", "capital").right


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_a_file_that_is_no_classifier_is_one_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "c.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError):
        load_classifier(path)


def test_lengths_that_do_not_fit_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="2 words, 2 idf values, 2 weights"):
        load_classifier(write_classifier(tmp_path / "c.npz", ["a", "b"], [0.0, 0.0]))


def test_equal_to_the_goldens() -> None:
    classifier = load_classifier(benchmarks() / "goldens" / "pedant_linear.npz")
    for row in golden_rows("voicebench_qa.jsonl"):
        found = judge(classifier, row["reference"].lower(), row["response"].lower(), row["prompt"].lower())
        assert (found.reference, found.response) == (row["norm_reference"], row["norm_response"]), row
        assert (found.contains, found.right) == (row["contains"], row["pedant"]), row
