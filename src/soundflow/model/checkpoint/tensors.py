"""Tensors by name out of the files of a checkpoint: memory-mapped, checked one by one, nothing executed.

Knows files and errors; knows nothing of any network. Tests: tests/model/checkpoint/test_tensors.py.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from soundflow.errors import InputError

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"  # which shard holds which tensor, where there are shards
_MOST_JSON_BYTES = 64 * 2**20  # an index of a thousand shards is far below; chosen


class TensorFiles(Mapping[str, Tensor]):
    """A checkpoint's tensors; each is read when it is asked for, and only mapped into memory until it is used."""

    def __init__(self, sources: Mapping[str, tuple[Path, Callable[[str], Tensor]]]) -> None:
        self._sources = dict(sources)

    def __getitem__(self, name: str) -> Tensor:
        """The tensor of a name.

        Raises:
            KeyError: there is none.
            InputError: its bytes cannot be read (`model.damaged_file`).
        """
        path, read = self._sources[name]
        try:
            return read(name)
        except Exception as e:  # the libraries raise many kinds for damaged bytes
            raise InputError("model.damaged_file", f"{path}: tensor {name}: {e}", _DAMAGED) from e

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)

    def file_of(self, name: str) -> Path:
        """The file that holds a tensor."""
        return self._sources[name][0]


_DAMAGED = "the file is cut short or damaged; fetch it again"


def open_safetensors(folder: Path) -> TensorFiles:
    """The tensors of `model.safetensors`, or of the shards that `model.safetensors.index.json` lists.

    Raises:
        InputError: a file is missing or damaged, or the index and a shard disagree.
    """
    index = folder / INDEX
    if not index.is_file():
        return _safetensors_file(folder / WEIGHTS)
    wanted = _weight_map(index)
    opened = {shard: _safetensors_file(_inside(folder, shard, index)) for shard in sorted(set(wanted.values()))}
    for name, shard in wanted.items():
        if name not in opened[shard]:
            raise InputError(
                "model.tensor", f"{folder / shard}: tensor {name} is missing", f"{index.name} puts it there"
            )
    return TensorFiles({name: files._sources[name] for files in opened.values() for name in files})


def weight_files(folder: Path) -> list[Path]:
    """`model.safetensors`, or the shards that `model.safetensors.index.json` lists, by name; they need not be there.

    Raises:
        InputError: the index is damaged.
    """
    index = folder / INDEX
    if not index.is_file():
        return [folder / WEIGHTS]
    return [_inside(folder, shard, index) for shard in sorted(set(_weight_map(index).values()))]


def open_pickle(path: Path) -> TensorFiles:
    """The tensors of a file that `torch.save` wrote, read with weights only: no code in it is run.

    Raises:
        InputError: the file is missing, damaged, or holds anything but tensors by name.
    """
    if not path.is_file():
        raise InputError("model.missing_file", f"{path} is not there", "fetch the whole folder")
    _refuse_bombs(path)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as e:  # unpickling foreign bytes raises anything
        first = (str(e).splitlines() or [type(e).__name__])[0]
        raise InputError(
            "model.damaged_file", f"{path}: {first}", "the file is damaged, or holds more than weights"
        ) from e
    if not isinstance(state, Mapping) or not all(
        isinstance(k, str) and isinstance(v, Tensor) for k, v in state.items()
    ):
        raise InputError("model.damaged_file", f"{path} holds something other than tensors by name", _DAMAGED)
    return TensorFiles({name: (path, state.__getitem__) for name in state})


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        InputError: the file is missing, no JSON, or no object.
    """
    try:
        if path.stat().st_size > _MOST_JSON_BYTES:
            raise InputError(
                "model.damaged_file", f"{path} has {path.stat().st_size} bytes", "it should be far smaller"
            )
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise InputError("model.missing_file", f"{path} is not there", "fetch the whole folder") from e
    except (ValueError, RecursionError) as e:
        raise InputError("model.damaged_file", f"{path}: {e}", "it must be JSON") from e
    if not isinstance(found, dict):
        raise InputError("model.damaged_file", f"{path} holds no object", "it must be a JSON object")
    return found


def _safetensors_file(path: Path) -> TensorFiles:
    if not path.is_file():
        raise InputError("model.missing_file", f"{path} is not there", "fetch the whole folder")
    try:
        file = safe_open(path, framework="pt")
        names = list(file.keys())  # type: ignore[no-untyped-call]
    except (SafetensorError, OSError, ValueError) as e:
        raise InputError("model.damaged_file", f"{path}: {e}", _DAMAGED) from e
    return TensorFiles({name: (path, file.get_tensor) for name in names})


def _weight_map(index: Path) -> dict[str, str]:
    found = read_object(index).get("weight_map")
    if not isinstance(found, dict) or not found or not all(isinstance(shard, str) for shard in found.values()):
        raise InputError("model.damaged_file", f"{index}: no weight_map of names to shards", _DAMAGED)
    return found


def _inside(folder: Path, shard: str, index: Path) -> Path:
    """A shard's path; an index may not point out of its folder."""
    if Path(shard).name != shard or shard in ("", ".", ".."):
        raise InputError("model.damaged_file", f"{index} points to {shard!r}", "shards lie beside the index")
    return folder / shard


def _refuse_bombs(path: Path) -> None:
    """`torch.save` stores without compression; a file that unpacks to more than it weighs was not written by it."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            is_packed = any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist())
    except Exception as e:  # a directory of damaged entries
        raise InputError("model.damaged_file", f"{path}: {e}", _DAMAGED) from e
    if is_packed or unpacked > path.stat().st_size:
        found = f"{path} unpacks to {unpacked} bytes from {path.stat().st_size}"
        raise InputError("model.damaged_file", found, "weights are stored without compression; do not trust this file")
