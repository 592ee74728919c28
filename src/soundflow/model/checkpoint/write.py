"""A model's folder on disk: tensors in one file or in shards, config and tokenizer; no file and no model is half there.

Tests: tests/model/checkpoint/test_write.py.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from soundflow.atomic import replacing
from soundflow.errors import InputError, OutsideError, UsageError
from soundflow.model.checkpoint.released import is_released
from soundflow.model.checkpoint.tensors import INDEX, WEIGHTS, read_object
from soundflow.model.tokens import TextTokenizer

SHARD_BYTES = 4 * 10**9  # as large as the release's own shards
SHARDS = "model-*-of-*.safetensors"
CONFIG = "config.json"
OWN_KEY = "soundflow"  # our config, inside a `config.json` of another layout that we wrote
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
    """Write weights, `tokenizer.json` and, last, `config.json`: a folder without it is not a model yet.

    All files are written beside those of a model that is there before the first of these goes, so that one killed here
    leaves the old model, the new one, or none, and `tensors` may lie in the folder itself.

    Raises:
        UsageError: the folder holds a model that others wrote (`model.foreign_target`).
        OutsideError: the disk refuses (`model.write`).
    """
    with _told(folder):
        _refuse_foreign(folder)
        folder.mkdir(parents=True, exist_ok=True)
        shards = _shards(tensors, shard_bytes)
        names = [WEIGHTS] if len(shards) == 1 else [_shard_name(i, len(shards)) for i in range(len(shards))]
        about = {"format": "pt", **(metadata or {})}
        with ExitStack() as written:  # it is left backwards: what is entered first takes its place last

            def beside(name: str) -> Path:
                return written.enter_context(replacing(folder / name))

            _write_json(beside(CONFIG), config)
            tokenizer.save(beside("tokenizer.json"))
            if len(shards) > 1:
                places = {key: name for name, shard in zip(names, shards, strict=True) for key in shard}
                total = sum(tensor.nbytes for tensor in tensors.values())
                _write_json(beside(INDEX), {"metadata": {"total_size": total}, "weight_map": places})
            for name, shard in zip(names, shards, strict=True):
                _write_shard(beside(name), shard, about)
            for name in (CONFIG, INDEX):
                (folder / name).unlink(missing_ok=True)
        for path in (folder / WEIGHTS, *folder.glob(SHARDS)):
            if path.name not in names:
                path.unlink(missing_ok=True)


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


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Say in one way that the disk refuses; safetensors has an error of its own for it."""
    try:
        yield
    except (OSError, SafetensorError) as e:
        reason = getattr(e, "strerror", None) or e
        hint = "check the folder and the space left"
        raise OutsideError("model.write", f"cannot write {folder}: {reason}", hint) from e


def _write_shard(path: Path, shard: Mapping[str, Tensor], about: dict[str, str]) -> None:
    """A file of tensors that may be read by whom other files may; safetensors alone lets nobody but the owner."""
    path.touch()
    mode = path.stat().st_mode
    save_file({key: tensor.contiguous() for key, tensor in shard.items()}, path, metadata=about)
    path.chmod(mode)


def _refuse_foreign(folder: Path) -> None:
    """Swapped arguments must not write over a model that was fetched."""
    try:
        config = read_object(folder / CONFIG)
    except InputError:  # none, or a damaged one, which nothing can be made of
        config = {}
    if is_released(folder) or ("model_type" in config and OWN_KEY not in config):
        found = f"{folder} holds a model that soundflow did not write"
        raise UsageError("model.foreign_target", found, "name another folder to write to")


def _shard_name(index: int, count: int) -> str:
    return f"model-{index + 1:05d}-of-{count:05d}.safetensors"


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
