"""Errors meant for a user; shown as one line, with a hint what to do.

    SoundflowError
    ├── InputError     what was given is at fault: a file, a field, a tensor      exit 1
    ├── UsageError     the call or command line makes no sense                    exit 2
    └── OutsideError   something outside failed: network, disk, device, endpoint  exit 3

Knows nothing else of the package. Tests: tests/test_errors.py.
"""

from __future__ import annotations


class SoundflowError(Exception):
    """Root of every error this package raises for a user."""

    exit_code = 1

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        """Keep a stable `code`, the `message` (found, expected, where) and a `hint` what to do."""
        super().__init__(code, message, hint)
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} — {self.hint}" if self.hint else self.message


class InputError(SoundflowError):
    """What was given is at fault."""

    exit_code = 1


class UsageError(SoundflowError):
    """The call or the command line makes no sense."""

    exit_code = 2


class OutsideError(SoundflowError):
    """Something outside this program failed."""

    exit_code = 3
