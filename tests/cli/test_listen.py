"""The verb as a user types it: on scripted models in this process, on a tiny one in its own."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from soundflow.api import Model
from soundflow.audio.decode import write_wav
from soundflow.cli.main import main

from .conftest import CHUNK, Run, environment


def lines_of(text: str) -> list[dict[str, object]]:
    """Each line as an object."""
    return [json.loads(line) for line in text.splitlines()]


def test_json_is_one_event_a_line_and_nothing_else(
    scripted: Model, recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["listen", str(recording), "--json"]) == 0
    out, err = capsys.readouterr()
    events = lines_of(out)
    assert [e["type"] for e in events if e["type"] != "reply.delta"] == [
        *("decision", "decision", "decision", "reply.start", "reply.end", "decision", "decision", "end")
    ]
    reply = next(e for e in events if e["type"] == "reply.end")
    assert (reply["text"], reply["emotion"]) == ("Glass broke.", "urgent")
    assert err == ""


def test_plain_output_has_a_reply_a_lane_and_a_summary(
    scripted: Model, recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["listen", str(recording)]) == 0
    out = capsys.readouterr().out
    assert "urgent: Glass broke." in out
    assert "|··█··|" in out
    assert "1.8 s heard · 5 chunks · 1 reply" in out


def test_the_threshold_decides(scripted: Model, recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["listen", str(recording), "--json", "--threshold", "0.95"]) == 0
    assert lines_of(capsys.readouterr().out)[-1]["replies"] == 0


def test_standard_input(scripted: Model, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(bytes(2 * CHUNK * 3))))
    assert main(["listen", "-", "--json"]) == 0
    assert lines_of(capsys.readouterr().out)[-1]["chunks"] == 3


@pytest.mark.parametrize("content", [b"", b"no sound at all"], ids=["empty", "text"])
def test_unreadable_input_is_one_line_and_1(
    scripted: Model, tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.wav").write_bytes(content)
    assert main(["listen", str(tmp_path / "x.wav"), "--json"]) == 1
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1


def test_a_source_that_breaks_is_heard_until_then(
    scripted: Model, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from soundflow.errors import InputError

    def blocks(*_: object) -> object:
        yield np.zeros(3 * CHUNK, np.float32)
        raise InputError("audio.format", "x.wav is broken after 1.2 s", "copy it again")

    monkeypatch.setattr("soundflow.api.open_source", blocks)
    assert main(["listen", "x.wav", "--json"]) == 1
    out, err = capsys.readouterr()
    assert lines_of(out)[-1] == {**lines_of(out)[-1], "type": "end", "replies": 1}
    assert "broken after 1.2 s" in err


def test_ctrl_c_ends_the_stream_and_gives_130(
    scripted: Model, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def blocks(*_: object) -> object:
        yield np.zeros(CHUNK, np.float32)
        signal.raise_signal(signal.SIGINT)
        yield np.zeros(CHUNK, np.float32)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr("soundflow.api.open_source", blocks)
    assert main(["listen", "x.wav", "--json"]) == 130
    last = lines_of(capsys.readouterr().out)[-1]
    assert (last["type"], last["chunks"]) == ("end", 1)
    assert signal.getsignal(signal.SIGINT) is before


def test_real_time_hears_the_same(
    scripted: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("soundflow.stream.clock.WallClock.wait_until", lambda self, moment: None)
    write_wav(tmp_path / "x.wav", np.zeros(4 * CHUNK, np.float32))
    assert main(["listen", str(tmp_path / "x.wav"), "--json", "--real-time"]) == 0
    events = lines_of(capsys.readouterr().out)
    assert events[-1]["type"] == "end" and events[-1]["chunks"] == 4
    assert sum(int(str(e["chunks"])) for e in events if e["type"] == "decision") == 4


def test_the_microphone_is_heard_live(
    scripted: Model, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = [np.zeros(1600, np.float32)] * 8
    monkeypatch.setattr("soundflow.api.open_source", lambda *_: iter(blocks))
    assert main(["listen", "mic", "--json"]) == 0
    assert lines_of(capsys.readouterr().out)[-1]["seconds"] == pytest.approx(0.8)


@pytest.mark.parametrize("how", [[], ["--json"]], ids=["plain", "json"])
def test_a_microphone_that_fails_at_once_writes_nothing(
    scripted: Model, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], how: list[str]
) -> None:
    from soundflow.testing.microphone import FakeMicrophone

    missing = FakeMicrophone(np.zeros(CHUNK, np.float32), unplugged_at=0.0)
    monkeypatch.setattr("soundflow.api.open_source", lambda *_: iter(missing))
    assert main(["listen", "mic", *how]) == 3
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1
    unplugged = FakeMicrophone(np.zeros(2 * CHUNK, np.float32), unplugged_at=0.5)
    monkeypatch.setattr("soundflow.api.open_source", lambda *_: iter(unplugged))
    assert main(["listen", "mic", *how]) == 3
    assert capsys.readouterr().out != ""


def test_a_process_of_its_own_keeps_standard_output_clean(program: Run, model_folder: Path, recording: Path) -> None:
    done = program(["listen", str(recording), "--model", str(model_folder), "--json"])
    assert done.returncode == 0, done.stderr
    events = lines_of(done.stdout.decode())
    assert events[-1]["type"] == "end" and events[-1]["chunks"] == 5


def test_raw_samples_through_a_pipe(program: Run, model_folder: Path) -> None:
    done = program(["listen", "-", "--model", str(model_folder)], input=bytes(2 * CHUNK * 2))
    assert done.returncode == 0, done.stderr
    assert "0.8 s heard" in done.stdout.decode()


def test_a_reader_that_leaves_is_no_error(model_folder: Path, tmp_path: Path) -> None:
    write_wav(tmp_path / "long.wav", np.zeros(CHUNK * 600, np.float32))
    command = [sys.executable, "-m", "soundflow", "listen", str(tmp_path / "long.wav"), "--json"]
    process = subprocess.Popen(
        [*command, "--model", str(model_folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), err) == (0, b"")
