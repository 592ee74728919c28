"""The silent-audio audit: which sounds may stand for "nothing needs to be said".

By rule a sound is judged by its label's flag; a chat endpoint may look again, under the four trigger criteria. What is
borderline is thrown away, never labelled. Source: paper, appendix "Streaming Training" (Prompt B).
Tests: tests/data/curate/test_silence.py.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from soundflow.atomic import write_text
from soundflow.data.endpoints.asking import Asker, Question
from soundflow.data.endpoints.prompts import prompt
from soundflow.data.json_lines import lines_of
from soundflow.errors import InputError, OutsideError

Ruling = Literal["silent", "respond", "borderline"]
Criterion = Literal["illness", "weather", "equipment", "hazard"]

MOST_CAPTIONS = 5  # of one label, shown to the endpoint


@dataclass(frozen=True)
class Candidate:
    """A label that may stand for silence; `proactive` is what its row says, None for "depends"."""

    label: str
    names: tuple[str, ...]
    domain: str
    proactive: bool | None
    captions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Audited:
    """A candidate's ruling, by whom, and why."""

    label: str
    ruling: Ruling
    criterion: Criterion | None
    reason: str
    by: Literal["rule", "endpoint"]


class AuditAnswer(BaseModel):
    """A ruling as the endpoint must write it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    label: str = Field(max_length=60)
    ruling: Ruling
    criterion: Criterion | None
    reason: str = Field(min_length=1, max_length=200)


def audit(candidates: Sequence[Candidate], asker: Asker | None = None) -> list[Audited]:
    """Judge candidates, in their order; without an endpoint, or where it was not believed, by rule.

    Only candidates that the rule calls silent are asked about: the endpoint can take from them, not add to them.

    Raises:
        OutsideError: the endpoint refuses us for good, or the cache cannot be written.
    """
    ruled = [by_rule(candidate) for candidate in candidates]
    if asker is None:
        return ruled
    asked = [c for c, found in zip(candidates, ruled, strict=True) if found.ruling == "silent"]
    judged = asker.answers([question(candidate) for candidate in asked])
    answers = {candidate.label: answer for candidate, answer in zip(asked, judged, strict=True)}
    return [answers.get(found.label) or found for found in ruled]


def by_rule(candidate: Candidate) -> Audited:
    """A ruling by the label's own flag: what nobody decided is borderline."""
    if candidate.proactive is None:
        return Audited(candidate.label, "borderline", None, "its row does not say whether it calls for a word", "rule")
    if candidate.proactive:
        return Audited(candidate.label, "respond", None, "its row says that it calls for a word", "rule")
    return Audited(candidate.label, "silent", None, "its row says that it calls for nothing", "rule")


def question(candidate: Candidate) -> Question[Audited]:
    """What is asked about one candidate."""
    data = {
        "label": candidate.label,
        "names": list(candidate.names),
        "domain": candidate.domain,
        "captions": list(candidate.captions[:MOST_CAPTIONS]),
    }
    return Question(
        f"silence of {candidate.label}", prompt("curate/silence"), data, lambda text: read_audit(text, candidate.label)
    )


def read_audit(text: str, label: str) -> Audited:
    """An answer as a ruling.

    Raises:
        ValueError: no JSON, another shape or label, or a criterion that contradicts the ruling.
    """
    answer = AuditAnswer.model_validate_json(text)
    if answer.label != label:
        raise ValueError(f"it judges {answer.label[:60]!r}, asked for {label!r}")
    if (answer.ruling == "respond") != (answer.criterion is not None) and answer.ruling != "borderline":
        raise ValueError(f"{answer.ruling} with the criterion {answer.criterion}")
    return Audited(label, answer.ruling, answer.criterion, " ".join(answer.reason.split()), "endpoint")


def write_audit(found: Sequence[Audited], path: Path) -> None:
    """Write rulings, a line each, under a temporary name first.

    Raises:
        OutsideError: the disk refuses.
    """
    try:
        write_text(path, "".join(json.dumps(asdict(one)) + "\n" for one in found))
    except OSError as error:
        raise OutsideError("silence.write", f"cannot write {path}: {error.strerror}", "check the folder") from error


def read_not_silent(path: Path) -> frozenset[str]:
    """Labels of an audit that may not stand for silence.

    Raises:
        InputError: the file cannot be read, or a line is no ruling.
    """
    try:
        rows = [json.loads(line) for line in lines_of(path) if line.strip()]
        return frozenset(str(row["label"]) for row in rows if row["ruling"] != "silent")
    except (OSError, ValueError, KeyError, TypeError) as error:
        hint = "a line a label, with `label` and `ruling`"
        raise InputError("silence.unreadable", f"no readable audit at {path}: {error!r}", hint) from error
