"""Text-form sources in one form: turns of a user, each with its answer.

Read by the shape of a line, whatever its file is called: MOSS (002 and 003), GammaCorpus, UltraChat, Magpie-Pro,
COIG-CQIA, Web-QA, DU-QA, BELLE, and `messages` as chat endpoints take them. Source: each data set's own page.
Tests: tests/data/layouts/test_texts.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from soundflow.data.layouts.layout import Fault
from soundflow.data.layouts.tables import text_lines
from soundflow.data.store.index import Conversation
from soundflow.errors import InputError, OutsideError

Turns = list[tuple[str, str]]
Row = Mapping[str, Any]

USERS = frozenset(("user", "human", "prompter"))
ASSISTANTS = frozenset(("assistant", "gpt", "bot", "moss", "model"))
_TAGS = re.compile(r"<\|(?:Human|MOSS)\|>:?|<eo[a-z]>|^\s*\[(?:Human|MOSS)\]:", re.MULTILINE)
_MOSS_TURN = re.compile(r"\[(Human|MOSS)\]:\s*(.*?)(?:<eo[a-z]>|$)", re.DOTALL)
_BELLE_TURN = re.compile(r"(Human|Assistant)\s*[:：]\s*(.*?)(?=\n?(?:Human|Assistant)\s*[:：]|$)", re.DOTALL)
_MANDARIN_SHARE = 0.2  # of its signs among the letters of the first question, from which a text is Mandarin; chosen


def read_texts(path: Path) -> Iterator[Conversation | Fault]:
    """The conversations of a file of JSON lines, of one JSON array or of Parquet; a line that is none is a fault.

    Raises:
        InputError: the file cannot be read.
    """
    for number, line in _lines(path):
        try:
            yield conversation(line if isinstance(line, dict) else json.loads(line), f"{path.stem}/{number}")
        except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
            lacks = f"it has no {error}" if isinstance(error, KeyError) else str(error)
            yield Fault(f"{path.name}, line {number}", lacks)


def conversation(row: Row, name: str) -> Conversation:
    """One line in our form, under a name that no other line of its file has.

    Raises:
        ValueError: it has none of the shapes that are known, or no turn that is answered.
        KeyError: a field of its shape is missing.
    """
    if not isinstance(row, dict):
        raise ValueError("it is no JSON object")
    for key, read in SHAPES.items():
        if row.get(key):
            turns = [(user.strip(), answer.strip()) for user, answer in read(row)]
            break
    else:
        raise ValueError(f"it has none of {', '.join(SHAPES)}")
    answered = [turn for turn in turns if all(turn)]
    if not answered:
        raise ValueError("no turn of a user is answered")
    return Conversation(name, _language(answered[0][0]), tuple(answered))


def to_messages(text: Conversation) -> dict[str, Any]:
    """The form that `data voices --messages` reads, and chat endpoints take."""
    said = [
        {"role": role, "content": content}
        for turn in text.turns
        for role, content in zip(("user", "assistant"), turn, strict=True)
    ]
    return {"id": text.id, "language": text.language, "messages": said}


def _messages(row: Row) -> Turns:
    """`messages`: role and content (UltraChat 200k, ours). `conversations`: from and value (Magpie-Pro, BELLE)."""
    said = row.get("messages") or row["conversations"]
    turns = [(str(m.get("role") or m["from"]), str(m.get("content") or m.get("value") or "")) for m in said]
    return _paired([turn for turn in turns if turn[0] != "system"])


def _paired(turns: Sequence[tuple[str, str]]) -> Turns:
    pairs: Turns = []
    for (role, user), (other, answer) in zip(turns[::2], turns[1::2], strict=False):
        if role.lower() not in USERS or other.lower() not in ASSISTANTS:
            raise ValueError(f"a turn of {role!r} is followed by one of {other!r}")
        pairs.append((user, answer))
    return pairs


def _moss_chat(row: Row) -> Turns:
    """MOSS 003: `chat`, an object of turns with their thoughts and tools, of which only what is said is taken."""
    turns = row["chat"].values() if isinstance(row["chat"], dict) else row["chat"]
    return [(_untagged(turn["Human"]), _untagged(turn["MOSS"])) for turn in turns]


def _moss_plain(row: Row) -> Turns:
    """MOSS 002: `plain_text`, the whole dialogue in one text."""
    return _paired([(who, text) for who, text in _MOSS_TURN.findall(row["plain_text"])])


def _conversation(row: Row) -> Turns:
    """`conversation`: human and assistant (MOSS 003 without tools), or input and output (GammaCorpus)."""
    keys = ("human", "assistant") if "human" in row["conversation"][0] else ("input", "output")
    return [(_untagged(turn[keys[0]]), _untagged(turn[keys[1]])) for turn in row["conversation"]]


def _ultrachat(row: Row) -> Turns:
    """UltraChat: `data`, a list of what one and the other says by turns."""
    said = [str(text) for text in row["data"]]
    return list(zip(said[::2], said[1::2], strict=False))


def _instruction(row: Row) -> Turns:
    """`instruction`, `input`, `output` (COIG-CQIA, BELLE) or `response` (Magpie-Pro); BELLE's chats are in one text."""
    answer = str(row.get("output") or row["response"])
    asked = "\n".join(part for part in (str(row["instruction"]), str(row.get("input") or "")) if part.strip())
    turns = _BELLE_TURN.findall(asked)
    if turns and asked.lstrip().startswith("Human"):
        last = turns.pop() if not turns[-1][1].strip() else None  # `Assistant:` with nothing behind it
        return _paired([*turns, *([("Assistant", answer)] if last or turns[-1][0] == "Human" else [])])
    return [(asked, answer)]


