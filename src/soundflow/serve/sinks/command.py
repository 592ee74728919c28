"""Alerts to a program of the user's: JSON on its standard input, the fields in its environment.

Nothing of an alert is ever part of a command line. Tests: tests/serve/sinks/test_command.py.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Mapping

from soundflow.errors import UsageError
from soundflow.serve.sinks.alert import Alert
from soundflow.serve.sinks.sink import UndeliveredError

TIMEOUT_SECONDS = 30.0  # a program may take; then it is killed, with what it started; chosen
_OURS = "SOUNDFLOW_"  # variables of this program, secrets among them, which are not handed on


class Command:
    """Runs a program for each alert; exit code 0 is an arrival.

    Args:
        line: program and arguments, cut as a shell would; no shell runs them.
        timeout_seconds: it may take.
        environment: what the program gets beside the alert; None is this process's.

    Raises:
        UsageError: no words, or no such program (`alerts.exec`).
    """

    kind = "exec"

    def __init__(
        self, line: str, timeout_seconds: float = TIMEOUT_SECONDS, environment: Mapping[str, str] | None = None
    ) -> None:
        self.key = f"exec:{hashlib.sha256(line.encode()).hexdigest()[:16]}"
        self._words = _words(line)
        self._timeout = timeout_seconds
        given = os.environ if environment is None else environment
        self._environment = {name: value for name, value in given.items() if not name.startswith(_OURS)}

    def deliver(self, alert: Alert) -> None:
        """Run the program and wait for it.

        Raises:
            UndeliveredError: it could not be started, took too long or failed.
        """
        try:
            running = subprocess.Popen(
                self._words,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,  # ours is for events; its standard error is the user's to see
                env=self._environment | variables_of(alert),
                start_new_session=True,  # so that its children can be ended with it, and Ctrl-C is ours
            )
        except (OSError, ValueError) as e:
            raise UndeliveredError(self.kind, f"{self._words[0]} cannot be started: {e}") from e
        with running:
            try:
                running.communicate(f"{alert.to_json()}\n".encode(), self._timeout)
            except subprocess.TimeoutExpired as e:
                _end(running)
                raise UndeliveredError(self.kind, f"{self._words[0]} took more than {self._timeout:g} s") from e
        if running.returncode:
            raise UndeliveredError(self.kind, f"{self._words[0]} ended with {running.returncode}")

    def close(self) -> None:
        """Nothing is held."""


def variables_of(alert: Alert) -> dict[str, str]:
    """The alert's fields as environment variables; what has no value is empty."""
    fields = alert.to_dict() | {"emotion": alert.emotion or ""}
    del fields["type"]
    return {f"{_OURS}{name.upper()}": str(value).replace("\0", "") for name, value in fields.items()}


def _words(line: str) -> list[str]:
    try:
        words = shlex.split(line)
    except ValueError as e:
        raise UsageError("alerts.exec", f"{line[:60]!r} cannot be cut into words: {e}", "close the quotes") from e
    if not words or shutil.which(words[0]) is None:
        raise UsageError("alerts.exec", f"no program to run: {line[:60]!r}", "give its path")
    return words


def _end(running: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(running.pid, signal.SIGKILL)
        else:
            running.kill()
