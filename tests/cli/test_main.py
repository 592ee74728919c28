"""Every ending of the program has its exit code, and a line instead of a traceback."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.main import get_command

import soundflow
from soundflow.cli import main as program_module
from soundflow.cli.main import app, main

from .conftest import Run, environment


def commands() -> list[list[str]]:
    """Every verb, with the verbs of groups."""
    found: list[list[str]] = []
    for name, command in getattr(get_command(app), "commands", {}).items():
        inner = getattr(command, "commands", {})
        found += [[name]] + [[name, verb] for verb in inner]
    return found


@pytest.mark.parametrize("verb", commands(), ids=" ".join)
def test_every_help_has_an_example(verb: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*verb, "--help"]) == 0
    out = capsys.readouterr().out
    assert re.search(rf"Examples?:\n(.*\n)*? +.*soundflow {' '.join(verb)}", out)


def test_without_words_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "soundflow listen kitchen" in capsys.readouterr().out


@pytest.mark.parametrize("group", [verb[0] for verb in commands() if len(verb) == 2])
def test_a_group_without_a_verb_shows_its_help(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([group]) == 0
    assert f"soundflow {group}" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"{soundflow.__version__}\n"


@pytest.mark.parametrize(
    "words",
    [["lisen"], ["listen", "--nope"], ["listen", "--threshold", "2"], ["listen", "--threads", "0"], ["ask", "--x"]],
    ids=" ".join,
)
def test_a_wrong_command_line_is_one_line_and_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1 and err.startswith("soundflow: error usage: ")


def test_bad_input_is_one_line_and_1(capsys: pytest.CaptureFixture[str], tmp_path: Path, model_folder: Path) -> None:
    assert main(["listen", str(tmp_path / "no.wav"), "--model", str(model_folder)]) == 1
    _, err = capsys.readouterr()
    assert len(err.splitlines()) == 1 and "no.wav" in err


def test_something_outside_is_3(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert main(["listen", "x.wav", "--model", "someone/model"]) == 3
    assert "someone/model is not in the cache" in capsys.readouterr().err


def fail_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every command line end with this error."""

    def run(words: list[str]) -> None:
        raise error

    monkeypatch.setattr(program_module, "_run", run)


def test_a_fault_of_ours_shows_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(RuntimeError("two\nlines"), monkeypatch)
    assert main(["doctor"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("soundflow: error internal: RuntimeError: two lines") and "Traceback" not in err


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    fail_with(RuntimeError("broken"), monkeypatch)
    assert main(["doctor", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("error", [KeyboardInterrupt(), typer.Abort()], ids=["ctrl-c", "abort"])
def test_an_interruption_is_130(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(error, monkeypatch)
    assert main(["doctor"]) == 130


@pytest.mark.parametrize("words", [["--version"], ["listen", "--help"]], ids=" ".join)
def test_a_full_disk_behind_standard_output_is_one_line_and_3(words: list[str]) -> None:
    command = [sys.executable, "-m", "soundflow", *words]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, env=environment(), text=True)
    assert done.returncode == 3
    assert (
        done.stderr.startswith("soundflow: error outside.os: the system refused: No space left")
        and len(done.stderr.splitlines()) == 1
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_standard_stream_is_no_fault(closed: str, recording: Path, model_folder: Path) -> None:
    words = f"listen {recording} --model {model_folder}"
    shell = ["sh", "-c", f'exec "$0" -m soundflow {words} {closed}', sys.executable]
    done = subprocess.run(shell, capture_output=True, check=False, env=environment(), text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert ("heard" in done.stdout) == (closed == "2>&-")


def test_python_m_soundflow_is_the_program(program: Run) -> None:
    done = program(["--version"])
    assert (done.returncode, done.stdout.decode().strip()) == (0, soundflow.__version__)
