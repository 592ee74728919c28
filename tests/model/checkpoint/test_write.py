"""A model's folder: one file or shards, and never half of one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.ours import load_folder, save_folder
from soundflow.model.checkpoint.tensors import open_safetensors
from soundflow.model.checkpoint.write import BLOCK_BYTES, LOOKED_AT, folder_digest, write_folder


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


def test_a_folders_digest_changes_with_its_files(small_bundle: Bundle, tmp_path: Path) -> None:
    save_folder(small_bundle, tmp_path)
    before = folder_digest(tmp_path)
    assert folder_digest(shutil.copytree(tmp_path, tmp_path / "copy")) == before == folder_digest(tmp_path)
    weights = tmp_path / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1  # the same size: another weight
    weights.write_bytes(data)
    changed = folder_digest(tmp_path)
    (tmp_path / "tokenizer.json").rename(tmp_path / "words.json")
    assert len({before, changed, folder_digest(tmp_path)}) == 3


def test_of_a_large_file_blocks_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soundflow.model.checkpoint.write.BLOCK_BYTES", 4)
    size = 4 * LOOKED_AT * 10
    seen: set[str] = set()
    for start in (None, 0, size // 2, size - 4):
        data = bytearray(size)
        if start is not None:
            data[start : start + 60] = b"x" * len(data[start : start + 60])
        (tmp_path / "w").write_bytes(data)
        seen.add(folder_digest(tmp_path))
    (tmp_path / "w").write_bytes(bytes(size + 1))
    seen.add(folder_digest(tmp_path))
    assert len(seen) == 5 and LOOKED_AT * BLOCK_BYTES == 4 * 1024**2
