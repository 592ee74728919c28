"""Files that are there whole or not at all: written under another name, then renamed.

Knows nothing else of the package. Tests: tests/test_atomic.py.
"""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LONGEST_NAME = 200  # bytes; file systems allow 255, and a temporary name is longer than what it stands for


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to; it takes its place when the block ends well, and is removed when not.

    Each process and thread has its own, so that two that write the same file do not mix. Folders are not made.

    Raises:
        OSError: the disk refuses.
    """
    name = os.fsencode(path.name)
    short = path.name if len(name) <= LONGEST_NAME else hashlib.sha256(name).hexdigest()
    temporary = path.with_name(f".{short}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def try_place(path: Path) -> None:
    """Try whether a file can be written, before the work whose result it is to hold; nothing is made or changed.

    Raises:
        OSError: the folder, or the nearest one above that is there, takes no file, or `path` is a folder.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    nearest = next(folder for folder in path.absolute().parents if folder.exists())
    with tempfile.TemporaryFile(dir=nearest):
        pass


def write_text(path: Path, text: str) -> None:
    """Write a file of UTF-8 text, whole or not at all.

    Raises:
        OSError: the disk refuses.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
