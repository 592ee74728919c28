"""eSpeak NG: fifty voices, each in one split; said twice it is the same, and what fails is one clear error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from soundflow.data.voices.engine import Voice
from soundflow.data.voices.espeak import ACCENTS, PITCH, SPLITS, WORDS_A_MINUTE, Espeak
from soundflow.data.voices.render import split_of
from soundflow.errors import InputError, OutsideError

# Says its text as a tone at 22.05 kHz between two pauses: as long as the rate says, as high as the pitch says.
FAKE = """#!/usr/bin/env python3
import math, struct, sys, wave
words = sys.argv[1:]
if words == ["--voices=en"]:
    print("Pty Language VoiceName\\n 2 en-gb English\\n 5 en-us English_(America)")
    sys.exit()
given, text = dict(zip(words[:-3:2], words[1:-2:2])), words[-1]
count = round(22050 * 150 / int(given["-s"]))
tone = [8000 * math.sin(2 * math.pi * 10 * int(given["-p"]) * n / 22050) for n in range(count)]
pause = [0.0] * 2000
with wave.open(sys.stdout.buffer, "wb") as file:
    file.setnchannels(1), file.setsampwidth(2), file.setframerate(22050)
    sound = pause + (tone if text != "hush" else pause) + pause
    file.setnframes(len(sound))
    file.writeframesraw(b"".join(struct.pack("<h", int(x)) for x in sound))
"""


@pytest.fixture
def fake(put_in_path: Callable[[str, str], Path]) -> Path:
    return put_in_path("espeak-ng", FAKE)


def test_the_same_text_sounds_the_same_and_another_take_does_not(fake: Path) -> None:
    espeak, voice = Espeak(), Voice("en-us+m1", "en", "")
    once, twice = (espeak.say("tell me when a dog barks", voice) for _ in range(2))
    other = espeak.say("tell me when a dog barks", Voice("en-us+m1", "en", "", take=1))
    assert once.dtype == np.float32 and np.array_equal(once, twice)
    assert not np.array_equal(once[: len(other)], other[: len(once)])


def test_rate_and_pitch_stay_in_their_bounds_and_pauses_are_left_out(fake: Path) -> None:
    for take in range(6):
        sound = Espeak().say("a sentence", Voice("en-gb+f1", "en", "", take=take))
        assert 150 / WORDS_A_MINUTE[1] - 0.02 <= len(sound) / 16_000 <= 150 / WORDS_A_MINUTE[0] + 0.02
        loudest = int(np.argmax(np.abs(np.fft.rfft(sound)))) * 16_000 / len(sound)
        assert 10 * PITCH[0] - 5 <= loudest <= 10 * PITCH[1] + 5


def test_a_throat_stands_in_one_split_in_every_accent(fake: Path) -> None:
    voices = Espeak().voices
    assert {voice.name.partition("+")[0] for voice in voices} == {"en-gb", "en-us"} < set(ACCENTS)
    assert {(voice.name.partition("+")[2], split_of(voice)) for voice in voices} == set(SPLITS.items())
    assert Counter(split_of(voice) for voice in voices) == {"train": 16, "valid": 2, "test": 2}


def test_what_fails_is_one_error(fake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OutsideError, match="nothing can be heard"):
        Espeak().say("hush", Voice("en-us+m1", "en", ""))
    with pytest.raises(InputError, match="0 characters"):
        Espeak().say("", Voice("en-us+m1", "en", ""))
    fake.write_text(FAKE.replace("en-gb", "xx").replace("en-us", "yy"))
    with pytest.raises(OutsideError, match="has none of en-us"):
        Espeak()
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    with pytest.raises(OutsideError, match="not installed") as caught:
        Espeak()
    assert "apt-get install espeak-ng" in str(caught.value.hint)
