"""The release's training lines: what its pipeline reads (turns, answers) and what it writes (ids, labels, slots).

Source: the release's `cons_online_data.py` and `cons_offline_data.py`. Tests: tests/data/test_release_lines.py.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from soundflow.data.annotate import MASK, AnnotatedStream
from soundflow.data.timeline import Reply
from soundflow.errors import InputError
from soundflow.model.tokens import EMOTIONS

NO_RESPONSE = frozenset(("<no need to response>", "no need to response"))  # written in place of a reply
DEFAULT_EMOTION = "normal"  # of a reply without one; training data always carries a tag
_NOTHING = (None, "", "None")  # how the release writes that there is no audio or no user text
_HINT = "a line is as in the release's training data, see docs/reference/release-lines.md"

_log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class OnlineTurn:
    """One recording of a stream and what is said behind it; None when it calls for no response."""

    audio: str
    reply: Reply | None


@dataclass(frozen=True)
class OfflineLine:
    """One offline sample; `user` or `audio` may be missing, not both."""

    audio: str | None
    user: str | None
    answer: str


def online_line(values: Mapping[str, Any]) -> tuple[OnlineTurn, ...]:
    """The turns of an online line: a `conversation`, or one turn with `merge_path`.

    Raises:
        InputError: a field is missing or of another type (`release.line`).
    """
    conversation = values.get("conversation")
    if conversation:
        turns = [_object(turn, f"turn {i}") for i, turn in enumerate(_list(conversation))]
        return tuple(_online_turn(turn, "audio_path", f"turn {i}") for i, turn in enumerate(turns))
    return (_online_turn(values, "merge_path", "the line"),)


def offline_line(values: Mapping[str, Any]) -> OfflineLine:
    """The sample of an offline line: flat, or the first turn of a `conversation`, which is all the release uses.

    Raises:
        InputError: no answer, or neither audio nor user text (`release.line`).
    """
    conversation = values.get("conversation")
    first = _object(_list(conversation)[0], "turn 0") if conversation else values
    audio = first.get("audio_path") or first.get("merge_path")
    user, answer = first.get("user"), first.get("assistant")
    if answer in _NOTHING:
        raise InputError("release.line", "there is no `assistant` text", _HINT)
    if audio in _NOTHING and user in _NOTHING:
        raise InputError("release.line", "there is neither audio nor `user` text", _HINT)
    return OfflineLine(
        None if audio in _NOTHING else _text(audio, "audio_path"),
        None if user in _NOTHING else _text(user, "user"),
        _text(answer, "assistant"),
    )


def emotion_of(name: object) -> str:
    """The emotion that a line's name stands for: any case; one that does not exist is `normal`, with one warning."""
    known = name.lower() if isinstance(name, str) else DEFAULT_EMOTION
    if known in EMOTIONS:
        return known
    _warn_once(known)
    return DEFAULT_EMOTION


def read_lines(path: Path, parse: Callable[[Mapping[str, Any]], T]) -> Iterator[tuple[int, T | InputError]]:
    """The lines of a file by number, from 0 as the release counts; a bad one comes as its error and stops nothing.

    Args:
        parse: `online_line` or `offline_line`.

    Raises:
        InputError: the file cannot be read (`release.file`).
    """
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file):
                yield number, _parsed(path, number, line, parse)
    except (OSError, UnicodeDecodeError) as e:
        raise InputError("release.file", f"cannot read {path}: {e}", "give a file of JSON lines in UTF-8") from e


def document(stream: AnnotatedStream) -> dict[str, Any]:
    """What the release trains on: `input_ids`, one row of `labels`, and `audio_pos`, half-open [start, end) pairs.

    Without any audio `audio_pos` is None, as in the release.
    """
    return {
        "input_ids": stream.input_ids.tolist(),
        "labels": np.where(stream.y_stream != MASK, stream.y_stream, stream.y_lm).tolist(),
        "audio_pos": audio_spans(stream.is_audio) or None,
    }


