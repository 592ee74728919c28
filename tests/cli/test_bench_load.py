"""`soundflow bench load`: one object a load, then the knee; a server or the engine itself."""

from __future__ import annotations

import json
import shlex

import pytest

from soundflow.cli.main import main
from soundflow.testing.model import scripted_bundle
from tests.serve.conftest import serving


@pytest.mark.slow
def test_a_server_is_measured_from_outside(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    typed = ["bench", "load", "--key-file", "my key"]
    monkeypatch.setattr("sys.argv", ["soundflow", *typed])
    with serving(scripted_bundle()) as running:
        words = f"bench load --sessions 1,2 --url {running.http} --seconds 0.8 --warm 0.8 --json"
        assert main(words.split()) == 0
    one, two, last = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (one["sessions"], two["sessions"]) == (1, 2) and two["lost_chunks"] == 0 and two["target"] == "server"
    assert set(two["ratio_to_alone"]) == set(two["alone"]) and shlex.split(two["command"])[1:] == typed
    assert last["type"] == "knee" and set(last) == {"type", "sessions", "decision_ms_p99_at_most"}


@pytest.mark.slow
def test_the_engine_in_this_process_is_measured_with_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "load", "--sessions", "2", "--seconds", "0.8", "--warm", "0.8"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("sessions") and lines[1].split()[0] == "2" and len(lines) == 2


@pytest.mark.parametrize("sessions", ["0", "eight", "8,,9", ""])
def test_numbers_that_are_none_are_one_line(sessions: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "load", "--sessions", sessions]) == 2
    assert "load.sessions" in capsys.readouterr().err


def test_no_server_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "load", "--sessions", "1", "--url", "ws://127.0.0.1:9", "--seconds", "1"]) == 3
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
