"""One line, one code."""

from __future__ import annotations

import pytest
import typer

from soundflow.cli.failures import describe
from soundflow.errors import InputError, OutsideError, SoundflowError, UsageError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SoundflowError("a.b", "found this"), 1),
        (InputError("a.b", "found this", "do that"), 1),
        (UsageError("a.b", "found this", "do that"), 2),
        (OutsideError("a.b", "found this", "do that"), 3),
        (typer.BadParameter("found this"), 2),
        (ValueError("found this"), 1),
    ],
)
def test_lines_and_codes(error: Exception, code: int) -> None:
    line, found = describe(error)
    assert found == code
    assert line.startswith("soundflow: error ") and "found this" in line and "\n" not in line


def test_the_code_and_the_hint_are_in_the_line() -> None:
    line, _ = describe(InputError("audio.empty", "x.wav is empty", "record it\nagain"))
    assert line == "soundflow: error audio.empty: x.wav is empty — record it again"
