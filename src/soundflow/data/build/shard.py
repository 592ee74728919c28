"""One shard: a tar in WebDataset's layout, and the rows of its streams beside it.

Same samples, same bytes: the tar carries no clock and no user. The rows are written last, so a shard with rows is
finished whatever happened before. Tests: tests/data/build/test_shard.py.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from soundflow.atomic import replacing, write_text
from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.data.json_lines import lines_of
from soundflow.errors import InputError, OutsideError

Samples = NDArray[np.float32]
Row = dict[str, Any]


@dataclass(frozen=True)
class Member:
    """One stream on its way into a shard: its key, its sound (float32 [n], 16 kHz) and its annotation."""

    key: str
    samples: Samples
    annotation: Mapping[str, Any]


@dataclass(frozen=True)
class ShardRows:
    """What a finished shard says of itself: a row a stream, and a row for everything that was left out."""

    sha256: str
    rows: tuple[Row, ...]
    rejected: tuple[Row, ...]


def shard_name(number: int) -> str:
    """The name of a shard's tar."""
    return f"shard-{number:06d}.tar"


def write_shard(
    folder: Path, number: int, audio: str, members: Iterable[Member], rows: list[Row], bad: list[Row]
) -> str:
    """Write a shard and then its rows, each under a temporary name first.

    Args:
        audio: `flac` or `wav`.
        members: may be drawn while they are written; `rows` and `bad` are read when they are finished.

    Returns:
        The tar's sha256.

    Raises:
        OutsideError: the disk refuses.
    """
    place = folder / shard_name(number)
    try:
        with replacing(place) as temporary, temporary.open("wb") as raw:
            hashed = _Hashed(raw)
            with tarfile.open(fileobj=hashed, mode="w|", format=tarfile.USTAR_FORMAT) as tar:  # type: ignore[call-overload]
                for member in members:
                    _add(tar, f"{member.key}.{audio}", encode(member.samples, audio))
                    _add(tar, f"{member.key}.json", to_line(member.annotation).encode())
        digest = hashed.digest.hexdigest()
        lines = [{"shard": place.name, "sha256": digest, "streams": len(rows), "rejected": len(bad)}, *rows, *bad]
        write_lines(rows_place(folder, number), lines)
    except OSError as error:
        hint = "check the folder and the space left; started again, the build goes on where it stood"
        raise OutsideError("shard.write", f"cannot write {place}: {error.strerror or error}", hint) from error
    return digest


def rows_place(folder: Path, number: int) -> Path:
    """Where a shard's rows lie."""
    return folder / (shard_name(number) + ".jsonl")


def read_rows(folder: Path, number: int) -> ShardRows | None:
    """What a shard says of itself; None while it is not finished."""
    try:
        lines = lines_of(rows_place(folder, number))
        head, *rest = [json.loads(line) for line in lines]
    except (OSError, ValueError):
        return None
    if not (folder / shard_name(number)).exists() or len(rest) != head["streams"] + head["rejected"]:
        return None
    return ShardRows(head["sha256"], tuple(rest[: head["streams"]]), tuple(rest[head["streams"] :]))


def read_shard(path: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """The streams of a tar in order: key, and the bytes of each of its files by extension.

    Raises:
        InputError: not a readable tar.
    """
    try:
        with tarfile.open(path, "r:") as tar:
            key, found = "", dict[str, bytes]()
            for entry in tar:
                name, _, extension = entry.name.partition(".")
                if name != key and found:
                    yield key, found
                    found = {}
                key = name
                file = tar.extractfile(entry)
                found[extension] = file.read() if file else b""
            if found:
                yield key, found
    except (OSError, tarfile.TarError) as error:
        raise InputError("shard.unreadable", f"{path} is not a readable shard: {error}", "build it again") from error


def encode(samples: Samples, audio: str) -> bytes:
    """Samples as the bytes of a 16-bit file."""
    steps = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype("<i2")
    out = io.BytesIO()
    soundfile.write(out, steps, SAMPLE_RATE, format=audio.upper(), subtype="PCM_16")
    return out.getvalue()


def decode(data: bytes) -> Samples:
    """The samples of a file that `encode` made, float32 [n]."""
    return np.asarray(soundfile.read(io.BytesIO(data), dtype="float32")[0], np.float32)


def to_line(value: Mapping[str, Any]) -> str:
    """One JSON line; the same value gives the same line."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def write_lines(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    """Write JSON lines under a temporary name, then rename."""
    write_text(path, "".join(to_line(line) + "\n" for line in lines))


class _Hashed:
    """A file that hashes what goes into it, so that a shard is not read again for its sum."""

    def __init__(self, raw: io.BufferedWriter) -> None:
        self._raw = raw
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Write and hash."""
        self.digest.update(data)
        return self._raw.write(data)


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)  # its time is 0 and its owner 0: two builds give the same bytes
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))
