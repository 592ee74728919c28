"""`soundflow serve` on the command line: what it refuses before a model is loaded."""

from __future__ import annotations

import socket
from importlib.util import find_spec
from pathlib import Path

import pytest

from soundflow.cli.main import main
from soundflow.cli.needs import need
from soundflow.errors import OutsideError


def test_an_address_that_others_reach_needs_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--host", "0.0.0.0"]) == 2
    assert "serve.bind" in capsys.readouterr().err


def test_a_key_file_that_is_not_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--keys", str(tmp_path / "none")]) == 3
    assert "serve.keys_unreadable" in capsys.readouterr().err


def test_a_port_that_is_taken_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["serve", "--port", str(taken.getsockname()[1])]) == 3
    assert "serve.address" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--webhook", "ftp://x", "--spool", "s"], "alerts.webhook_url"),
        (["--exec", "no-such-program-anywhere", "--spool", "s"], "alerts.exec"),
        (["--quiet-hours", "22:00-07:00"], "alerts.no_way"),
        (["--responder", "big"], "endpoint.form"),
        (["--voice", "festival"], "endpoint.form"),
        (["--voice-name", "nobody"], "voice.missing"),
    ],
)
def test_what_makes_no_sense_is_one_line_before_a_model_is_loaded(
    options: list[str], code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("soundflow.api.load", lambda *_: pytest.fail("a model was loaded"))
    monkeypatch.chdir(tmp_path)
    assert main(["serve", "--port", "0", *options]) == 2
    assert code in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--alerts", "--spool", "--quiet-hours", "--voice-name"])
def test_replicas_share_no_alerts_and_no_voice(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--ray", "2", option, "x"]) == 2
    err = capsys.readouterr().err
    assert "serve.ray_alone" in err and option in err


@pytest.mark.skipif(find_spec("grpc_reflection") is not None, reason="ray[serve] is installed")
def test_replicas_need_ray_serve(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--ray", "2"]) == 3
    assert "extra.missing" in capsys.readouterr().err


def test_a_missing_extra_is_named() -> None:
    with pytest.raises(OutsideError, match=r"\[serve\]"):
        need("serve", "json", "no_such_module_anywhere")
