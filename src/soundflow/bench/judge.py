"""Judges of free answers: a chat endpoint with pinned prompts, or an offline stand-in that says it is one.

Every verdict is stored beside the answers, with the judge that gave it; an answer that was judged by the same judge is
not judged again. Tests: tests/bench/test_judge.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from soundflow.bench.rows import Row, append_row, readable_rows
from soundflow.bench.scorers.matching import Post
from soundflow.bench.scorers.spokenqa import lower_substring_match
from soundflow.errors import OutsideError

Kind = Literal["open", "qa"]
Ask = Callable[[Kind, Row], tuple[str, ...]]  # what is judged → verdicts

PROMPTS_VERSION = 1  # raised with every change of the texts below
SYSTEM = "You are a helpful assistant."
OPEN_PROMPT = """Grade a reply of a voice assistant. You see transcripts of what the user asked and of what it replied.

[Instruction]
{prompt}

[Response]
{response}

Grade from 1 to 5:
1: off the topic, or wrong
2: partly to the point, but inaccurate or incomplete
3: to the point and mostly right, but wordy or with things nobody asked for
4: to the point, right and concise
5: the same at its best
Output the number only."""
QA_PROMPT = """Does the candidate answer the question correctly, going by the reference?

[Question]
{prompt}

[Reference]
{reference}

[Candidate]
{response}

Output a single Yes or No."""
# VoiceBench's: three verdicts of gpt-4o-mini.
VERDICTS = 3
SAMPLING: Mapping[str, Any] = {"temperature": 0.5, "top_p": 0.95, "max_tokens": 1024}
CONCURRENT = 8  # calls at a time; chosen


@dataclass(frozen=True)
class Judge:
    """Something that gives verdicts, with what every report must say of it."""

    about: Mapping[str, Any]
    ask: Ask


def endpoint_judge(model: str, post: Post) -> Judge:
    """A judge behind `POST /chat/completions` of an OpenAI-compatible endpoint.

    Args:
        post: asks the endpoint; should keep answers (`endpoint.ask` with a cache does).
    """

    def ask(kind: Kind, row: Row) -> tuple[str, ...]:
        template = OPEN_PROMPT if kind == "open" else QA_PROMPT
        names = ("prompt", "response") if kind == "open" else ("prompt", "reference", "response")
        text = template.format_map({name: row.answer(name) for name in names})
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]
        return _verdicts(post, {"model": model, "messages": messages, **SAMPLING})

    return Judge({"name": model, "prompts": PROMPTS_VERSION, "verdicts": VERDICTS, **SAMPLING, "stand_in": False}, ask)


def stand_in_judge() -> Judge:
    """No judge at all: it knows whether a reference stands in an answer, and of free answers only that there is one.

    Its "yes" is the lower substring match; its grade is 3 for any reply and 1 for none.
    """

    def ask(kind: Kind, row: Row) -> tuple[str, ...]:
        said = row.answer("response")
        if kind == "open":
            return ("3" if said.strip() else "1",) * VERDICTS
        right = bool(said.strip()) and lower_substring_match([row.text("reference")], said)
        return ("yes" if right else "no",) * VERDICTS

    return Judge({"name": "stand-in, judges nothing: do not compare its figures", "stand_in": True}, ask)


def judge_rows(judge: Judge, kind: Kind, rows: Sequence[Row], out: Path) -> list[Row]:
    """Rows with their verdicts under `score`, in the order of the rows.

    Args:
        rows: `id`, `prompt`, `response`, and for `qa` a `reference`.
        out: JSON lines of all verdicts; those it holds of this judge for the same answer are taken from there.

    Raises:
        OutsideError: the judge failed; what it said before is stored.
    """
    known = {_key(row.values): row.values["score"] for row in _stored(out)}
    open_rows = [row for row in rows if _key(_entry(judge, kind, row)) not in known]
    pool = ThreadPoolExecutor(CONCURRENT)
    try:
        for row, verdicts in zip(open_rows, pool.map(lambda row: judge.ask(kind, row), open_rows), strict=True):
            entry = {**_entry(judge, kind, row), "score": list(verdicts)}
            append_row(out, entry)
            known[_key(entry)] = entry["score"]
    finally:
        pool.shutdown(cancel_futures=True)
    return [Row({**row.values, "score": known[_key(_entry(judge, kind, row))]}, row.where) for row in rows]


def _entry(judge: Judge, kind: Kind, row: Row) -> dict[str, Any]:
    texts = {name: row.answer(name) for name in ("id", "prompt", "reference", "response") if name in row.values}
    return {**texts, "kind": kind, "judge": dict(judge.about)}


def _key(entry: Mapping[str, Any]) -> str:
    fields = ("id", "kind", "prompt", "reference", "response")
    return repr([entry.get(name) for name in fields] + [sorted(dict(entry["judge"]).items())])


def _stored(out: Path) -> list[Row]:
    """Verdicts of earlier runs; a line that a killed run tore is judged again."""
    rows = readable_rows(out)
    return [
        row for row in rows if isinstance(row.values.get("score"), list) and isinstance(row.values.get("judge"), dict)
    ]


def _verdicts(post: Post, body: Mapping[str, Any]) -> tuple[str, ...]:
    """Three stripped texts; an endpoint that gives one at a time is asked again under another seed."""
    found: list[str] = []
    seed = 0
    while len(found) < VERDICTS:
        answer = post("/chat/completions", {**body, "n": VERDICTS - len(found), "seed": seed})
        try:
            texts = [str(choice["message"]["content"]).strip() for choice in answer["choices"]]
        except (KeyError, TypeError) as error:
            raise _no_choices() from error
        if not texts:
            raise _no_choices()
        found += texts
        seed += 1
    return tuple(found[:VERDICTS])


def _no_choices() -> OutsideError:
    return OutsideError("judge.answer", "the judge's answer holds no choices with a message", "check the address")