def from_document(values: Mapping[str, Any]) -> AnnotatedStream:
    """The stream of a document: `document` turned round. A label at a chunk's decision is y_stream, any other y_LM.

    Raises:
        InputError: a field is missing, of another type or length, or audio lies outside (`release.line`).
    """
    ids, labels = (_numbers(values.get(name), name) for name in ("input_ids", "labels"))
    spans = _numbers(values.get("audio_pos") or [], "audio_pos").reshape(-1, 2)
    if len(ids) != len(labels) or (spans.size and not 0 <= spans.min() <= spans.max() < len(ids)):
        found = f"{len(ids)} ids, {len(labels)} labels, audio up to {spans.max() if spans.size else 0}"
        raise InputError("release.line", found, _HINT)
    at = np.arange(len(ids))
    is_audio = np.zeros(len(ids), np.bool_)
    for start, end in spans:
        is_audio[start:end] = True
    # behind a chunk's audio stands ASSISTANT and then the decision; offline audio ends otherwise
    decision_at = spans[:, 1] + 1 if values.get("tasks", "online") == "online" else np.zeros(0, np.int64)
    decision_at = decision_at[decision_at < len(ids)]  # a document may be cut off at a length
    decides = np.isin(at, decision_at)
    y_stream, y_lm = np.where(decides, labels, MASK), np.where(decides, MASK, labels)
    return AnnotatedStream(ids, y_stream, y_lm, is_audio, decision_at)


def audio_spans(is_audio: NDArray[np.bool_]) -> list[list[int]]:
    """Runs of True as half-open [start, end) pairs."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_audio, [False]]).astype(np.int8)))
    spans: list[list[int]] = edges.reshape(-1, 2).tolist()
    return spans


@lru_cache(maxsize=256)
def _warn_once(emotion: str) -> None:
    _log.warning("there is no emotion %r; %s stands in for it", emotion, DEFAULT_EMOTION)


def _parsed(path: Path, number: int, line: str, parse: Callable[[Mapping[str, Any]], T]) -> T | InputError:
    where = f"{path}, line {number}"
    try:
        return parse(_object(json.loads(line), "the line"))
    except (ValueError, RecursionError) as e:
        return InputError("release.line", f"{where}: no JSON: {e}", _HINT)
    except InputError as e:
        return InputError(e.code, f"{where}: {e.message}", e.hint)


def _online_turn(values: Mapping[str, Any], audio_field: str, where: str) -> OnlineTurn:
    for name in (audio_field, "assistant"):
        if name not in values:
            raise InputError("release.line", f"{where} has no `{name}`", _HINT)
    text = _text(values["assistant"], "assistant")
    audio = _text(values[audio_field], audio_field)
    if text.strip().lower() in NO_RESPONSE:
        return OnlineTurn(audio, None)
    return OnlineTurn(audio, Reply(text, emotion_of(values.get("emotion") or DEFAULT_EMOTION)))


def _numbers(value: object, name: str) -> NDArray[np.int64]:
    try:
        numbers = np.array(value)
    except ValueError as e:  # rows of unequal length
        raise InputError("release.line", f"`{name}` is uneven", _HINT) from e
    if not isinstance(value, list) or (numbers.size and not np.issubdtype(numbers.dtype, np.integer)):
        raise InputError("release.line", f"`{name}` is no list of whole numbers", _HINT)
    if numbers.size % (2 if name == "audio_pos" else 1) or numbers.ndim != (
        2 if name == "audio_pos" and numbers.size else 1
    ):
        raise InputError("release.line", f"`{name}` has the shape {list(numbers.shape)}", _HINT)
    return numbers.astype(np.int64)


def _object(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InputError("release.line", f"{where} is no object", _HINT)
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise InputError("release.line", "`conversation` is no list", _HINT)
    return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise InputError("release.line", f"`{name}` is {value!r}, expected a text", _HINT)
    return value
