"""Files that are there whole or not at all: written under another name, then renamed.

Knows nothing else of the package. Tests: tests/test_atomic.py.
"""

from __future__ import annotations

import hashlib
import os
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


def write_text(path: Path, text: str) -> None:
    """Write a file of UTF-8 text, whole or not at all.

    Raises:
        OSError: the disk refuses.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
