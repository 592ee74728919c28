"""Tensors by name: read when asked for, and every fault with its file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from soundflow.errors import InputError
from soundflow.model.checkpoint.tensors import open_pickle, open_safetensors, read_object


def test_shards_are_one_mapping_and_each_tensor_knows_its_file(tmp_path: Path) -> None:
    save_file({"a": torch.ones(2)}, tmp_path / "one.safetensors")
    save_file({"b": torch.zeros(3)}, tmp_path / "two.safetensors")
    index = {"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    tensors = open_safetensors(tmp_path)
    assert sorted(tensors) == ["a", "b"]
    assert tensors["b"].tolist() == [0, 0, 0]
    assert tensors.file_of("b").name == "two.safetensors"


@pytest.mark.parametrize("index", ["{}", '{"weight_map": {}}', '{"weight_map": {"a": 1}}', "[", "[]"])
def test_an_index_that_is_none_is_refused(tmp_path: Path, index: str) -> None:
    (tmp_path / "model.safetensors.index.json").write_text(index)
    with pytest.raises(InputError, match=r"index\.json"):
        open_safetensors(tmp_path)


def test_a_pickle_of_anything_but_tensors_is_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(1), "b": 7}, tmp_path / "x.pth")
    with pytest.raises(InputError, match="other than tensors by name"):
        open_pickle(tmp_path / "x.pth")


def test_an_older_pickle_is_read_too(tmp_path: Path) -> None:
    torch.save({"a": torch.arange(3.0)}, tmp_path / "x.pth", _use_new_zipfile_serialization=False)
    assert open_pickle(tmp_path / "x.pth")["a"].tolist() == [0, 1, 2]


def test_an_object_is_an_object(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"b": 1}')
    assert read_object(tmp_path / "a.json") == {"b": 1}
    (tmp_path / "a.json").write_text("[" * 100_000)
    with pytest.raises(InputError, match=r"a\.json"):
        read_object(tmp_path / "a.json")
