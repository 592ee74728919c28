"""Flite: said twice it is the same, a take is another rendering of one voice, and what fails is one clear error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from soundflow.data.voices.engine import Voice
from soundflow.data.voices.flite import PITCH, STRETCH, TAPE, Flite
from soundflow.data.voices.render import split_of
from soundflow.errors import InputError, OutsideError

# Says its text as a tone: as long as the text and the stretch say, as high as the shift says, at 8 kHz for `kal`.
FAKE = """#!/usr/bin/env python3
import math, struct, sys, wave
words = sys.argv[1:]
if words == ["-lv"]:
    print("Voices available: kal awb_time kal16 awb rms slt")
    sys.exit()
given = dict(zip(words[::2], words[1::2]))
settings = dict(word.split("=") for word in words if "=" in word and word != given["-t"])
if given["-t"] == "fail":
    sys.exit("no such voice")
rate = 8000 if given["-voice"] == "kal" else 16000
count = round(len(given["-t"]) * rate / 100 * float(settings["duration_stretch"]))
tone = (8000 * math.sin(2 * math.pi * 200 * float(settings["f0_shift"]) * n / rate) for n in range(count))
with wave.open(sys.stdout.buffer if given["-t"] != "mute" else open("/dev/null", "wb"), "wb") as file:
    file.setnchannels(1), file.setsampwidth(2), file.setframerate(rate), file.setnframes(count)
    file.writeframesraw(b"".join(struct.pack("<h", int(x)) for x in tone))
"""


@pytest.fixture
def fake(put_in_path: Callable[[str, str], Path]) -> Path:
    return put_in_path("flite", FAKE)


def test_the_same_text_sounds_the_same_and_another_take_does_not(fake: Path) -> None:
    flite = Flite()
    slt = next(voice for voice in flite.voices if voice.name == "slt")
    again = Voice(slt.name, slt.language, slt.licence, slt.split, take=1)
    once, twice, other = (flite.say("tell me when a dog barks", voice) for voice in (slt, slt, again))
    assert once.dtype == np.float32 and np.array_equal(once, twice)
    assert not np.array_equal(once[: len(other)], other[: len(once)])
    assert not np.array_equal(once, Flite(seed=1).say("tell me when a dog barks", slt)[: len(once)])
    assert np.array_equal(once, Flite().say("tell me when a dog barks", slt))


@pytest.mark.parametrize("name", ["slt", "kal"])
def test_rate_and_pitch_stay_in_their_bounds_at_16_khz(fake: Path, name: str) -> None:
    flite, text = Flite(), "x" * 100  # 1 s
    for take in range(4):
        sound = flite.say(text, Voice(name, "en", "", take=take))
        assert STRETCH[0] / TAPE[1] - 0.01 <= len(sound) / 16_000 <= STRETCH[1] / TAPE[0] + 0.01
        loudest = int(np.argmax(np.abs(np.fft.rfft(sound)))) * 16_000 / len(sound)
        assert 200 * PITCH[0] * TAPE[0] - 5 <= loudest <= 200 * PITCH[1] * TAPE[1] + 5


def test_a_speaker_stands_in_one_split_at_any_rate(fake: Path) -> None:
    splits = {voice.name: split_of(voice) for voice in Flite().voices}
    assert splits == {"slt": "train", "awb": "train", "kal16": "train", "kal": "train", "rms": "test"}


def test_what_fails_is_one_error(fake: Path) -> None:
    flite, voice = Flite(), Voice("slt", "en", "")
    with pytest.raises(OutsideError, match="ended with 1: no such voice"):
        flite.say("fail", voice)
    with pytest.raises(OutsideError, match="no sound"):
        flite.say("mute", voice)
    with pytest.raises(InputError, match="0 characters"):
        flite.say("", voice)


def test_without_the_program_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OutsideError, match="not installed") as caught:
        Flite()
    assert "apt-get install flite" in str(caught.value.hint)


def test_a_program_without_our_voices_is_refused(fake: Path) -> None:
    fake.write_text(FAKE.replace("kal awb_time kal16 awb rms slt", "awb_time"))
    with pytest.raises(OutsideError, match="has none of slt"):
        Flite()
