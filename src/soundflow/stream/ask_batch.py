"""Many questions out of one file into another: a row an answer, written as soon as it is there.

A job that was killed goes on where it stood; a bad row becomes a row with `error` and stops nothing. Rows are
described in docs/reference/ask.md. Knows nothing of the command line. Tests: tests/stream/test_ask_batch.py.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soundflow.atomic import write_text
from soundflow.audio.decode import iter_audio
from soundflow.errors import InputError, OutsideError, SoundflowError, UsageError
from soundflow.model.bundle import Bundle
from soundflow.stream.offline import Conversation, gathered

MOST_ROWS = 1_000_000  # of one file: all of them are held in memory; chosen
_NAMES = ("id", "audio", "question")


@dataclass(frozen=True)
class AskRow:
    """One line of the file of questions; `line` counts from 1, `fault` says what is wrong with it."""

    line: int
    id: str | int | None = None
    audio: str | None = None
    question: str | None = None
    fault: InputError | None = None

    def to_dict(self) -> dict[str, Any]:
        """What an answer's row repeats of its question: the fields that are there."""
        named = {"line": self.line, "id": self.id, "audio": self.audio, "question": self.question}
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True)
class AskOutcome:
    """How many rows have an answer, how many an error, how many of these were there before, and how many neither."""

    answered: int
    failed: int
    kept: int
    missing: int


class AskBatch:
    """One file of questions, one of answers, one model.

    Args:
        bundle: a model that answers questions.
        questions: JSON lines; paths in it are relative to its folder.
        answers: JSON lines, each row appended; a last line that was cut off by a kill is cut away.
        max_answer_tokens: as in `Conversation`.

    Raises:
        InputError: a file cannot be read (`ask.batch_file`), has too many rows (`ask.batch_rows`), or `answers`
            holds something else (`ask.batch_out`).
        UsageError: `answers` belongs to other questions or another model (`ask.batch_other`).
        OutsideError: `answers` cannot be written (`ask.batch_write`).
    """

    def __init__(self, bundle: Bundle, questions: Path, answers: Path, max_answer_tokens: int | None = None) -> None:
        self.rows = read_rows(questions)
        if answers.exists() and answers.samefile(questions):
            raise UsageError("ask.batch_other", f"{answers} holds the questions", "give --out another name")
        self._bundle = bundle
        self._folder = questions.parent
        self._answers = answers
        self._max_answer_tokens = max_answer_tokens
        self._has_answer = _already_there(answers, self.rows, bundle.name)
        self._kept = len(self._has_answer)

    @property
    def missing(self) -> list[AskRow]:
        """The rows that have neither an answer nor an error yet, in order."""
        return [row for row in self.rows if row.line not in self._has_answer]

    @property
    def outcome(self) -> AskOutcome:
        """What stands in the file of answers now."""
        answered = sum(self._has_answer.values())
        done = len(self._has_answer)
        return AskOutcome(answered, done - answered, self._kept, len(self.rows) - done)

    def answer(self, row: AskRow) -> dict[str, Any]:
        """Answer one row and append it to the file of answers, whole and at once; the row as it stands there."""
        made = {**row.to_dict(), "model": self._bundle.name, **self._made(row)}
        try:
            self._answers.parent.mkdir(parents=True, exist_ok=True)
            with self._answers.open("a", encoding="utf-8") as file:
                file.write(json.dumps(made, ensure_ascii=True) + "\n")
        except OSError as e:
            raise _not_written(self._answers, e) from e
        self._has_answer[row.line] = "error" not in made
        return made

    def put_in_order(self) -> None:
        """Give the answers' rows the questions' order, where rows that were tried again came to stand at the end.

        Raises:
            InputError: as at the beginning.
            OutsideError: the file cannot be written (`ask.batch_write`); it is then as it was.
        """
        lines = _lines(self._answers) if self._answers.exists() else []
        found = [_answer_row(self._answers, number, line)["line"] for number, line in enumerate(lines, 1)]
        if found == sorted(found):
            return
        ordered = [line for _, line in sorted(zip(found, lines, strict=True))]
        try:
            write_text(self._answers.resolve(), "".join(ordered))  # what a link leads to, not the link
        except OSError as e:
            raise _not_written(self._answers, e) from e

    def _made(self, row: AskRow) -> dict[str, Any]:
        try:
            if row.fault is not None:
                raise row.fault
            talk = Conversation(self._bundle, max_answer_tokens=self._max_answer_tokens)
            sound = None
            if row.audio is not None:
                sound = gathered(iter_audio(self._folder / row.audio), self._bundle.config)
            answer = talk.ask(row.question, sound)
        except SoundflowError as e:
            return {"error": {"code": e.code, "message": e.message, "hint": e.hint}}
        except Exception as e:  # a fault of ours in one row must not cost the others
            return {"error": {"code": "internal", "message": f"{type(e).__name__}: {e}", "hint": "report it"}}
        names = ("text", "emotion", "reason", "tokens")
        return {name: getattr(answer, name) for name in names}


