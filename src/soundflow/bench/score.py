"""`bench score`: the pure scorers over rows that hold everything a verdict needs, a field of scores for each row.

Field names are those of the published golden files. Tests: tests/bench/test_score.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soundflow.bench.rows import Row
from soundflow.bench.scorers import bleu as bleu_rule
from soundflow.bench.scorers import pedant as pedant_rule
from soundflow.bench.scorers.mmau import matches_choice
from soundflow.bench.scorers.spokenqa import exact_match, exist_match, lower_substring_match
from soundflow.bench.scorers.tags import read_output
from soundflow.bench.scorers.verdicts import grades, majority_is_yes
from soundflow.bench.scorers.wer import qwen_word_errors, word_errors
from soundflow.errors import UsageError

Fields = dict[str, Any]
_UNREADABLE = "raises NotImplementedError"  # how the goldens write that the original stops there
_NAMES = ("n", "id")  # copied from a row, so that its scores can be told from others


@dataclass(frozen=True)
class Scored:
    """Each row's score fields, in order, and the figures over all of them."""

    rows: tuple[Fields, ...]
    total: Fields


def scorer_names() -> tuple[str, ...]:
    """What `score_rows` can be asked for."""
    return (*_SCORERS, _PEDANT)


def score_rows(name: str, rows: Sequence[Row], pedant: Path | None = None) -> Scored:
    """Score self-contained rows.

    A field with a model's words that is missing or null is an empty answer, and stays in every denominator.

    Args:
        name: one of `scorer_names()`.
        pedant: the classifier's .npz; only `voicebench_qa` needs it.

    Raises:
        UsageError: an unknown name, or no classifier where one is needed.
        InputError: a row without a field the rule needs, or a file that is no classifier.
    """
    if name == _PEDANT:
        if pedant is None:
            raise UsageError("score.pedant", f"{name} needs PEDANT's classifier", "give --pedant FILE.npz")
        return _voicebench_qa(rows, pedant_rule.load_classifier(pedant))
    if name not in _SCORERS:
        raise UsageError("score.name", f"there is no scorer {name!r}", f"one of {', '.join(scorer_names())}")
    return _SCORERS[name](rows)


def percent(right: Sequence[bool]) -> float:
    """The share of right ones in percent; 0 of nothing."""
    return 100.0 * sum(right) / len(right) if right else 0.0


def _mmau(rows: Sequence[Row]) -> Scored:
    right = [matches_choice(row.text("answer"), row.texts("choices"), row.answer("prediction")) for row in rows]
    fields = [{"match": one} for one in right]
    empty = sum(not row.answer("prediction").strip() for row in rows)
    return _scored(rows, fields, {"rows": len(rows), "matched": sum(right), "accuracy": percent(right), "empty": empty})


def _wer(rows: Sequence[Row]) -> Scored:
    ours = [word_errors(row.text("ref"), row.answer("hyp")) for row in rows]
    theirs = [qwen_word_errors(row.text("ref"), row.answer("hyp")) for row in rows]
    fields: list[Fields] = []
    for a, b in zip(ours, theirs, strict=True):
        counts = {
            "hits": a.edits.hits,
            "sub": a.edits.substitutions,
            "dele": a.edits.deletions,
            "ins": a.edits.insertions,
        }
        qwen = {"ref_len": b.edits.reference_words, "edits": b.edits.errors, "hyp_norm": b.hypothesis}
        texts = {"ref_norm": a.reference, "hyp_norm": a.hypothesis}
        fields.append({**texts, **(counts if a.rate is not None else {}), "wer": a.rate, "qwen2audio": qwen})
    counted = [one.edits for one in ours if one.rate is not None]
    qwen_counted = [b.edits for a, b in zip(ours, theirs, strict=True) if a.rate is not None]
    kept = {"rows_scored": len(counted), "rows_skipped_empty_reference": len(rows) - len(counted)}
    total = {
        **kept,
        "hits": sum(edits.hits for edits in counted),
        "sub": sum(edits.substitutions for edits in counted),
        "dele": sum(edits.deletions for edits in counted),
        "ins": sum(edits.insertions for edits in counted),
        "corpus_wer": _ratio(sum(e.errors for e in counted), sum(e.reference_words for e in counted)),
        "qwen2audio_compute_wer": {
            **kept,
            "wer": _ratio(sum(e.errors for e in qwen_counted), sum(e.reference_words for e in qwen_counted)),
        },
        "empty": sum(not row.answer("hyp").strip() for row in rows),
    }
    return _scored(rows, fields, total)


def _bleu_scorer(tokenizer: str, tokenize: bleu_rule.Tokenize) -> Callable[[Sequence[Row]], Scored]:
    def score(rows: Sequence[Row]) -> Scored:
        pairs = [(row.text("ref"), row.answer("hyp")) for row in rows]
        counts = [bleu_rule.count_ngrams(ref, hyp, tokenize) for ref, hyp in pairs]
        fields = [
            {
                "single_row_corpus_bleu": bleu_rule.bleu(one),
                "sentence_bleu": bleu_rule.bleu(one, effective_order=True),
                "hyp_tok": tokenize(hyp),
            }
            for one, (_, hyp) in zip(counts, pairs, strict=True)
        ]
        corpus = sum(counts, bleu_rule.NO_NGRAMS)
        total = {
            "rows": len(rows),
            "tokenize": tokenizer,
            "score": bleu_rule.bleu(corpus),
            "counts": list(corpus.matched),
            "totals": list(corpus.total),
            "precisions": bleu_rule.precisions(corpus),
            "bp": corpus.brevity_penalty,
            "sys_len": corpus.hypothesis_words,
            "ref_len": corpus.reference_words,
            "signature": f"nrefs:1|case:mixed|eff:no|tok:{tokenizer}|smooth:exp",
            "empty": sum(not hyp.strip() for _, hyp in pairs),
        }
        return _scored(rows, fields, total)

    return score


