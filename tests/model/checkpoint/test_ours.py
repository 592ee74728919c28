"""Our folder: written whole, read back, refused clearly."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from soundflow.errors import InputError, UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.assemble import Placement, own_names
from soundflow.model.checkpoint.ours import Storage, load_folder, pack, save_folder, storage_of
from soundflow.model.checkpoint.write import write_folder
from soundflow.model.quantize import int8_bundle, int8_supported, make_int8


def test_float32_round_trip_is_exact(small_bundle: Bundle, tmp_path: Path) -> None:
    save_folder(small_bundle, tmp_path)
    again = load_folder(tmp_path)
    assert again.config == small_bundle.config
    for name, tensor in small_bundle.network.state_dict().items():
        assert torch.equal(again.network.state_dict()[name], tensor), name
    assert again.tokenizer.encode("A dog is barking.") == small_bundle.tokenizer.encode("A dog is barking.")


def test_int8_is_a_quarter_and_near(small_bundle: Bundle, tmp_path: Path) -> None:
    save_folder(small_bundle, tmp_path / "int8", storage="int8")
    again = load_folder(tmp_path / "int8").network.state_dict()
    for name, tensor in small_bundle.network.state_dict().items():
        assert (again[name] - tensor).abs().max() <= tensor.abs().max() / 127 + 1e-3, name


@pytest.mark.parametrize("storage", ["int4", "int8", "float16"])
def test_the_storage_is_known_of_one_file_and_of_shards(storage: Storage, small_bundle: Bundle, tmp_path: Path) -> None:
    save_folder(small_bundle, tmp_path / "one", storage)
    tensors, about = pack(own_names(small_bundle.network), storage), {"storage": storage}
    write_folder(tmp_path / "shards", tensors, {}, small_bundle.tokenizer, about, shard_bytes=10_000)
    assert len(list((tmp_path / "shards").glob("model-*"))) > 1
    assert storage_of(tmp_path / "one") == storage_of(tmp_path / "shards") == storage
    assert storage_of(tmp_path) is None
    (tmp_path / "shards" / "model.safetensors.index.json").write_text("{}")
    assert storage_of(tmp_path / "shards") is None


def test_an_unknown_storage_is_refused_before_anything_is_written(small_bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="storage is 'bf16'"):
        save_folder(small_bundle, tmp_path / "model", storage="bf16")  # type: ignore[arg-type]
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("change", ["missing", "unknown", "shape", "truncated", "absent"])
def test_a_damaged_folder_is_one_clear_error(small_bundle: Bundle, tmp_path: Path, change: str) -> None:
    save_folder(small_bundle, tmp_path)
    weights = tmp_path / "model.safetensors"
    tensors = load_file(weights)
    if change == "missing":
        tensors.pop("encoder.conv1.bias")
    if change == "unknown":
        tensors["extra"] = torch.zeros(1)
    if change == "shape":
        tensors["encoder.conv1.bias"] = torch.zeros(3)
    save_file(tensors, weights)
    if change == "truncated":
        weights.write_bytes(weights.read_bytes()[:1000])
    if change == "absent":
        weights.unlink()
    with pytest.raises(InputError, match=r"model\.safetensors"):
        load_folder(tmp_path)


def test_a_folder_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"config\.json"):
        load_folder(tmp_path / "nowhere")


def test_what_is_loaded_in_int8_is_what_becomes_int8_afterwards(small_bundle: Bundle, tmp_path: Path) -> None:
    if not int8_supported():
        pytest.skip("this build of torch has no int8 engine")
    save_folder(small_bundle, tmp_path)
    at_once = load_folder(tmp_path, Placement(ready=make_int8)).network
    afterwards = int8_bundle(load_folder(tmp_path)).network
    mel = torch.randn(3, 80, 40, generator=torch.Generator().manual_seed(1))
    assert torch.equal(at_once.encode(mel), afterwards.encode(mel))
    rows = torch.randn(1, 7, 32, generator=torch.Generator().manual_seed(2))
    assert torch.equal(at_once.logits(at_once(rows)), afterwards.logits(afterwards(rows)))
    assert at_once.choice_rows is not None
    assert torch.equal(at_once.choice_rows, small_bundle.network.lm_head.weight[[0, 1]])
