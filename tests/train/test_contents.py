"""What lies behind a path: another digest whenever it is another thing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soundflow.data.build.run import CLAIM_NAME, INDEX_NAME
from soundflow.errors import InputError
from soundflow.train.contents import data_contents, model_contents
from tests.data.test_clips import write_folder
from tests.train.corpora import write_corpus, write_start


def sha256(folder: Path) -> str:
    (found,) = data_contents([folder])
    assert found["folder"] == str(folder)
    return found["sha256"]


def test_a_corpus_built_anew_is_another(tmp_path: Path) -> None:
    first = write_corpus(tmp_path / "a")
    again, other = write_corpus(tmp_path / "b"), write_corpus(tmp_path / "c", streams=7)
    assert sha256(first) == sha256(again) != sha256(other)
    (again / CLAIM_NAME).write_text(json.dumps({"seed": 1}))
    assert sha256(again) != sha256(first)
    (first / INDEX_NAME).unlink()
    with pytest.raises(InputError, match=r"index\.parquet cannot be read: .* Build it again"):
        sha256(first)


def test_clips_are_known_by_their_rows_and_labels(tmp_path: Path) -> None:
    rows = [{"id": "a", "path": "a.wav", "label": "cow", "length": 0.5}]
    folder = write_folder(tmp_path / "clips", rows, {"cow": {"proactive": False}})
    before = sha256(folder)
    write_folder(folder, rows, {"cow": {"proactive": True}})
    relabelled = sha256(folder)
    write_folder(folder, [{**rows[0], "split": "train"}], {"cow": {"proactive": True}})
    assert len({before, relabelled, sha256(folder)}) == 3


def test_a_model_is_known_by_its_weights(tmp_path: Path) -> None:
    folder = write_start(tmp_path / "start")
    before = model_contents("mine", folder)
    assert before["model"] == "mine" and model_contents("mine", folder) == before
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "model.safetensors").write_bytes(data)
    assert model_contents("mine", folder)["sha256"] != before["sha256"]
