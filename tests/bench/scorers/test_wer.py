"""Word error rates: both rules by hand, where they part, and the goldens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from soundflow.bench.scorers.wer import qwen_word_errors, word_errors
from tests.bench.published import golden_rows


def test_the_normal_form_is_what_counts() -> None:
    assert word_errors("MISTER SMITH HAS TWENTY FIVE", "Mr. Smith has 25.").rate == 0
    assert word_errors("HE HOPED FOR STEW", "he hoped stew").rate == 0.25


def test_loops_may_exceed_one_and_an_empty_reference_has_no_rate() -> None:
    assert word_errors("hello", "hello hello hello").rate == 2
    assert word_errors("UH UM", "hello").rate is None


def test_the_second_rule_drops_signs() -> None:
    ours, theirs = word_errors("FIVE PERCENT", "5 %"), qwen_word_errors("FIVE PERCENT", "5 %")
    assert (ours.reference, theirs.reference) == ("5%", "5")
    assert (ours.edits.errors, theirs.edits.errors) == (1, 0)


@given(st.text(max_size=30))
def test_the_reference_itself_is_without_error(text: str) -> None:
    assert word_errors(text, text).edits.errors == 0 == qwen_word_errors(text, text).edits.errors


def test_equal_to_the_goldens() -> None:
    for row in golden_rows("wer.jsonl"):
        ours, theirs = word_errors(row["ref"], row["hyp"]), qwen_word_errors(row["ref"], row["hyp"])
        assert (ours.reference, ours.hypothesis, ours.rate) == (row["ref_norm"], row["hyp_norm"], row["wer"]), row
        edits, golden = theirs.edits, row["qwen2audio"]
        assert (edits.reference_words, edits.errors) == (golden["ref_len"], golden["edits"]), row
        assert theirs.hypothesis == golden["hyp_norm"], row
        if row["wer"] is not None:
            counts = (ours.edits.hits, ours.edits.substitutions, ours.edits.deletions, ours.edits.insertions)
            assert counts == (row["hits"], row["sub"], row["dele"], row["ins"]), row
