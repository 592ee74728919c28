"""nano cannot answer questions, and says so."""

from __future__ import annotations

import pytest

from soundflow.cli.main import main


def test_ask_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "song.wav", "Which instrument is this?"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1
    assert "nano" in err and "not trained to answer questions" in err
