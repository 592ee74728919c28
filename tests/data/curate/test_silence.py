"""The silent-audio audit: a rule, a second look under four criteria, and what is borderline thrown away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soundflow.data.curate.silence import (
    Audited,
    Candidate,
    audit,
    by_rule,
    question,
    read_audit,
    read_not_silent,
    write_audit,
)
from soundflow.data.endpoints.asking import Asker
from soundflow.errors import InputError, OutsideError

CANDIDATES = [
    Candidate("cow", ("Cow",), "Nature", False),
    Candidate("footsteps", ("Footsteps",), "Human", False),
    Candidate("dog_bark", ("Dog",), "Nature", None),
    Candidate("siren", ("Siren",), "Traffic", True),
]


def ruled(label: str, ruling: str, criterion: str | None = None, **more: object) -> str:
    return json.dumps({"label": label, "ruling": ruling, "criterion": criterion, "reason": "because", **more})


def test_by_rule_a_row_that_does_not_say_is_borderline() -> None:
    assert [by_rule(c).ruling for c in CANDIDATES] == ["silent", "silent", "borderline", "respond"]


def test_an_endpoint_takes_away_and_never_adds(tmp_path: Path) -> None:
    def ask(system: str, user: str) -> str:
        label = json.loads(user)["label"]
        return ruled(label, "borderline" if label == "footsteps" else "silent")

    found = audit(CANDIDATES, Asker(ask, tmp_path))
    assert [(one.label, one.ruling, one.by) for one in found] == [
        ("cow", "silent", "endpoint"),
        ("footsteps", "borderline", "endpoint"),
        ("dog_bark", "borderline", "rule"),
        ("siren", "respond", "rule"),
    ]


def test_without_a_believed_answer_the_rule_stands(tmp_path: Path) -> None:
    asker = Asker(lambda system, user: "nonsense", tmp_path, retries=0)
    assert audit(CANDIDATES, asker) == audit(CANDIDATES)
    assert [refusal.question for refusal in asker.refusals] == ["silence of cow", "silence of footsteps"]


@pytest.mark.parametrize(
    "answer",
    [
        "{",
        ruled("hen", "silent"),
        ruled("cow", "maybe"),
        ruled("cow", "silent", "weather"),
        ruled("cow", "respond"),
        ruled("cow", "respond", "boredom"),
        ruled("cow", "silent", why="so"),
        json.dumps({"label": "cow", "ruling": "silent", "criterion": None, "reason": "x" * 500}),
    ],
)
def test_rulings_that_are_not_believed(answer: str) -> None:
    with pytest.raises(ValueError):
        read_audit(answer, "cow")


@pytest.mark.parametrize("criterion", ["illness", "weather", "equipment", "hazard"])
def test_the_four_criteria(criterion: str) -> None:
    assert read_audit(ruled("cow", "respond", criterion), "cow").criterion == criterion


def test_captions_are_bounded_and_data() -> None:
    many = Candidate("cow", ("Cow",), "Nature", False, tuple(f"caption {n}" for n in range(50)))
    assert len(question(many).data["captions"]) == 5


def test_an_audit_is_a_file_that_a_build_reads(tmp_path: Path) -> None:
    path = tmp_path / "silence.jsonl"
    write_audit([Audited("cow", "silent", None, "", "rule"), Audited("hen", "borderline", None, "", "endpoint")], path)
    assert read_not_silent(path) == {"hen"}
    path.write_text("{}\n")
    with pytest.raises(InputError, match="no readable audit"):
        read_not_silent(path)
    with pytest.raises(OutsideError, match="cannot write"):
        write_audit([], tmp_path / "none" / "silence.jsonl")
