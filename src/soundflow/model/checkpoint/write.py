"""A model's folder on disk: tensors in one file or in shards, config and tokenizer; no file is ever half there.

Tests: tests/model/checkpoint/test_write.py.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from soundflow.atomic import replacing, write_text
from soundflow.model.tokens import TextTokenizer

SHARD_BYTES = 4 * 10**9  # as large as the release's own shards
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
LOOKED_AT = 64  # blocks of a file that its digest reads, 4 MiB in all; chosen: 12 GB of weights take a moment
BLOCK_BYTES = 64 * 1024


def write_folder(
    folder: Path,
    tensors: Mapping[str, Tensor],
    config: Mapping[str, Any],
    tokenizer: TextTokenizer,
    metadata: Mapping[str, str] | None = None,
    shard_bytes: int = SHARD_BYTES,
) -> None:
    """Write weights, `tokenizer.json` and, last, `config.json`: a folder without it is not a model yet."""
    folder.mkdir(parents=True, exist_ok=True)
    shards = _shards(tensors, shard_bytes)
    names = [WEIGHTS] if len(shards) == 1 else [_shard_name(i, len(shards)) for i in range(len(shards))]
    about = {"format": "pt", **(metadata or {})}
    for name, shard in zip(names, shards, strict=True):
        held = {key: tensor.contiguous() for key, tensor in shard.items()}
        with replacing(folder / name) as temporary:
            save_file(held, temporary, metadata=about)
    if len(shards) > 1:
        places = {key: name for name, shard in zip(names, shards, strict=True) for key in shard}
        total = sum(tensor.nbytes for tensor in tensors.values())
        _write_json(folder / INDEX, {"metadata": {"total_size": total}, "weight_map": places})
    else:
        (folder / INDEX).unlink(missing_ok=True)
    with replacing(folder / "tokenizer.json") as temporary:
        tokenizer.save(temporary)
    _write_json(folder / "config.json", config)


def folder_bytes(folder: Path) -> int:
    """Bytes of a folder's files."""
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


def folder_digest(folder: Path) -> str:
    """A sha256 of a folder's files that is cheap for large ones: names, sizes, and blocks evenly over each file.

    A change that keeps a file's size and lies between the blocks is not seen; of another training's weights nearly
    every block differs. Files of up to LOOKED_AT blocks (4 MiB) are read whole.
    """
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        size = path.stat().st_size
        digest.update(f"{path.name}\0{size}\0".encode())
        with path.open("rb") as file:
            for start in _block_starts(size):
                file.seek(start)
                digest.update(file.read(BLOCK_BYTES))
    return digest.hexdigest()


def _block_starts(size: int) -> list[int]:
    """Where the blocks that a digest looks at begin: at the file's start, at its end, and evenly between."""
    if size <= LOOKED_AT * BLOCK_BYTES:
        return list(range(0, size, BLOCK_BYTES))
    return [(size - BLOCK_BYTES) * i // (LOOKED_AT - 1) for i in range(LOOKED_AT)]


def _shards(tensors: Mapping[str, Tensor], most: int) -> list[dict[str, Tensor]]:
    """Tensors in their order, a new shard whenever the next would make one too large."""
    shards: list[dict[str, Tensor]] = [{}]
    filled = 0
    for name, tensor in tensors.items():
        if filled and filled + tensor.nbytes > most:
            shards.append({})
            filled = 0
        shards[-1][name] = tensor
        filled += tensor.nbytes
    return shards


def _shard_name(index: int, count: int) -> str:
    return f"model-{index + 1:05d}-of-{count:05d}.safetensors"


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    write_text(path, json.dumps(values, indent=1) + "\n")
