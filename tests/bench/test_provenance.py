"""Whose answers a file holds: the same circumstances go on, others are refused, a name alone decides nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundflow.bench.provenance import answered, digest_of_streams, file_of, provenance
from soundflow.bench.rows import append_row
from soundflow.bench.systems import System
from soundflow.errors import InputError

MODEL = System("nano", lambda samples, instruction: [], 0.5, "1234")


def test_answers_of_the_same_weights_under_another_name_are_ours(tmp_path: Path) -> None:
    path, about = tmp_path / "p.jsonl", provenance(MODEL, instruction=None, tier="single")
    assert answered(path, about) == set()
    append_row(path, {"id": 7, "output": "", **about, "model": "a copy"})
    path.write_bytes(path.read_bytes() + b'{"output": "no id"}\n{"torn')
    assert answered(path, about) == {"7"}


@pytest.mark.parametrize("other", [{"weights": "5678"}, {"threshold": 0.6}, {"tier": "multiple"}, {"instruction": "x"}])
def test_other_circumstances_are_refused(tmp_path: Path, other: dict[str, str | float]) -> None:
    path, about = tmp_path / "p.jsonl", provenance(MODEL, instruction=None, tier="single")
    append_row(path, {"id": "a", "output": "x", **about})
    with pytest.raises(InputError, match=f"an answer of nano with {next(iter(other))} "):
        answered(path, {**about, **other})
    assert file_of(tmp_path, about) != file_of(tmp_path, {**about, **other})


def test_what_differs_is_told_before_what_is_not_said(tmp_path: Path) -> None:
    append_row(tmp_path / "p.jsonl", {"id": "a", "output": "x", **provenance(MODEL, tier="single")})
    with pytest.raises(InputError, match=r"with tier 'single' \(this run: 'multiple'\)"):
        answered(tmp_path / "p.jsonl", provenance(MODEL, tier="multiple", seed=5))


def test_answers_that_do_not_say_whose_they_are_are_refused(tmp_path: Path) -> None:
    append_row(tmp_path / "p.jsonl", {"id": "a", "output": "x", "model": "nano"})
    with pytest.raises(InputError, match="line 1: the answer does not say its weights, threshold"):
        answered(tmp_path / "p.jsonl", provenance(MODEL))


def test_a_file_is_named_by_more_than_the_model(tmp_path: Path) -> None:
    about = provenance(System("../owner name", MODEL.hear))
    assert file_of(tmp_path, about).parent == tmp_path and file_of(tmp_path, about).name.startswith(".._owner_name-")
    assert file_of(tmp_path, {**about, "model": "x"}).name[1:] == file_of(tmp_path, about).name[13:]


def test_a_division_is_known_by_its_streams() -> None:
    assert digest_of_streams([["a", "b"], ["c"]]) != digest_of_streams([["a"], ["b", "c"]])
