"""One line, one code."""

from __future__ import annotations

import errno
import io

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
        (OSError("found this"), 3),
        (ConnectionRefusedError(111, "found this"), 3),
        (io.UnsupportedOperation("found this"), 1),
    ],
)
def test_lines_and_codes(error: Exception, code: int) -> None:
    line, found = describe(error)
    assert found == code
    assert line.startswith("soundflow: error ") and "found this" in line and "\n" not in line


def test_the_code_and_the_hint_are_in_the_line() -> None:
    line, _ = describe(InputError("audio.empty", "x.wav is empty", "record it\nagain"))
    assert line == "soundflow: error audio.empty: x.wav is empty — record it again"


def test_what_the_system_refuses_names_the_file_and_is_no_fault_of_ours() -> None:
    line, code = describe(FileExistsError(errno.EEXIST, "File exists", "t/x.wav"))
    assert code == 3
    assert line.startswith(
        "soundflow: error outside.os: the system refused: File exists: t/x.wav — check the folder, the space left"
    )
    line, code = describe(OSError(errno.ENOSPC, "No space left on device"))
    assert code == 3 and "No space left on device — check" in line
