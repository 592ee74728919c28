"""Replies said where somebody hears them: a file with its times, a player that a test looks into."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from soundflow.errors import OutsideError, SoundflowError, UsageError
from soundflow.serve.speech import Samples, Voice
from soundflow.serve.speech_out import Loudspeaker, SpeakOut, WavFile
from soundflow.stream.events import Event, ReplyDelta, ReplyEnd, ReplyStart
from tests.serve.voices import BLOCK, RATE, ScriptedVoice


def reply(number: int, at: float, text: str) -> list[Event]:
    return [
        ReplyStart(number, number, at, None),
        ReplyDelta(number, text),
        ReplyEnd(number, text, None, "eos", 1, 1.0),
    ]


class Player:
    """Remembers; breaks where it is told to."""

    def __init__(self) -> None:
        self.said: list[object] = []
        self.is_closed = False
        self.breaks: Exception | None = None

    def begin(self, at: float) -> None:
        self.said.append(at)

    def play(self, samples: Samples) -> None:
        if self.breaks:
            raise self.breaks
        self.said.append(len(samples))

    def close(self) -> None:
        self.is_closed = True

    def drop(self) -> None:
        self.said.clear()
        self.close()


def test_a_file_has_each_reply_at_its_time(tmp_path: Path) -> None:
    complaints: list[SoundflowError] = []
    speaking = SpeakOut(Voice(ScriptedVoice(), RATE), WavFile(tmp_path / "said.wav", RATE), complaints.append)
    for event in reply(0, 0.5, "One two.") + reply(1, 2.0, "Three."):
        speaking.hear(event)
    speaking.close()
    sound, rate = soundfile.read(tmp_path / "said.wav")
    assert rate == RATE and len(sound) == 2.0 * RATE + BLOCK and complaints == []
    is_loud = np.abs(sound) > 0.01
    assert is_loud[RATE // 2 : RATE // 2 + 2 * BLOCK].all() and is_loud[2 * RATE :].all()
    assert is_loud.sum() == 3 * BLOCK and list(tmp_path.iterdir()) == [tmp_path / "said.wav"]


def test_a_reply_that_comes_while_one_is_said_follows_it(tmp_path: Path) -> None:
    speaking = SpeakOut(Voice(ScriptedVoice(), RATE), WavFile(tmp_path / "said.flac", RATE), print)
    for event in reply(0, 1.0, "One two three.") + reply(1, 1.1, "Four."):
        speaking.hear(event)
    speaking.close()
    assert soundfile.info(tmp_path / "said.flac").frames == RATE + 4 * BLOCK


def test_a_stream_that_says_nothing_leaves_an_empty_file(tmp_path: Path) -> None:
    SpeakOut(Voice(ScriptedVoice(), RATE), WavFile(tmp_path / "said.wav", RATE), print).close()
    assert soundfile.info(tmp_path / "said.wav").frames == 0


def test_what_shall_not_stay_leaves_no_file(tmp_path: Path) -> None:
    speaking = SpeakOut(Voice(ScriptedVoice(), RATE), WavFile(tmp_path / "said.wav", RATE), print)
    for event in reply(0, 0.5, "One two."):
        speaking.hear(event)
    speaking.close(is_kept=False)
    assert list(tmp_path.iterdir()) == []


def test_a_recording_waits_for_what_is_said_however_much_it_is(tmp_path: Path) -> None:
    engine, complaints = ScriptedVoice(), list[SoundflowError]()
    speaking = SpeakOut(Voice(engine, RATE), Player(), complaints.append)
    for number in range(60):
        for event in reply(number, 0.1 * number, "One. Two."):
            speaking.hear_out(event)
        assert len(engine.sentences) == 2 * (number + 1)
    speaking.close()
    assert complaints == []


def test_stop_leaves_the_rest_unsaid() -> None:
    engine, player = ScriptedVoice(), Player()
    speaking = SpeakOut(Voice(engine, RATE), player, print)
    for event in reply(0, 0.0, "It waits. Never said."):
        speaking.hear(event)
    assert engine.is_waiting.wait(20.0)
    speaking.stop()
    engine.go.set()
    speaking.close()
    assert player.is_closed and engine.sentences == ["It waits."]


@pytest.mark.parametrize(
    ("fault", "code"), [(OSError("unplugged"), "speech.player"), (OutsideError("speech.write", "full"), "speech.write")]
)
def test_a_player_that_breaks_is_told_of_and_nothing_else_happens(fault: Exception, code: str) -> None:
    player, complaints = Player(), list[SoundflowError]()
    player.breaks = fault
    speaking = SpeakOut(Voice(ScriptedVoice(), RATE), player, complaints.append)
    for event in reply(0, 0.0, "One two three. Four. Five."):
        speaking.hear(event)
    speaking.close()
    assert [failure.code for failure in complaints] == [code]
    assert not any(thread.name == "soundflow-speech" for thread in threading.enumerate())


def test_a_voice_that_breaks_is_told_of() -> None:
    complaints: list[SoundflowError] = []
    speaking = SpeakOut(Voice(ScriptedVoice(), RATE), Player(), complaints.append)
    for event in reply(0, 0.0, "It breaks.") + reply(1, 0.0, "Fine."):
        speaking.hear(event)
    speaking.close()
    assert [failure.code for failure in complaints] == ["speech.endpoint"]


def test_a_loudspeaker_gets_what_is_said() -> None:
    class Output:
        def __init__(self, rate: int) -> None:
            self.calls: list[object] = [rate]

        def start(self) -> None:
            self.calls.append("start")

        def write(self, samples: Samples) -> None:
            self.calls.append((samples.dtype, len(samples)))

        def stop(self) -> None:
            self.calls.append("stop")

        def close(self) -> None:
            self.calls.append("close")

    outputs: list[Output] = []

    def opened(rate: int) -> Output:
        outputs.append(Output(rate))
        return outputs[-1]

    speaking = SpeakOut(Voice(ScriptedVoice(), RATE), Loudspeaker(RATE, opened), print)
    for event in reply(0, 0.0, "One two."):
        speaking.hear(event)
    speaking.close()
    block = (np.dtype(np.float32), BLOCK)
    assert outputs[0].calls == [RATE, "start", block, block, "stop", "close"]


def test_no_loudspeaker_is_one_line() -> None:
    def opened(rate: int) -> object:
        raise RuntimeError("no device")

    with pytest.raises(OutsideError, match="no device"):
        Loudspeaker(RATE, opened)


def test_a_file_of_no_kind_and_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no kind"):
        WavFile(tmp_path / "said.txt", RATE)
    with pytest.raises(OutsideError, match="cannot write"):
        WavFile(tmp_path / "none" / "said.wav", RATE)
