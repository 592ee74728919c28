"""Reads the README's command lines, so that CI and the tests run exactly what a reader is told to type.

`python .ci/readme.py 1` prints the first line. Tests: tests/test_readme.py.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
SHELL_BLOCK = re.compile(r"^```(?:sh|bash|shell)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def command_lines(text: str) -> list[str]:
    """The commands inside the shell blocks of a Markdown text, in order; comments and blank lines are left out."""
    lines = [line for block in SHELL_BLOCK.findall(text) for line in re.sub(r"\\\n\s*", "", block).splitlines()]
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def main(arguments: list[str]) -> int:
    """Print the command line with the given number, counted from 1."""
    lines = command_lines(README.read_text(encoding="utf-8"))
    print(lines[int(arguments[0]) - 1])
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