def read_rows(path: Path) -> tuple[AskRow, ...]:
    """The rows of a file of questions; blank lines are none, a bad line becomes a row with a `fault`.

    Raises:
        InputError: the file cannot be read (`ask.batch_file`), holds no row or too many (`ask.batch_rows`).
    """
    lines = [(number, line) for number, line in enumerate(_lines(path), 1) if line.strip()]
    if not 0 < len(lines) <= MOST_ROWS:
        raise InputError("ask.batch_rows", f"{path} has {len(lines)} rows", f"give 1 to {MOST_ROWS}")
    return tuple(_row(number, line) for number, line in lines)


def _row(number: int, line: str) -> AskRow:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as e:
        return AskRow(number, fault=_fault(number, f"no JSON: {e}"))
    if not isinstance(found, dict):
        return AskRow(number, fault=_fault(number, "not an object"))
    key = found.get("id")
    id_ = key if isinstance(key, str | int) and not isinstance(key, bool) else None
    fault = _fault_in(number, found)
    return AskRow(number, id_, fault=fault) if fault else AskRow(number, id_, found.get("audio"), found.get("question"))


def _fault_in(number: int, found: Mapping[str, Any]) -> InputError | None:
    for name in found:
        if name not in _NAMES:
            near = difflib.get_close_matches(name, _NAMES, n=1)
            return _fault(number, f"unknown field {name!r}" + (f", did you mean {near[0]!r}?" if near else ""))
    for name in ("audio", "question"):
        if not isinstance(found.get(name), str | None):
            return _fault(number, f"{name} is {found[name]!r}, expected a text")
    return None


def _fault(number: int, message: str) -> InputError:
    return InputError("ask.batch_row", f"line {number}: {message}", 'a row is {"id": …, "audio": …, "question": …}')


def _already_there(answers: Path, rows: Sequence[AskRow], model: str) -> dict[int, bool]:
    """Line numbers that stand in the file of answers, and whether they are answered; a cut-off last line goes.

    Nothing is changed before everything that stands there was found to belong to these rows and this model.
    """
    if not answers.exists():
        return {}
    lines = _lines(answers)
    half = len(lines.pop().encode()) if lines and not lines[-1].endswith("\n") else 0
    asked = {row.line: row for row in rows}
    there: dict[int, bool] = {}
    for number, line in enumerate(lines, 1):
        made = _answer_row(answers, number, line)
        row = asked.get(made["line"])
        if row is None or row.to_dict() != _repeated(made) or made.get("model") != model:
            found = f"line {number} of {answers} answers another question, or is another model's"
            raise UsageError("ask.batch_other", found, "give --out another name")
        there[row.line] = "error" not in made
    if half:
        with answers.open("r+b") as file:
            file.truncate(answers.stat().st_size - half)
    return there


def _repeated(made: Mapping[str, Any]) -> dict[str, Any]:
    return {f.name: made[f.name] for f in dataclasses.fields(AskRow) if f.name in made}


def _answer_row(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        made = json.loads(line)
    except ValueError:
        made = None
    if not isinstance(made, dict) or not isinstance(made.get("line"), int):
        raise InputError("ask.batch_out", f"line {number} of {path} is no answer's row", "give --out another name")
    return made


def _not_written(path: Path, error: OSError) -> OutsideError:
    hint = "check the folder and the space left"
    return OutsideError("ask.batch_write", f"cannot write {path}: {error.strerror}", hint)


def _lines(path: Path) -> list[str]:
    """Lines with their ends; only \\n ends one, as in JSON lines. A byte order mark is none of the first."""
    try:
        with path.open(encoding="utf-8-sig", newline="\n", errors="replace") as file:
            return list(file)
    except OSError as e:
        message = f"cannot read {path}: {e.strerror}"
        raise InputError("ask.batch_file", message, "check the name and the folder you are in") from e
