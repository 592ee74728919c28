"""Errors as a user sees them: one line on standard error, and the exit code. Tests: tests/cli/test_failures.py."""

from __future__ import annotations

from io import UnsupportedOperation

from soundflow.errors import OutsideError, SoundflowError, UsageError

FAULT_OF_OURS = 1  # exit code of an error nobody foresaw


def describe(error: Exception) -> tuple[str, int]:
    """The line to show and the exit code: 1 input, 2 command line, 3 outside; anything else is a fault of ours."""
    if isinstance(error, SoundflowError):
        return _line(f"error {error.code}: {error}"), error.exit_code
    if callable(format_message := getattr(error, "format_message", None)):  # how Typer says that words make no sense
        return _line(f"error usage: {format_message()} — add --help to see how"), UsageError.exit_code
    if isinstance(error, OSError) and not isinstance(error, UnsupportedOperation):  # that one is a wrong call of ours
        return describe(_refused_by_the_system(error))
    return (
        _line(f"error internal: {type(error).__name__}: {error} — a fault of this program; --debug shows where"),
        FAULT_OF_OURS,
    )


def _refused_by_the_system(error: OSError) -> OutsideError:
    """A write, a disk or a connection that failed where nobody had words of their own for it."""
    reason = error.strerror or str(error) or type(error).__name__
    found = reason if error.filename is None else f"{reason}: {error.filename}"
    return OutsideError(
        "outside.os", f"the system refused: {found}", "check the folder, the space left or the connection"
    )


def _line(text: str) -> str:
    return "soundflow: " + " ".join(text.split())
