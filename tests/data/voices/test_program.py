"""A program that says a text: what it writes, and what goes wrong with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from soundflow.data.voices.program import MOST_CHARACTERS, Program, check_text
from soundflow.errors import InputError, OutsideError


def test_its_sound_is_read_at_its_own_rate(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, np.full(100, 0.25, np.float32), 22_050)
    sound, rate = Program.found("cat", "").sound(str(path))
    assert rate == 22_050 and sound.dtype == np.float32 and sound == pytest.approx(0.25, abs=1e-4)


def test_what_fails_is_one_error_with_a_hint() -> None:
    with pytest.raises(OutsideError, match="not installed") as caught:
        Program.found("no-such-speaker", "apt-get install it")
    assert "apt-get install it" in str(caught.value.hint)
    with pytest.raises(OutsideError, match="ended with 1"):
        Program.found("false", "").run()
    with pytest.raises(OutsideError, match="4 bytes that are no sound"):
        Program.found("printf", "").sound("mute")
    with pytest.raises(OutsideError, match="did not answer"):
        Program("/no/such/file", "").run()


@pytest.mark.parametrize("text", ["", "  ", "x" * (MOST_CHARACTERS + 1)])
def test_a_sentence_is_neither_empty_nor_a_book(text: str) -> None:
    with pytest.raises(InputError, match="characters"):
        check_text(text)
