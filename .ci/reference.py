"""Writes the generated pages of docs/reference from the program itself, so that the two cannot drift apart.

`python .ci/reference.py` rewrites command-line.md (from `--help`) and errors.md (from every raise in the source).
Tests: tests/test_readme.py.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
REFERENCE = REPOSITORY / "docs" / "reference"
SOURCE = REPOSITORY / "src" / "soundflow"
WIDTH = 88  # characters, of the help inside the page
EXIT_CODES = {"InputError": 1, "UsageError": 2, "OutsideError": 3}

COMMAND_LINE_HEAD = """# Command line

Written by `python .ci/reference.py` from the program's own `--help`; do not edit.

Data goes to stdout, talk and progress to stderr. With `--json` there is one JSON object a line on stdout and nothing
else ([events](events.md)). Exit codes: 0 fine, 1 bad input, 2 wrong command line, 3 something outside failed (network,
disk, device), 130 interrupted. An error is one line ([errors](errors.md)); `--debug` adds the traceback.
"""

ERRORS_HEAD = """# Errors

Written by `python .ci/reference.py` from the source; do not edit.

Every error meant for a user is a `SoundflowError` with a stable `code`, a message (what was found) and a hint (what to
do). `InputError` ends the program with exit code 1, `UsageError` with 2, `OutsideError` with 3.

| code | exit | what it says | where |
| --- | --- | --- | --- |
"""


def command_line() -> str:
    """The page of all verbs."""
    from typer.main import get_command

    from soundflow.cli.main import app

    root = get_command(app)
    return "\n".join([COMMAND_LINE_HEAD, *_verbs(root, ("soundflow",), root.context_class)])


def errors() -> str:
    """The page of all error codes."""
    rows: dict[str, str] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        for code, kind, message in _raises(ast.parse(path.read_text(encoding="utf-8"))):
            where = path.relative_to(SOURCE).as_posix()
            rows.setdefault(code, f"| `{code}` | {EXIT_CODES[kind]} | {message} | `{where}` |\n")
    return ERRORS_HEAD + "".join(rows[code] for code in sorted(rows))


def _verbs(command: Any, words: tuple[str, ...], context_class: Any) -> Iterator[str]:
    context = context_class(
        command, info_name=" ".join(words), terminal_width=WIDTH, max_content_width=WIDTH, color=False
    )
    text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    yield f"## {' '.join(words)}\n\n```text\n{text}\n```\n"
    for name, inner in getattr(command, "commands", {}).items():
        yield from _verbs(inner, (*words, name), context_class)


def _raises(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """Code, kind and message of every error built with a literal code."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in EXIT_CODES):
            continue
        given = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg)]
        if len(given) >= 2 and isinstance(given[0], ast.Constant) and isinstance(given[0].value, str):
            yield given[0].value, node.func.id, _text(given[1])


def _text(node: ast.expr) -> str:
    """A message as a reader would see it, with … where a value stands."""
    if isinstance(node, ast.Constant):
        return str(node.value).replace("|", "\\|")
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    if isinstance(node, ast.BinOp):
        return _text(node.left) + _text(node.right)
    return "…"


PAGES = {"command-line.md": command_line, "errors.md": errors}

if __name__ == "__main__":
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, render in PAGES.items():
        (REFERENCE / name).write_text(render(), encoding="utf-8")
