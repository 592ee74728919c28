"""Alerts from the command line: told once, safe over a kill, refused in one line."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from soundflow.api import Model
from soundflow.cli.main import main
from tests.serve.sinks.receiver import receiving

from .conftest import environment


def test_a_reply_is_told_to_every_sink(
    scripted: Model,
    recording: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SOUNDFLOW_WEBHOOK_SECRET", "s3cret")
    with receiving() as receiver:
        options = ["--webhook", receiver.url, "--alerts", str(tmp_path / "a.jsonl"), "--spool", str(tmp_path / "s")]
        assert main(["listen", str(recording), "--json", *options]) == 0
    out, err = capsys.readouterr()
    assert err == "" and json.loads(out.splitlines()[-1])["replies"] == 1
    told = json.loads((tmp_path / "a.jsonl").read_text())
    assert told == json.loads(receiver.bodies[0]) and "webhook-signature" in receiver.headers[0]
    assert (told["text"], told["emotion"], told["at"]) == ("Glass broke.", "urgent", 1.2)


def test_what_cannot_arrive_is_said_and_kept_and_arrives_the_next_time(
    scripted: Model, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with receiving([503] * 9) as receiver:
        options = ["--webhook", receiver.url, "--spool", str(tmp_path / "s")]
        assert main(["listen", str(recording), *options]) == 0
        err = capsys.readouterr().err
        assert "alerts.webhook" in err and "503" in err and "alerts.waiting" in err
        receiver.statuses.clear()
        receiver.bodies.clear()
        assert main(["listen", str(recording), *options]) == 0
    assert len({json.loads(body)["id"] for body in receiver.bodies}) == 2, "the old one and the new one"


@pytest.mark.parametrize(
    ("option", "code"),
    [
        (["--webhook", "ftp://x"], "alerts.webhook_url"),
        (["--exec", "no-such-program-anywhere"], "alerts.exec"),
        (["--alerts", "x", "--quiet-hours", "late"], "alerts.quiet_hours"),
        (["--mqtt", "http://x"], "alerts.mqtt_url"),
    ],
)
def test_what_makes_no_sense_is_one_line_before_anything_is_heard(
    option: list[str], code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["listen", "kitchen", *option, "--spool", str(tmp_path / "s")]) == 2
    out, err = capsys.readouterr()
    assert out == "" and code in err and len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "option", [["--quiet-hours", "22:00-07:00"], ["--quiet-hours", "banana"], ["--spool", "s"], ["--cool-down", "60"]]
)
def test_an_option_about_alerts_that_go_nowhere_is_one_line(
    option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["listen", "kitchen", *option]) == 2
    out, err = capsys.readouterr()
    assert out == "" and "alerts.no_way" in err and option[0] in err and "--webhook" in err
    assert len(err.splitlines()) == 1


@pytest.mark.slow
def test_kill_9_loses_no_alert_that_was_shown(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    from soundflow.api import open_source

    sound = b"".join((block * 32767).astype("<i2").tobytes() for block in open_source("kitchen", 6400))
    listening = ["listen", "-", "--json", "--webhook", f"{nobody}/hook", "--spool", str(tmp_path / "s")]
    command = [sys.executable, "-m", "soundflow", *listening]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=environment(), **pipes) as running:  # type: ignore[call-overload]
        running.stdin.write(sound)
        running.stdin.flush()  # and it waits for more
        shown = next(event for line in running.stdout if (event := json.loads(line))["type"] == "reply.end")
        os.kill(running.pid, signal.SIGKILL)
    with receiving(port=int(nobody.rsplit(":", 1)[1])) as receiver:
        empty = subprocess.run(command, env=environment(), input=bytes(12_800), capture_output=True, check=False)
        assert empty.returncode == 0, empty.stderr
    assert [json.loads(body)["text"] for body in receiver.bodies] == [shown["text"].strip()]
