"""Whether a reply means the same as a reference answer: from word overlap, or from a model behind an endpoint.

Tests: tests/bench/scorers/test_matching.py.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from soundflow.errors import OutsideError

Similarity = Callable[[str, Sequence[str]], Sequence[float]]  # reply, answers → one score an answer
Post = Callable[[str, Mapping[str, Any]], Any]  # path, body → the endpoint's answer

DEFAULT_THRESHOLD = 0.5  # the released evaluator's


@dataclass(frozen=True)
class Matcher:
    """A similarity with its name, which every report carries."""

    name: str
    similarity: Similarity

    def best(self, reply: str, answers: Sequence[str]) -> float:
        """The highest score of a reply against the answers; below every threshold without a reply or an answer."""
        if not reply or not answers:
            return -math.inf
        return max(self.similarity(reply, answers))


def word_overlap() -> Matcher:
    """The offline matcher: shared words over all words (Jaccard) of the lower-cased texts.

    It stands in for a reranker and is stricter than one: texts that say the same in other words get a low score.
    """
    return Matcher("word overlap (offline stand-in)", lambda reply, answers: [_jaccard(reply, a) for a in answers])


def reranker(model: str, post: Post, gives_logits: bool = False) -> Matcher:
    """A reranker behind `POST /rerank`.

    Args:
        gives_logits: whether the model's scores are logits, which go through a sigmoid. No single answer can tell: a
            logit may lie in 0..1 too.

    Raises:
        OutsideError: an answer without a score for each document, or with one outside 0..1 that is to be no logit.

    Source: the released evaluator's FlagReranker with normalised scores; the wire form is Jina's and Cohere's.
    """

    def similarity(reply: str, answers: Sequence[str]) -> list[float]:
        found = post("/rerank", {"model": model, "query": reply, "documents": list(answers)})
        try:
            scores = {int(row["index"]): float(row["relevance_score"]) for row in found["results"]}
            raw = [scores[i] for i in range(len(answers))]
        except (KeyError, TypeError, ValueError) as error:
            raise _unreadable("rerank", "results with index and relevance_score") from error
        return [_sigmoid(score) for score in raw] if gives_logits else [_share(score) for score in raw]

    return Matcher(f"reranker {model}{', of logits' if gives_logits else ''}", similarity)


def embedder(model: str, post: Post) -> Matcher:
    """Cosine of embeddings from `POST /embeddings` of an OpenAI-compatible endpoint.

    Raises:
        OutsideError: an answer without an embedding for each text.
    """

    def similarity(reply: str, answers: Sequence[str]) -> list[float]:
        found = post("/embeddings", {"model": model, "input": [reply, *answers]})
        try:
            vectors = {int(row["index"]): [float(x) for x in row["embedding"]] for row in found["data"]}
            return [_cosine(vectors[0], vectors[1 + place]) for place in range(len(answers))]
        except (KeyError, TypeError, ValueError) as error:
            raise _unreadable("embeddings", "data with index and embedding") from error

    return Matcher(f"embedder {model}", similarity)


def _jaccard(left: str, right: str) -> float:
    a, b = (set(re.findall(r"[a-z0-9]+", text.lower())) for text in (left, right))
    return len(a & b) / len(a | b) if a | b else 0.0


def _cosine(a: Sequence[float], b: Sequence[float]) -> float:
    lengths = math.hypot(*a) * math.hypot(*b)
    return math.fsum(x * y for x, y in zip(a, b, strict=True)) / lengths if lengths else 0.0


def _sigmoid(logit: float) -> float:
    if logit >= 0:
        return 1 / (1 + math.exp(-logit))
    small = math.exp(logit)  # of a negative number, which cannot overflow
    return small / (1 + small)


def _share(score: float) -> float:
    if not 0 <= score <= 1:
        hint = "its model gives logits: say so with --reranker-logits"
        raise OutsideError("matcher.logits", f"the reranker gave a score of {score:g}, outside 0..1", hint)
    return score


def _unreadable(path: str, expected: str) -> OutsideError:
    hint = "check that the address is such an endpoint's"
    return OutsideError("matcher.answer", f"the endpoint's answer to /{path} has no {expected}", hint)
