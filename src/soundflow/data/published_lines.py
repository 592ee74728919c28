"""StreamAudio-2M's published lines: one stream a line, its turns with what is said, heard and answered.

A line is read strictly and written back field for field; fields that are not published are refused by name.
Source: the data set's own page (README of xzf-thu/Audio-Interaction). Tests: tests/data/test_published_lines.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from soundflow.data.release_lines import NO_RESPONSE, OnlineTurn, emotion_of
from soundflow.data.timeline import Reply
from soundflow.errors import InputError

SILENT = "<no need to response>"  # the data set's own spelling
LINE_FIELDS = ("id", "stream_scene_type", "num_turns", "turns")
TURN_FIELDS = ("user", "assistant", "emotion", "scene_type", "audio_path")
OWN_FIELD = "instruction"  # ours: what the listener was asked; a line without it is as published
_HINT = "a line is as in docs/reference/published-lines.md"


@dataclass(frozen=True)
class PublishedTurn:
    """One turn; `assistant` is `SILENT` where nothing is to be said."""

    user: str
    assistant: str
    emotion: str
    scene_type: str
    audio_path: str

    @property
    def online(self) -> OnlineTurn:
        """What is heard and what is said behind it."""
        if self.assistant.strip().lower() in NO_RESPONSE:
            return OnlineTurn(self.audio_path, None)
        return OnlineTurn(self.audio_path, Reply(self.assistant, emotion_of(self.emotion)))


@dataclass(frozen=True)
class PublishedLine:
    """One stream."""

    id: str
    scene: str
    turns: tuple[PublishedTurn, ...]
    instruction: str | None = None

    @property
    def capability(self) -> str:
        """What the id begins with: `voice_chatting_000123` is `voice_chatting`."""
        return self.id.rpartition("_")[0] or self.id

    def to_dict(self) -> dict[str, Any]:
        """The line as it is published."""
        turns = [{name: getattr(turn, name) for name in TURN_FIELDS} for turn in self.turns]
        line = {"id": self.id, "stream_scene_type": self.scene, "num_turns": len(turns), "turns": turns}
        return line if self.instruction is None else {**line, OWN_FIELD: self.instruction}


def published_line(values: Mapping[str, Any]) -> PublishedLine:
    """Read one line.

    Raises:
        InputError: a field is missing, unknown or of another type, or the number of turns is wrong (`published.line`).
    """
    _check(values, LINE_FIELDS, (OWN_FIELD,), "the line")
    turns = values["turns"]
    if not isinstance(turns, list) or not turns:
        raise InputError("published.line", "`turns` is no list with a turn in it", _HINT)
    if values["num_turns"] != len(turns):
        message = f"`num_turns` is {values['num_turns']!r}, there are {len(turns)} turns"
        raise InputError("published.line", message, f"write {len(turns)}, or look for the turns that are lost")
    made = tuple(_turn(turn, f"turn {number}") for number, turn in enumerate(turns))
    instruction = values.get(OWN_FIELD)
    return PublishedLine(
        _text(values["id"], "`id`"),
        _text(values["stream_scene_type"], "`stream_scene_type`"),
        made,
        None if instruction is None else _text(instruction, f"`{OWN_FIELD}`"),
    )


def _turn(values: object, where: str) -> PublishedTurn:
    if not isinstance(values, Mapping):
        raise InputError("published.line", f"{where} is no object", _HINT)
    _check(values, TURN_FIELDS, (), where)
    return PublishedTurn(*(_text(values[name], f"`{name}` of {where}") for name in TURN_FIELDS))


def _check(values: Mapping[str, Any], needed: tuple[str, ...], allowed: tuple[str, ...], where: str) -> None:
    missing = [name for name in needed if name not in values]
    unknown = [name for name in values if name not in (*needed, *allowed)]
    if missing:
        raise InputError("published.line", f"{where} has no `{missing[0]}`", _HINT)
    if unknown:
        raise InputError("published.line", f"{where} has a field `{unknown[0]}` that is not published", _HINT)


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise InputError("published.line", f"{name} is {value!r}, expected a text", _HINT)
    return value
