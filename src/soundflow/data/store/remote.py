"""A store that lies in object storage: fetched once, worked on here, published whole.

One store is one object. It is read from a copy in the user's cache that is fetched again when the object changed, and
it is published under its name in one go: whoever reads meanwhile sees the old one or the new one. Keys, region and
endpoint are those of every S3 client (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL`, …).
Tests: tests/data/store/test_remote.py.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from soundflow.atomic import replacing
from soundflow.data.clips import user_cache_dir
from soundflow.data.store.index import ClipIndex
from soundflow.errors import InputError, OutsideError

SCHEME = "s3://"
BLOCK = 1 << 22  # bytes copied at once

Told = Callable[[int], None]  # bytes that were copied


def address(place: Path | str) -> str | None:
    """The address of a store in object storage, or None for a file; a Path has folded the two slashes into one."""
    text = str(place)
    return SCHEME + text.partition(":")[2].lstrip("/") if text.startswith("s3:/") else None


@contextmanager
def opened(place: Path | str, told: Told | None = None) -> Iterator[ClipIndex]:
    """A store to read from, wherever it is.

    Raises:
        InputError: there is none, or the file is something else (`store.missing`, `store.unreadable`).
        OutsideError: object storage does not answer (`store.remote`).
    """
    path = Path(place) if address(place) is None else fetched(str(place), told)
    if not path.is_file():
        raise InputError("store.missing", f"there is no store {place}", "`soundflow data index` makes one")
    with ClipIndex(path) as index:
        yield index


def fetched(place: str, told: Told | None = None) -> Path:
    """The local copy of an object as it is now; fetched when there is none, or another.

    Raises:
        InputError: there is no such object.
        OutsideError: object storage does not answer.
    """
    storage, key = _storage(place)
    found = _ask(place, lambda: storage.get_file_info(key))
    if not found.is_file:
        raise InputError("store.missing", f"there is no store {address(place)}", "`soundflow data index` makes one")
    tag = _ask(place, lambda: _tag(storage, key))  # the time alone would not do: it is kept in whole seconds
    version = hashlib.sha256(f"{found.size} {found.mtime_ns} {tag}".encode()).hexdigest()[:16]
    target = copy_of(place).with_suffix(f".{version}.store")
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as temporary:
            _ask(place, lambda: _copy(partial(storage.open_input_stream, key), partial(temporary.open, "wb"), told))
        for old in target.parent.glob(f"{copy_of(place).stem}.*.store"):
            if old != target:
                old.unlink(missing_ok=True)
    return target


def working_copy(place: str, told: Told | None = None) -> Path:
    """The file an object is changed in before it is published: what is there already, else the object, else nothing.

    Raises:
        OutsideError: object storage does not answer.
    """
    path = copy_of(place)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(fetched(place, told), path)
        except InputError:
            return path
    return path


def publish(path: Path, place: str, told: Told | None = None) -> None:
    """Put a closed store into object storage, and take the working copy away.

    It goes there under another name first and is moved when it is whole: an upload that was broken off must not take
    the place of what is there. (S3 moves up to 5 GB.)

    Raises:
        OutsideError: object storage does not take it, or not all of it; the working copy stays.
    """
    storage, key = _storage(place)
    coming = f"{key}.coming"
    _ask(place, lambda: _copy(partial(path.open, "rb"), partial(storage.open_output_stream, coming), told))
    arrived, size = _ask(place, lambda: storage.get_file_info(coming)).size, path.stat().st_size
    if arrived != size:
        message = f"{address(place)}: {arrived} of {size} bytes arrived"
        raise OutsideError("store.remote", message, "do the same again; the local copy is kept")
    _ask(place, lambda: storage.move(coming, key))
    path.unlink()


def copy_of(place: str) -> Path:
    """Where the working copy of an object lies."""
    name = hashlib.sha256(str(address(place)).encode()).hexdigest()[:16]
    return user_cache_dir().parent / "stores" / f"{name}.store"


def _storage(place: str) -> tuple[Any, str]:
    if find_spec("pyarrow") is None:
        hint = "pip install 'soundflow[data]'"
        raise OutsideError("store.no_pyarrow", "object storage needs pyarrow, which is not installed", hint)
    from pyarrow import fs

    storage, key = _ask(place, lambda: fs.FileSystem.from_uri(str(address(place))))
    return storage, key


def _tag(storage: Any, key: str) -> str:
    with storage.open_input_stream(key) as stream:
        return str((stream.metadata() or {}).get("ETag", ""))


def _ask(place: str, question: Callable[[], Any]) -> Any:
    try:
        return question()
    except (OSError, ValueError) as error:
        hint = "check AWS_ENDPOINT_URL, the keys, the bucket's name and the network, then do the same again"
        raise OutsideError("store.remote", f"{address(place)}: {_first_line(error)}", hint) from error


def _copy(source: Callable[[], Any], target: Callable[[], Any], told: Told | None) -> None:
    with source() as reading, target() as writing:
        while block := reading.read(BLOCK):
            writing.write(block)
            if told is not None:
                told(len(block))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
