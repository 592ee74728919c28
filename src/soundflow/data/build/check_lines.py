"""What is wrong with a line of text, of StreamAudio-2M or of the release: the field, the fault, and how to mend it.

Tests: tests/data/build/test_check_lines.py.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from soundflow.data.export_lines import restored
from soundflow.data.layouts.texts import ASSISTANTS, SHAPES, USERS, conversation
from soundflow.data.published_lines import published_line
from soundflow.data.release_lines import online_line
from soundflow.errors import InputError

Row = Mapping[str, Any]
Found = Iterator[tuple[str, str, str]]  # field, what is wrong, how to mend it

CHATS = {"messages": ("role", "content"), "conversations": ("from", "value")}
_FIELD = re.compile(r"`(\w+)`")


def text(row: Row) -> Found:
    """A line of any text source."""
    chat = next((name for name in CHATS if name in row), None)
    if chat is not None:
        yield from _chat(row, chat, *CHATS[chat])
        return
    shape = next((name for name in SHAPES if row.get(name)), "")
    try:
        conversation(row, "line")
    except KeyError as error:
        yield str(error.args[0]), "it is missing", f"add it beside {shape!r}, or rename the field that holds it"
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        yield shape, str(error), "see docs/reference/layouts.md for the shapes that are read"


def published(row: Row, folder: Path) -> Found:
    """A line of StreamAudio-2M, its sounds in a folder."""
    try:
        line = published_line(row)
    except InputError as error:
        yield _named(error.message), error.message, error.hint
        return
    yield from _sounds([turn.audio_path for turn in line.turns], "turns", folder)


def release(row: Row, folder: Path) -> Found:
    """A line of the release's online training, its sounds in a folder."""
    try:
        turns = online_line(row)
    except InputError as error:
        yield _named(error.message), error.message, error.hint
        return
    yield from _sounds([turn.audio for turn in turns], "conversation" if row.get("conversation") else "", folder)


def imported(row: Row) -> Found:
    """A line that `data import` made."""
    try:
        restored(row)
    except InputError as error:
        yield "timeline", error.message, error.hint
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        name = str(error.args[0]) if isinstance(error, KeyError) else "beside"
        yield name, f"it does not fit the timeline: {error}", "import the line again"


def _chat(row: Row, chat: str, role: str, content: str) -> Found:
    said = row[chat]
    if not isinstance(said, list) or not said:
        yield chat, f"it is {said!r}, expected a list of turns", f'write [{{"{role}": "user", "{content}": "…"}}, …]'
        return
    roles: list[tuple[int, str]] = []
    for number, turn in enumerate(said):
        where = f"{chat}[{number}]"
        if not isinstance(turn, Mapping):
            yield where, f"it is {turn!r}, expected an object", f'write {{"{role}": "user", "{content}": "…"}}'
            return
        for name in (role, content):
            if not str(turn.get(name) or "").strip():
                near = difflib.get_close_matches(name, [key for key in turn if key not in (role, content)], n=1)
                yield f"{where}.{name}", "it is missing or empty", f"rename {near[0]!r}" if near else f"add {name!r}"
        if turn.get(role) and str(turn[role]).lower() != "system":
            roles.append((number, str(turn[role])))
    if all(turn.get(role) for turn in said):
        yield from _order(roles, chat, role)


def _order(roles: Sequence[tuple[int, str]], chat: str, name: str) -> Found:
    """Users and assistants must take turns, a user first, and the last user must be answered."""
    for place, (number, who) in enumerate(roles):
        expected = USERS if place % 2 == 0 else ASSISTANTS
        where = f"{chat}[{number}].{name}"
        if who.lower() not in USERS | ASSISTANTS:
            yield where, f"{who!r} is no role", "use user, assistant or system"
            return
        if who.lower() not in expected:
            wanted = "a user" if place % 2 == 0 else "an assistant"
            yield where, f"{who!r} stands where {wanted} is expected", "join two turns of one, or add what is missing"
            return
    if len(roles) < 2:
        yield chat, "no turn of a user is answered", "add the answer, or take the line out"


def _sounds(paths: Sequence[str], field: str, folder: Path) -> Found:
    for number, path in enumerate(paths):
        where = f"{field}[{number}].audio_path" if field else "merge_path"
        place = (folder / path).resolve()
        if not place.is_relative_to(folder.resolve()):
            yield where, f"{path} leads out of the lines' folder", "give the folder with --audio when you import"
        elif not place.is_file():
            yield where, f"there is no file {path} beside the lines", "check the name, or import with --audio DIR"


def _named(message: str) -> str:
    found = _FIELD.search(message)
    return found[1] if found else ""
