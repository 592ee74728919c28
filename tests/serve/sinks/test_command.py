"""A program for each alert: what it gets, what it cannot be made to do, and how it fails."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path

import pytest

from soundflow.errors import UsageError
from soundflow.serve.sinks.command import Command, variables_of
from soundflow.serve.sinks.sink import UndeliveredError
from tests.serve.sinks.fakes import alert

HOSTILE = """$(touch hacked) `touch hacked`; touch hacked & | > hacked ' " \\ \n %s {0}"""


def python(program: str, *arguments: str) -> str:
    """A command line that runs a line of Python."""
    return shlex.join([sys.executable, "-c", program, *arguments])


def test_the_alert_is_on_stdin_and_in_the_environment(tmp_path: Path) -> None:
    program = (
        "import sys, os, json; json.dump([json.load(sys.stdin), dict(os.environ), sys.argv], open(sys.argv[1], 'w'))"
    )
    secrets = {**os.environ, "SOUNDFLOW_WEBHOOK_SECRET": "s"}
    Command(python(program, str(tmp_path / "out"), "two words"), environment=secrets).deliver(alert(1))
    given, variables, words = json.loads((tmp_path / "out").read_text())
    assert given == alert(1).to_dict() and words[2] == "two words"
    assert variables["SOUNDFLOW_TEXT"] == alert(1).text and variables["SOUNDFLOW_EMOTION"] == "urgent"
    assert variables["SOUNDFLOW_ID"] == "id1" and variables["SOUNDFLOW_AT"] == "1.0"
    assert "SOUNDFLOW_WEBHOOK_SECRET" not in variables


def test_no_text_is_ever_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    program = "import os; open('seen', 'w').write(os.environ['SOUNDFLOW_TEXT'])"
    Command(python(program)).deliver(alert(0, HOSTILE))
    assert (tmp_path / "seen").read_text() == HOSTILE
    assert not (tmp_path / "hacked").exists()


def test_what_the_environment_cannot_hold_is_left_out(tmp_path: Path) -> None:
    odd = alert(0, "a\0b=c", None)
    assert variables_of(odd)["SOUNDFLOW_TEXT"] == "ab=c" and variables_of(odd)["SOUNDFLOW_EMOTION"] == ""
    Command(python("pass")).deliver(odd)


def test_a_program_that_does_not_read_is_fine() -> None:
    Command(python("import os; os.close(0)")).deliver(alert(0, "x" * 4000))


def test_an_exit_code_is_a_failure() -> None:
    with pytest.raises(UndeliveredError, match="ended with 3"):
        Command(python("raise SystemExit(3)")).deliver(alert())


def test_a_program_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "alive")
    reader = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    program = (
        "import os, sys; from subprocess import PIPE, Popen\n"
        "alive = os.open(sys.argv[1], os.O_WRONLY)\n"
        "Popen([sys.executable, '-c', 'input()'], stdin=PIPE, pass_fds=[alive]).wait()"
    )
    with pytest.raises(UndeliveredError, match="more than 2 s"):
        Command(python(program, str(tmp_path / "alive")), timeout_seconds=2.0).deliver(alert())
    os.set_blocking(reader, True)
    assert os.read(reader, 1) == b"", "comes when nobody holds the other end any more"
    os.close(reader)


def test_a_program_that_went_away_is_tried_again(tmp_path: Path) -> None:
    script = tmp_path / "notify"
    script.write_text("#!/bin/sh\nexit 0\n")
    script.chmod(0o755)
    sink = Command(str(script))
    script.unlink()
    with pytest.raises(UndeliveredError, match="cannot be started"):
        sink.deliver(alert())


@pytest.mark.parametrize("line", ["", "   ", "no-such-program-anywhere --x", "'open"])
def test_a_line_that_is_no_command(line: str) -> None:
    with pytest.raises(UsageError, match=r"program|cut into words"):
        Command(line)
