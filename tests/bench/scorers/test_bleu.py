"""BLEU: held equal to sacreBLEU on random lines, and to the goldens."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU

from soundflow.bench.scorers.bleu import bleu, corpus_counts, count_ngrams, precisions, tokenize_13a, tokenize_zh
from tests.bench.published import golden_object, golden_rows

TOKENIZERS: dict[str, Callable[[str], str]] = {"zh": tokenize_zh, "13a": tokenize_13a}
PIECES = [
    *"ab12.,-&;:!?\"'()<>/ $—“”中文字，。！\n…→",
    "\u3000",
    "\U00020000",
    "&quot;",
    "<skipped>",
    "-\n",
    "1,000",
    "the ",
]
LINES = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


@pytest.mark.parametrize("name", TOKENIZERS)
@given(rows=st.lists(st.tuples(LINES, LINES), min_size=1, max_size=4))
def test_equal_to_sacrebleu(name: str, rows: list[tuple[str, str]]) -> None:
    original = BLEU(tokenize=name).corpus_score([hyp for _, hyp in rows], [[ref for ref, _ in rows]])
    counts = corpus_counts(rows, TOKENIZERS[name])
    assert (list(counts.matched), list(counts.total)) == (original.counts, original.totals)
    assert bleu(counts) == pytest.approx(original.score, abs=1e-9)
    assert precisions(counts) == pytest.approx(original.precisions) and counts.brevity_penalty == original.bp


@given(LINES, LINES)
def test_equal_to_sacrebleu_on_sentences(reference: str, hypothesis: str) -> None:
    for name, tokenize in TOKENIZERS.items():
        original = BLEU(tokenize=name, effective_order=True).sentence_score(hypothesis, [reference])
        found = bleu(count_ngrams(reference, hypothesis, tokenize), effective_order=True)
        assert found == pytest.approx(original.score, abs=1e-9)


def test_gold_scores_all_and_nothing_scores_nothing() -> None:
    rows = [("The train was ten minutes late.", "Please close the window now.")]
    assert bleu(corpus_counts([(ref, ref) for ref, _ in rows], tokenize_13a)) == pytest.approx(100)
    assert bleu(corpus_counts([(ref, "") for ref, _ in rows], tokenize_13a)) == 0


def test_an_empty_output_stays_in() -> None:
    line = "The train was ten minutes late."
    whole = bleu(corpus_counts([(line, line)], tokenize_13a))
    assert bleu(corpus_counts([(line, line), (line, "")], tokenize_13a)) < whole


@pytest.mark.parametrize(("name", "tokenizer"), [("bleu_en_zh", "zh"), ("bleu_zh_en", "13a")])
def test_equal_to_the_goldens(name: str, tokenizer: str) -> None:
    tokenize, rows = TOKENIZERS[tokenizer], golden_rows(f"{name}.jsonl")
    for row in rows:
        counts = count_ngrams(row["ref"], row["hyp"], tokenize)
        assert tokenize(row["hyp"]) == row["hyp_tok"]
        assert bleu(counts) == pytest.approx(row["single_row_corpus_bleu"], abs=1e-9)
        assert bleu(counts, effective_order=True) == pytest.approx(row["sentence_bleu"], abs=1e-9)
    golden = golden_object(f"{name}_scores.json")
    pairs = [(row["ref"], row["hyp"]) for row in rows]
    assert bleu(corpus_counts(pairs, tokenize)) == pytest.approx(golden["score"], abs=1e-9)
    prefixes = [bleu(corpus_counts(pairs[:count], tokenize)) for count in (1, 5, 20, 50)]
    assert prefixes == pytest.approx(golden["prefix_scores_1_5_20_50"], abs=1e-9)
