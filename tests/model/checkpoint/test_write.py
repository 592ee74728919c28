"""A model's folder: one file or shards, and never half of one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from soundflow.errors import InputError, OutsideError, UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.assemble import own_names
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


def test_shards_of_the_model_before_do_not_stay(small_bundle: Bundle, tmp_path: Path) -> None:
    tensors = {f"t{i}": torch.zeros(100) for i in range(4)}
    plain = {"config.json", "tokenizer.json"}
    one, index = {"model.safetensors"}, {"model.safetensors.index.json"}
    two = {f"model-0000{i}-of-00002.safetensors" for i in (1, 2)}
    for shard_bytes, weights in ((400, None), (800, two | index), (1600, one), (800, two | index)):
        write_folder(tmp_path, tensors, {}, small_bundle.tokenizer, shard_bytes=shard_bytes)
        found = {path.name for path in tmp_path.iterdir()}
        assert weights is None or found == plain | weights


def _written(bundle: Bundle, folder: Path, added: float = 0.0) -> None:
    tensors = {name: tensor + added for name, tensor in own_names(bundle.network).items()}
    write_folder(folder, tensors, bundle.config.to_dict(), bundle.tokenizer, shard_bytes=20_000)


def test_killed_while_it_writes_it_leaves_the_old_model(
    small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _written(small_bundle, tmp_path)
    before = folder_digest(tmp_path)
    saved: list[Path] = []

    def dying(tensors: dict[str, torch.Tensor], path: Path, metadata: dict[str, str]) -> None:
        saved.append(path)
        if len(saved) == 2:
            raise KeyboardInterrupt
        save_file(tensors, path, metadata)

    monkeypatch.setattr("soundflow.model.checkpoint.write.save_file", dying)
    with pytest.raises(KeyboardInterrupt):
        _written(small_bundle, tmp_path, added=1.0)
    assert folder_digest(tmp_path) == before


def test_a_disk_that_is_full_is_told_and_leaves_the_old_model(
    small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _written(small_bundle, tmp_path)
    before = folder_digest(tmp_path)

    def full(tensors: dict[str, torch.Tensor], path: Path, metadata: dict[str, str]) -> None:
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("soundflow.model.checkpoint.write.save_file", full)
    with pytest.raises(OutsideError, match=r"cannot write .*: .*No space left") as refused:
        _written(small_bundle, tmp_path, added=1.0)
    assert refused.value.code == "model.write" and folder_digest(tmp_path) == before


def test_a_tokenizer_that_the_disk_does_not_take_is_told(small_bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="directory"):
        small_bundle.tokenizer.save(tmp_path / "nowhere" / "tokenizer.json")


def test_a_file_in_the_place_of_the_folder_is_told(small_bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "model").write_text("kept")
    with pytest.raises(OutsideError, match="File exists"):
        save_folder(small_bundle, tmp_path / "model")
    assert (tmp_path / "model").read_text() == "kept"


@pytest.mark.parametrize("renamed", [0, 1, 3])
def test_killed_while_files_take_their_places_it_leaves_no_model(
    renamed: int, small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _written(small_bundle, tmp_path)
    calls: list[Path] = []
    replace = Path.replace

    def dying(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) > renamed:
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", dying)
    with pytest.raises(KeyboardInterrupt):
        _written(small_bundle, tmp_path, added=1.0)
    with pytest.raises(InputError, match=r"config\.json is not there"):
        load_folder(tmp_path)


def test_a_model_may_be_written_over_itself(small_bundle: Bundle, tmp_path: Path) -> None:
    _written(small_bundle, tmp_path)
    wanted = {name: tensor.clone() for name, tensor in open_safetensors(tmp_path).items()}
    config = small_bundle.config.to_dict()
    write_folder(tmp_path, open_safetensors(tmp_path), config, small_bundle.tokenizer, shard_bytes=30_000)
    found = open_safetensors(tmp_path)
    assert found.keys() == wanted.keys() and all(torch.equal(found[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize(("name", "text"), [("model_config.yaml", "name: x"), ("config.json", '{"model_type": "q"}')])
def test_a_model_that_others_wrote_is_left_alone(name: str, text: str, small_bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match="did not write"):
        save_folder(small_bundle, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_all_files_may_be_read_by_the_same_people(small_bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    save_folder(small_bundle, tmp_path / "model")
    mode = (tmp_path / "plain").stat().st_mode
    assert {path.name: path.stat().st_mode for path in (tmp_path / "model").iterdir()} == dict.fromkeys(
        ("config.json", "tokenizer.json", "model.safetensors"), mode
    )


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
