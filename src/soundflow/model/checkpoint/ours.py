"""Our own folder: `config.json`, `model.safetensors`, `tokenizer.json`. Written whole or not at all.

Weights may be stored as float32, float16 or int8 with one scale a row (docs/decisions/0003). Tests:
tests/model/checkpoint/test_ours.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from soundflow.model.config import ModelConfig
from soundflow.model.network import AudioInteractionModel
from soundflow.model.tokens import TextTokenizer

SCALE = ".int8_scale"  # suffix of the float32 [rows] tensor that stands beside an int8 matrix
Storage = Literal["float32", "float16", "int8"]


def save_folder(bundle: Bundle, path: Path, storage: Storage = "float32") -> None:
    """Write a model's folder; every file goes to a temporary name first.

    Args:
        storage: how matrices are kept; vectors and convolutions are never below float16.
    """
    path.mkdir(parents=True, exist_ok=True)
    tensors = pack(_own_state(bundle.network), storage)
    weights = path / "model.safetensors"
    save_file(tensors, weights.with_suffix(".tmp"), metadata={"format": "soundflow", "storage": storage})
    weights.with_suffix(".tmp").replace(weights)
    bundle.tokenizer.save(path / "tokenizer.json.tmp")
    (path / "tokenizer.json.tmp").replace(path / "tokenizer.json")
    config = path / "config.json"
    config.with_suffix(".tmp").write_text(json.dumps(bundle.config.to_dict(), indent=1) + "\n")
    config.with_suffix(".tmp").replace(config)


def load_folder(path: Path) -> Bundle:
    """Read a folder that `save_folder` wrote, in float32.

    Raises:
        InputError: a file is missing, truncated or not ours; a tensor is missing, unknown or of another shape.
    """
    config = ModelConfig.from_dict(_read_json(path / "config.json"))
    network = AudioInteractionModel(config)
    _fill(network, read_tensors(path / "model.safetensors"), path / "model.safetensors")
    network.eval().requires_grad_(False)
    return Bundle(network, TextTokenizer.from_file(path / "tokenizer.json"), config, config.name, path)


def pack(state: Mapping[str, Tensor], storage: Storage) -> dict[str, Tensor]:
    """Tensors as they are stored: int8 matrices get a scale each, everything else its float type."""
    packed: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if storage == "int8" and tensor.dim() == 2:
            scale = tensor.abs().amax(dim=1).clamp(min=1e-12) / 127
            packed[name] = (tensor / scale[:, None]).round().clamp(-127, 127).to(torch.int8)
            packed[name + SCALE] = scale.float()
        else:
            packed[name] = tensor.to(torch.float32 if storage == "float32" else torch.float16).contiguous()
    return packed


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of one file as float32, int8 matrices scaled back.

    Raises:
        InputError: no such file, or it is not a whole safetensors file.
    """
    if not path.is_file():
        raise InputError("model.missing_file", f"{path} is not there", "a model folder holds model.safetensors")
    try:
        with safe_open(path, framework="pt") as f:
            raw = {name: f.get_tensor(name) for name in f.keys()}  # noqa: SIM118 (not a dictionary)
    except SafetensorError as e:
        raise InputError("model.damaged_file", f"{path}: {e}", "the file is cut short or not safetensors") from e
    return {
        name: t.float() * raw[name + SCALE][:, None] if name + SCALE in raw else t.float()
        for name, t in raw.items()
        if not name.endswith(SCALE)
    }


def _own_state(network: AudioInteractionModel) -> dict[str, Tensor]:
    """The network's tensors, the tied head left out."""
    tied = network.config.decoder.tie_word_embeddings
    return {n: t.detach() for n, t in network.state_dict().items() if not (tied and n == "lm_head.weight")}


def _fill(network: AudioInteractionModel, tensors: dict[str, Tensor], path: Path) -> None:
    wanted = _own_state(network)
    for name in [*wanted, *tensors]:
        if name not in tensors or name not in wanted:
            state = "is missing" if name not in tensors else "is unknown"
            raise InputError("model.tensor", f"{path}: tensor {name} {state}", "config and weights must match")
        if tensors[name].shape != wanted[name].shape:
            found, expected = list(tensors[name].shape), list(wanted[name].shape)
            raise InputError(
                "model.shape", f"{path}: {name} is {found}, expected {expected}", "config and weights must match"
            )
    network.load_state_dict(tensors, strict=False)


def _read_json(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_text())
    except OSError as e:
        raise InputError("model.missing_file", f"{path} is not there", "give a model folder, or `nano`") from e
    except ValueError as e:
        raise InputError("model.damaged_file", f"{path}: {e}", "config.json must be JSON") from e
    if not isinstance(found, dict):
        raise InputError("model.damaged_file", f"{path} holds no object", "config.json must be a JSON object")
    return found
