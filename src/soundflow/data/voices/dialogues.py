"""Texts that want voices: the packaged ones, and text-form sources as JSON lines of messages.

Tests: tests/data/voices/test_render.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from soundflow.data.tasks.subtasks.words import lines
from soundflow.data.voices.rewrite import spoken_style
from soundflow.errors import InputError

MOST_CHARACTERS = 400  # of one turn: about half a minute of speech
MOST_ANSWER_CHARACTERS = 600  # of one answer, which is to be spoken too; chosen


@dataclass(frozen=True)
class Dialogue:
    """What one voice says: a name such as `dialogues-en/3`, a language, and the user's turns with their answers.

    `written` holds the turns as they were before they were rewritten as spoken, where they were; `has_review` says that
    the last turn asks about one at least three rounds earlier. `take` counts how often the text was said before, each
    time by the next voice. `facts` go into every clip's row, as an order's slots.
    """

    name: str
    language: str
    turns: tuple[str, ...]
    answers: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    has_review: bool = False
    label: str = "speech_voice"
    take: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)


def packaged() -> Iterator[Dialogue]:
    """The texts of tasks/lines, in a fixed order."""
    for language, dialogues in lines("dialogues").items():
        for number, turns in enumerate(dialogues):
            yield Dialogue(f"dialogues-{language}/{number}", language, tuple(user for user, _ in turns))
    for language, facts in lines("facts").items():
        for number, (question, _) in enumerate(facts):
            yield Dialogue(f"facts-{language}/{number}", language, (question,))
    for direction, sentences in lines("parallel").items():
        source = direction.partition("_")[0]
        for number, pieces in enumerate(sentences):
            joint = "" if source == "zh" else " "
            yield Dialogue(f"parallel-{direction}/{number}", source, (joint.join(piece for piece, _ in pieces),))
    for language in ("en", "zh"):
        for number, (command, _) in enumerate(lines("commands")[language]):
            yield Dialogue(f"commands-{language}/{number}", language, (command,))
    for number, probe in enumerate(lines("chat")["probes"]["first"]):
        yield Dialogue(f"probes-first/{number}", "en", (probe,))
    for number, question in enumerate(lines("chat")["heard"]):
        yield Dialogue(f"heard/{number}", "en", (question,))


def from_messages(path: Path, name: str) -> Iterator[Dialogue | InputError]:
    """Dialogues out of JSON lines with `messages` (role and content), as MOSS, UltraChat, BELLE and others have them.

    `conversations` (from, value) and `instruction`/`input`/`output` are read as well. Texts are rewritten as they are
    spoken, by rule; a row may name its `language`, else it is `zh` or `en` by its letters.

    Yields:
        A dialogue a line, or the error of a line that is none: the others are not lost.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                try:
                    yield _dialogue(json.loads(line), f"{name}/{number}")
                except (ValueError, TypeError, KeyError) as error:
                    hint = 'expected {"messages": [{"role": "user", "content": "..."}, ...]}'
                    yield InputError("messages.line", f"{path}, line {number}: {error}", hint)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("messages.unreadable", f"no readable text at {path}: {error}", "check the name") from error


def _dialogue(row: Mapping[str, Any], name: str) -> Dialogue:
    pairs = _pairs(row)
    if not pairs:
        raise ValueError("no turn of a user that is answered")
    language = str(row.get("language") or ("zh" if re.search("[一-鿿]", pairs[0][0]) else "en"))
    spoken = [spoken_style(user, language) for user, _ in pairs]
    for text in spoken:
        if not 0 < len(text) <= MOST_CHARACTERS:
            raise ValueError(f"a turn of {len(text)} characters, expected 1 to {MOST_CHARACTERS}")
    answers = tuple(" ".join(answer.split()) for _, answer in pairs)
    for answer in answers:
        if not 0 < len(answer) <= MOST_ANSWER_CHARACTERS:
            raise ValueError(f"an answer of {len(answer)} characters, expected 1 to {MOST_ANSWER_CHARACTERS}")
    return Dialogue(name, language, tuple(spoken), answers, tuple(user for user, _ in pairs))


def _pairs(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(user, answer) turn by turn; a turn that is not answered ends the dialogue."""
    if "instruction" in row:
        question = " ".join(str(row.get(key) or "") for key in ("instruction", "input")).strip()
        return [(question, str(row["output"]))]
    said = row.get("messages") or row.get("conversations") or ()
    turns = [
        (str(turn.get("role") or turn.get("from")), str(turn.get("content") or turn.get("value") or ""))
        for turn in said
    ]
    turns = [turn for turn in turns if turn[0] != "system"]
    pairs = []
    for (role, text), (other, answer) in zip(turns[::2], turns[1::2], strict=False):
        if role not in ("user", "human") or other not in ("assistant", "gpt", "bot"):
            raise ValueError(f"a turn of {role!r} followed by one of {other!r}")
        pairs.append((text, answer))
    return pairs
