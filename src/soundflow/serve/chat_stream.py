"""The pieces of a streamed chat completion, out of the bytes of its answer.

Knows nothing of connections. Read here and not by the client, which says nothing between two pieces of text and holds
a line of any length. Tests: tests/serve/test_chat_stream.py.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator

_LONGEST_LINE = 1 << 20  # bytes; a piece has hundreds; chosen
_DATA = b"data:"
_END = b"[DONE]"


def pieces_of(blocks: Iterable[bytes]) -> Generator[str, None, None]:
    """Pieces of the text as they come, and an empty one for every line that brings none: reasoning, a comment.

    Raises:
        ValueError: it breaks off or is no such answer.
    """
    is_whole = False
    for line in _lines(blocks):
        data = line.removeprefix(_DATA).strip() if line.startswith(_DATA) else b""
        if data == _END:
            break
        text, is_last = _read(data) if data else ("", False)
        is_whole = is_whole or is_last
        yield text
    if not is_whole:
        raise ValueError("it broke off")


def _read(data: bytes) -> tuple[str, bool]:
    """The text of one chunk, and whether it is the last that has any."""
    chunk = json.loads(data)
    choices = chunk.get("choices") if isinstance(chunk, dict) else None
    if not isinstance(choices, list):
        raise ValueError("no chat completion")
    choice = choices[0] if choices else None
    if not isinstance(choice, dict):
        return "", False  # such as a count of tokens behind the end
    delta = choice.get("delta")
    text = delta.get("content") if isinstance(delta, dict) else None
    return (text if isinstance(text, str) else ""), choice.get("finish_reason") is not None


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines; what stands behind the last line's end is dropped, as server-sent events have it."""
    rest = b""
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        yield from lines
        if len(rest) > _LONGEST_LINE:
            raise ValueError(f"a line of more than {_LONGEST_LINE} bytes")
