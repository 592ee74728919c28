"""A model's folder: one file or shards, and never half of one."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.ours import load_folder, save_folder
from soundflow.model.checkpoint.tensors import open_safetensors
from soundflow.model.checkpoint.write import write_folder


def test_large_weights_are_written_in_shards_and_read_back(small_bundle: Bundle, tmp_path: Path) -> None:
    tensors = {f"t{i}": torch.full((100,), float(i)) for i in range(5)}
    write_folder(tmp_path, tensors, {"a": 1}, small_bundle.tokenizer, shard_bytes=900)
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text())
    assert sorted(set(index["weight_map"].values())) == [f"model-0000{i}-of-00003.safetensors" for i in (1, 2, 3)]
    assert index["metadata"]["total_size"] == 2000
    read = open_safetensors(tmp_path)
    assert {name: float(read[name][0]) for name in read} == {f"t{i}": float(i) for i in range(5)}
    assert not list(tmp_path.glob("*.tmp"))


def test_one_file_written_over_shards_leaves_no_index(small_bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors.index.json").write_text("{}")
    save_folder(small_bundle, tmp_path)
    assert load_folder(tmp_path).config == small_bundle.config
