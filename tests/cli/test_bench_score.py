"""`soundflow bench score`: one object a row and one over all of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soundflow.bench.score import scorer_names
from soundflow.cli.bench_score import ScorerName
from soundflow.cli.main import main


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Two transcripts, one of them right."""
    path = tmp_path / "r.jsonl"
    path.write_text('{"ref": "A CAT", "hyp": "a cat"}\n{"ref": "A DOG", "hyp": "a cat"}\n', encoding="utf-8")
    return path


def test_json_is_a_line_a_row_and_one_more(rows: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "score", "wer", "--rows", str(rows), "--json"]) == 0
    first, second, total = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["wer"], second["wer"], total["corpus_wer"]) == (0.0, 0.5, 0.25)


@pytest.mark.parametrize("name", ["wer", "bleu_zh_en"])
def test_half_a_pair_of_surrogates_is_scored(
    name: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    (tmp_path / "r.jsonl").write_text('{"ref": "hello world", "hyp": "hello \\ud83d world"}\n')
    assert main(["bench", "score", name, "--rows", str(tmp_path / "r.jsonl"), "--json"]) == 0
    row, _ = capfdbinary.readouterr().out.splitlines()
    assert b"\\ud83d" in row, "JSON's own escape, for UTF-8 has no word for it"


def test_people_get_the_total(rows: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "score", "wer", "--rows", str(rows)]) == 0
    assert "corpus_wer: 0.25" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code"),
    [(["spokenqa"], 1), (["voicebench_qa"], 2), (["nonsense"], 2), (["wer", "--rows", "gone.jsonl"], 1)],
)
def test_a_failure_is_one_line(words: list[str], code: int, rows: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "score", "--rows", str(rows), *words]) == code
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_the_command_line_knows_every_scorer() -> None:
    assert {name.value for name in ScorerName} == set(scorer_names())
