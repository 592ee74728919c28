"""Errors as a user sees them: one line on standard error, and the exit code. Tests: tests/cli/test_failures.py."""

from __future__ import annotations

from soundflow.errors import SoundflowError, UsageError

FAULT_OF_OURS = 1  # exit code of an error nobody foresaw


def describe(error: Exception) -> tuple[str, int]:
    """The line to show and the exit code: 1 input, 2 command line, 3 outside; anything else is a fault of ours."""
    if isinstance(error, SoundflowError):
        return _line(f"error {error.code}: {error}"), error.exit_code
    if callable(format_message := getattr(error, "format_message", None)):  # how Typer says that words make no sense
        return _line(f"error usage: {format_message()} — add --help to see how"), UsageError.exit_code
    return (
        _line(f"error internal: {type(error).__name__}: {error} — a fault of this program; --debug shows where"),
        FAULT_OF_OURS,
    )


def _line(text: str) -> str:
    return "soundflow: " + " ".join(text.split())