def _voicebench_qa(rows: Sequence[Row], classifier: pedant_rule.Classifier) -> Scored:
    fields: list[Fields] = []
    for row in rows:
        texts = (row.text("reference").lower(), row.answer("response").lower(), row.text("prompt").lower())
        verdict = pedant_rule.judge(classifier, *texts)
        fields.append(
            {
                "norm_reference": verdict.reference,
                "norm_response": verdict.response,
                "contains": verdict.contains,
                "pedant": verdict.right,
                "gpt_majority": majority_is_yes(_verdicts(row)),
            }
        )
    said = [bool(row.answer("response").strip()) for row in rows]
    by_rule = _sd_qa([(one["pedant"], one["gpt_majority"]) for one in fields])
    strict = [(one["pedant"] and there, one["gpt_majority"] and there) for one, there in zip(fields, said, strict=True)]
    total = {
        "n": len(rows),
        **by_rule,
        "pedant_true": sum(one["pedant"] for one in fields),
        "classifier_only_true": sum(one["pedant"] and not one["contains"] for one in fields),
        "without_verdict": sum(not _verdicts(row) for row in rows),
        "empty": said.count(False),
        "empty_as_wrong": _sd_qa(strict),
    }
    return _scored(rows, fields, total)


def _sd_qa(right: Sequence[tuple[bool, bool]]) -> Fields:
    """PEDANT's and the judge's percent, and their mean, which the leaderboard shows."""
    panda, gpt = percent([pedant for pedant, _ in right]), percent([judged for _, judged in right])
    return {"panda": panda, "gpt": gpt, "sd_qa_leaderboard": (panda + gpt) / 2}


def _voicebench_open(rows: Sequence[Row]) -> Scored:
    found = [grades(_verdicts(row)) for row in rows]
    fields: list[Fields] = []
    for one in found:
        mean = None if one is None else sum(one) / len(one)
        fields.append({"result": _UNREADABLE if mean is None else mean if math.isfinite(mean) else str(mean)})
    numbers = [one for one in found if one is not None and all(map(math.isfinite, one))]
    grades_given = [grade for one in numbers for grade in one]
    said = [bool(row.answer("response").strip()) for row in rows]
    strict = [
        sum(one) / len(one) if there and one is not None and all(map(math.isfinite, one)) else 0.0
        for one, there in zip(found, said, strict=True)
    ]
    total = {
        "rows": len(rows),
        "n_rows": len(numbers),
        "gpt": _ratio(sum(grades_given), len(grades_given)),
        "unreadable": len(rows) - len(numbers),
        "empty": said.count(False),
        "unreadable_and_empty_as_zero": {"gpt": _ratio(sum(strict), len(rows))},
    }
    return _scored(rows, fields, total)


def _spokenqa(rows: Sequence[Row]) -> Scored:
    rules: Mapping[str, Callable[[Sequence[str], str], bool]] = {
        "qa_exist_match": exist_match,
        "lower_substring_match": lower_substring_match,
        "exact_match": exact_match,
    }
    said = [row.answer("prediction") for row in rows]
    fields = [
        {name: int(rule(row.texts("answers"), prediction)) for name, rule in rules.items()}
        for row, prediction in zip(rows, said, strict=True)
    ]
    there = [bool(text.strip()) for text in said]
    total: Fields = {
        "rows": len(rows),
        **{name: percent([bool(one[name]) for one in fields]) for name in rules},
        "empty": there.count(False),
        "empty_as_wrong": {
            name: percent([bool(one[name]) and spoke for one, spoke in zip(fields, there, strict=True)])
            for name in rules
        },
    }
    return _scored(rows, fields, total)


def _proactive_parse(rows: Sequence[Row]) -> Scored:
    found = [read_output(row.answer("raw")) for row in rows]
    fields = [
        {
            "decision": output.decision,
            "reply": output.reply,
            "correct_if_RESPOND": output.is_right("RESPOND"),
            "correct_if_IGNORE": output.is_right("IGNORE"),
            "kept_by_released_filter": output.kept_by_released,
        }
        for output in found
    ]
    decisions = [output.decision for output in found]
    total = {
        "rows": len(rows),
        "respond": decisions.count("RESPOND"),
        "ignore": decisions.count("IGNORE"),
        "undecided": decisions.count(""),
        "kept_by_released_filter": sum(output.kept_by_released for output in found),
    }
    return _scored(rows, fields, total)


def _verdicts(row: Row) -> tuple[str, ...]:
    """A judge's answers; none where the field is missing, so that such a row counts as wrong."""
    return row.texts("score") if row.values.get("score") is not None else ()


def _scored(rows: Sequence[Row], fields: Sequence[Fields], total: Fields) -> Scored:
    named = [
        {name: row.values[name] for name in _NAMES if name in row.values} | one
        for row, one in zip(rows, fields, strict=True)
    ]
    return Scored(tuple(named), total)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


_PEDANT = "voicebench_qa"
_SCORERS: Mapping[str, Callable[[Sequence[Row]], Scored]] = {
    "mmau": _mmau,
    "wer": _wer,
    "bleu_en_zh": _bleu_scorer("zh", bleu_rule.tokenize_zh),
    "bleu_zh_en": _bleu_scorer("13a", bleu_rule.tokenize_13a),
    "voicebench_open": _voicebench_open,
    "spokenqa": _spokenqa,
    "proactive_parse": _proactive_parse,
}