def _question(row: Row) -> Turns:
    """`question` with `answer` or `answers` (GammaCorpus-Fact-QA, DU-QA, Web-QA): the first answer is taken."""
    answers = row.get("answer") or row["answers"]
    if isinstance(answers, dict):  # SQuAD's form, which DuReader took over
        answers = answers["text"]
    answer = answers if isinstance(answers, str) else answers[0]
    return [(str(row["question"]), str(answer["text"] if isinstance(answer, dict) else answer))]


def _input(row: Row) -> Turns:
    """`input` and `output` (Web-QA)."""
    return [(str(row["input"]), str(row["output"]))]


# By the field a shape is known from, the strictest first.
SHAPES: dict[str, Callable[[Row], Turns]] = {
    "messages": _messages,
    "conversations": _messages,
    "chat": _moss_chat,
    "plain_text": _moss_plain,
    "conversation": _conversation,
    "data": _ultrachat,
    "instruction": _instruction,
    "question": _question,
    "input": _input,
}


def _untagged(text: str) -> str:
    return _TAGS.sub("", str(text)).strip()


def _language(text: str) -> str:
    letters = [letter for letter in text if letter.isalpha()]
    signs = sum("\u4e00" <= letter <= "\u9fff" for letter in letters)
    return "zh" if letters and signs / len(letters) >= _MANDARIN_SHARE else "en"


def _lines(path: Path) -> Iterator[tuple[int, Any]]:
    if path.suffix == ".parquet":
        yield from enumerate(_parquet_rows(path), start=1)
        return
    if _first_sign(path) != "[":
        yield from text_lines(path)
        return
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        hint = "give JSON lines, or one array"
        raise InputError("texts.unreadable", f"no readable text at {path}: {error}", hint) from error
    yield from enumerate(rows, start=1)


def _parquet_rows(path: Path) -> Iterator[Any]:
    """Rows of a Parquet file, a group at a time: what the hub converts data sets to."""
    if find_spec("pyarrow") is None:
        raise OutsideError(
            "texts.no_pyarrow", "Parquet needs pyarrow, which is not installed", "pip install 'soundflow[data]'"
        )
    import pyarrow
    import pyarrow.parquet

    try:
        for group in pyarrow.parquet.ParquetFile(path).iter_batches():
            yield from group.to_pylist()
    except (OSError, pyarrow.ArrowException) as error:
        raise InputError("texts.unreadable", f"no readable text at {path}: {error}", "fetch it again") from error


def _first_sign(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(4096).lstrip()[:1]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("texts.unreadable", f"no readable text at {path}: {error}", "check the name") from error
