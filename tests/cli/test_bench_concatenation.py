"""`soundflow bench concatenation`: too few questions are one clear line; a run gives a row for each length."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soundflow.api import load
from soundflow.bench.provenance import provenance
from soundflow.bench.rows import write_rows
from soundflow.bench.systems import model_system
from soundflow.cli.main import main
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.ours import save_folder
from tests.model.conftest import small_bundle

__all__ = ["small_bundle"]  # the fixture of the model's tests


def write_table(folder: Path, count: int) -> None:
    rows = "".join(f"Where?\tParis\t{number}.wav\n" for number in range(count))
    (folder / "llama_questions_300.tsv").write_text(f"Questions\tAnswer\tWav Filename\n{rows}")


def test_too_few_questions_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_table(tmp_path, 3)
    assert main(["bench", "concatenation", "--data", str(tmp_path), "--out", str(tmp_path / "said")]) == 2
    assert "3 items" in capsys.readouterr().err


def test_a_row_for_each_length(
    tmp_path: Path,
    small_bundle: Bundle,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_table(tmp_path, 60)
    save_folder(small_bundle, tmp_path / "model")
    system = model_system(load(tmp_path / "model").bundle)
    for length in range(1, 6):  # everything is answered already: nothing is heard
        about = provenance(system, benchmark="concatenation", length=length)
        said = ["Paris" if number % length == 0 else "" for number in range(60)]
        rows = [{"id": str(number), "output": text, **about} for number, text in enumerate(said)]
        write_rows(tmp_path / "said" / f"{length}.jsonl", rows)
    command = f"bench concatenation --data {tmp_path} --out {tmp_path / 'said'} --model {tmp_path / 'model'} --json"
    assert main(command.split()) == 0
    found = json.loads(capsys.readouterr().out)
    lengths = found["lengths"]
    assert found["trivial"] == {"always_empty": 0.0} and lengths[1]["share"]["low"] < 0.5 < lengths[1]["share"]["high"]
    assert [row["retention"] for row in lengths] == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4, 1 / 5])
    assert lengths[4]["by_position"] == [100.0, 0.0, 0.0, 0.0, 0.0]
