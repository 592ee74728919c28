"""`soundflow serve` on the command line: what it refuses before a model is loaded."""

from __future__ import annotations

import socket
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


def test_a_missing_extra_is_named() -> None:
    with pytest.raises(OutsideError, match=r"\[serve\]"):
        need("serve", "json", "no_such_module_anywhere")
