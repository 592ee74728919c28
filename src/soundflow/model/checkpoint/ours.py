"""Our own folder: `config.json`, `model.safetensors` (or shards with an index), `tokenizer.json`.

Weights may be stored as float32, bfloat16, float16, int8 with one scale a row (docs/decisions/0003) or int4 with scale
and middle for each 32 weights. Tests: tests/model/checkpoint/test_ours.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from soundflow.errors import InputError, UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.assemble import ON_CPU, Origin, Placement, assemble, meta_network, own_names, renamed
from soundflow.model.checkpoint.tensors import WEIGHTS, open_safetensors, read_object, weight_files
from soundflow.model.checkpoint.write import write_folder
from soundflow.model.config import ModelConfig
from soundflow.model.int4 import can_be_int4, from_int4, to_int4
from soundflow.model.tokens import TextTokenizer

SCALE = ".int8_scale"  # suffix of the float32 [rows] tensor that stands beside an int8 matrix
GRID = ".int4_grid"  # suffix of the bfloat16 [rows, groups, 2] tensor beside an int4 matrix, two levels a byte
Storage = Literal["same", "float32", "bfloat16", "float16", "int8", "int4"]
_TYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "int8": torch.float16,
    "int4": torch.float16,
}


def is_ours(config: Mapping[str, Any]) -> bool:
    """Whether a `config.json` is one of ours."""
    return "encoder" in config and "decoder" in config and "model_type" not in config


def save_folder(bundle: Bundle, path: Path, storage: Storage = "float32") -> None:
    """Write a model's folder; every file goes to a temporary name first.

    Args:
        storage: how matrices are kept, `same` as they are; with int8 and int4, vectors and convolutions
            are float16; with int4, matrices that its kernel does not take and the table of tokens are int8.

    Raises:
        UsageError: there is no such storage.
    """
    tensors = pack({n: t.detach() for n, t in own_names(bundle.network).items()}, storage)
    about = {"format": "soundflow", "storage": storage}
    write_folder(path, tensors, bundle.config.to_dict(), bundle.tokenizer, about)


def copy_folder(source: Path, target: Path) -> None:
    """Write one of our folders anew, its tensors as they are stored: int8 and int4 stay so, to the bit.

    Raises:
        InputError: a file of `source` is missing or damaged.
        UsageError: as `write_folder`.
    """
    tensors = open_safetensors(source)
    config = ModelConfig.from_dict(read_object(source / "config.json"))
    tokenizer = TextTokenizer.from_file(source / "tokenizer.json")
    about = {"format": "soundflow", "storage": storage_of(source) or "same"}
    write_folder(target, tensors, config.to_dict(), tokenizer, about)


def load_folder(path: Path, placement: Placement = ON_CPU) -> Bundle:
    """Read a folder that `save_folder` wrote; in float32 unless `placement` says otherwise.

    Raises:
        InputError: a file is missing, truncated or not ours; a tensor is missing, unknown or of another shape.
    """
    config = ModelConfig.from_dict(read_object(path / "config.json"))
    tensors = open_safetensors(path)
    origins = {name: _origin(name, tensors) for name in own_names(meta_network(config))}

    def where(name: str) -> str:
        return str(tensors.file_of(name) if name in tensors else path / WEIGHTS)

    network = assemble(config, tensors, origins, where, placement)
    return Bundle(network, TextTokenizer.from_file(path / "tokenizer.json"), config, config.name, path)


def pack(state: Mapping[str, Tensor], storage: Storage) -> dict[str, Tensor]:
    """Tensors as they are stored: int8 and int4 matrices with their scales, everything else in its float type.

    Raises:
        UsageError: there is no such storage.
    """
    if storage not in get_args(Storage):
        raise UsageError("ours.storage", f"storage is {storage!r}", f"one of {', '.join(get_args(Storage))}")
    packed: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if storage == "int4" and can_be_int4(tensor) and "embed_tokens" not in name:
            levels, packed[name + GRID] = to_int4(tensor)
            packed[name] = levels[:, ::2] | levels[:, 1::2] << 4
        elif storage in ("int8", "int4") and tensor.dim() == 2:
            scale = tensor.abs().amax(dim=1).clamp(min=1e-12) / 127
            packed[name] = (tensor / scale[:, None]).round().clamp(-127, 127).to(torch.int8)
            packed[name + SCALE] = scale.float()
        else:
            packed[name] = tensor.to(_TYPES.get(storage, tensor.dtype)).contiguous()
    return packed


def storage_of(folder: Path) -> str | None:
    """How the weights in one of our folders are stored, if it says so; of shards each one says it."""
    try:
        with safe_open(weight_files(folder)[0], framework="pt") as file:
            return (file.metadata() or {}).get("storage")
    except (SafetensorError, OSError, InputError):
        return None


def _unpacked(levels: Tensor, grid: Tensor) -> Tensor:
    """The float32 matrix of packed levels."""
    return from_int4(torch.stack([levels & 15, levels >> 4], dim=-1).flatten(1), grid)


def _origin(name: str, tensors: Mapping[str, Tensor]) -> Origin:
    if name + GRID in tensors:
        return Origin((name, name + GRID), lambda found: _unpacked(found[name], found[name + GRID]))
    if name + SCALE not in tensors:
        return renamed(name)
    return Origin((name, name + SCALE), lambda found: found[name].float() * found[name + SCALE][:, None])
