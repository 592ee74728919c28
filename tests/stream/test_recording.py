"""Recordings as files: what was written is read back; anything else is one clear error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from soundflow.errors import InputError
from soundflow.stream.changes import Instruct, Truncate
from soundflow.stream.recording import RecordedStep, Recording


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    steps = [
        RecordedStep((0, 1), False, 0.5, (Instruct(None), Truncate(3, 4)), 0.1 + 0.2, "response", (1,)),
        RecordedStep((), True, 0.5, (), None, "eos", (1, 5, 2)),
    ]
    recording = Recording("model", "Listen", 64, 8, steps)
    recording.heard([(np.arange(5, dtype=np.float32), 0.0), (np.ones(2, np.float32), 1.0)])
    recording.save(tmp_path / "one.trace")
    again = Recording.load(tmp_path / "one.trace")
    assert (again.model, again.instruction, again.steps) == ("model", "Listen", steps)
    assert (again.max_reply_tokens, again.remembered_reply_tokens) == (64, 8)
    assert again.sound.tolist() == [0, 1, 2, 3, 4, 1, 1] and again.is_whole
    assert [path.name for path in tmp_path.iterdir()] == ["one.trace"]


def test_a_recording_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soundflow.stream.recording._MOST_SECONDS", 1.0)
    recording = Recording()
    for _ in range(9):
        recording.heard([(np.zeros(6400, np.float32), 0.0)])
    assert not recording.is_whole and len(recording.sound) == 3 * 6400


@pytest.mark.parametrize("content", [b"", b"RIFF....", b"\x02\x00\x00\x00\x00\x00\x00\x00{}"])
def test_another_file_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        Recording.load(path)
    assert caught.value.code == "recording.file" and str(path) in caught.value.message
