"""Voices and listeners behind HTTP: their questions, their failures, and dialogues that are whole or not there."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from soundflow.data.voices.dialogues import Dialogue
from soundflow.data.voices.engine import Voice
from soundflow.data.voices.render import Studio, Voiced, render_dialogues
from soundflow.data.voices.speech_endpoint import SpeechConfig, SpeechEndpoint
from soundflow.data.voices.transcription_endpoint import TranscriptionConfig, TranscriptionEndpoint
from soundflow.errors import InputError, OutsideError
from soundflow.testing.endpoint import Answer, LyingEndpoint
from tests.data.endpoints.honest import hears, patience, sound
from tests.data.test_clips import RATE, tone

pytest.importorskip("openai", reason="openai is not installed")

TEXT = "good morning"
DIALOGUES = [Dialogue(f"d/{n}", "en", (TEXT, TEXT)) for n in range(6)]


def speaker_of(liar: LyingEndpoint) -> SpeechEndpoint:
    return SpeechEndpoint(
        SpeechConfig(liar.url, "cosyvoice", timeout_seconds=patience(liar), voices=("en anna", "fi aino"))
    )


def listener_of(liar: LyingEndpoint) -> TranscriptionEndpoint:
    return TranscriptionEndpoint(TranscriptionConfig(liar.url, "whisper-1", timeout_seconds=patience(liar)))


def render(speaker: SpeechEndpoint, listener: TranscriptionEndpoint | None, out: Path) -> Voiced:
    studio = Studio(speaker, listener, out, languages=("en",), pause=lambda seconds: None)
    return render_dialogues(DIALOGUES, studio, lambda what, seconds: None)


def test_a_voice_is_asked_for_as_openai_has_it() -> None:
    with LyingEndpoint(sound, share=0.0) as liar:
        speaker = speaker_of(liar)
        found = speaker.say(TEXT, speaker.voices[0], 1)
    assert len(found) == 2 * RATE and np.abs(found - tone(2.0)).max() < 1e-4
    path, body = liar.asked[0]
    asked = json.loads(body)
    assert path == "/v1/audio/speech" and asked["speed"] == 0.92
    assert (asked["model"], asked["voice"], asked["input"], asked["response_format"]) == (
        "cosyvoice",
        "anna",
        TEXT,
        "wav",
    )


def test_a_listener_is_sent_a_wav_and_its_language() -> None:
    with LyingEndpoint(hears("Good morning."), share=0.0) as liar:
        assert listener_of(liar).write_down(tone(1.0), "en") == "Good morning."
    path, body = liar.asked[0]
    assert path == "/v1/audio/transcriptions"
    wav = body[body.index(b"RIFF") :]
    assert len(soundfile.read(io.BytesIO(wav))[0]) >= RATE
    assert b'name="language"\r\n\r\nen\r\n' in body


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        ("invalid json", "endpoint.no_sound"),
        ("wrong schema", "endpoint.no_sound"),
        ("injection", "endpoint.no_sound"),
        ("cut", "endpoint.broken"),
        ("timeout", "endpoint.timeout"),
        ("429", "endpoint.429"),
        ("500", "endpoint.500"),
    ],
)
def test_a_voice_that_fails_says_how(lie: str, code: str) -> None:
    with LyingEndpoint(sound, share=1.0, lies=[lie]) as liar, pytest.raises(OutsideError) as caught:
        speaker_of(liar).say(TEXT, Voice("anna", "en", ""), 0)
    assert caught.value.code == code


@pytest.mark.parametrize("lie", ["invalid json", "wrong schema", "cut", "timeout", "429", "500"])
def test_a_listener_that_fails_says_so(lie: str) -> None:
    with LyingEndpoint(hears(TEXT), share=1.0, lies=[lie]) as liar, pytest.raises(OutsideError) as caught:
        listener_of(liar).write_down(tone(1.0), "en")
    assert caught.value.code.startswith("endpoint.")


def test_dialogues_are_whole_or_dropped_with_a_reason_whatever_the_endpoints_do(tmp_path: Path) -> None:
    with LyingEndpoint(sound, share=0.4) as mouth, LyingEndpoint(hears(TEXT), share=0.4, seed=1) as ear:
        outcome = render(speaker_of(mouth), listener_of(ear), tmp_path)
    assert outcome.written + len(outcome.dropped) == len(DIALOGUES)
    rows = [json.loads(line) for line in (tmp_path / "clips.jsonl").read_text().splitlines()]
    assert len(rows) == 2 * outcome.written and all(row["asr_checked"] and row["synthetic"] for row in rows)
    assert json.loads((tmp_path / "dropped.json").read_text()) == outcome.dropped
    assert all(reason.startswith(("endpoint.", "voices.")) for reason in outcome.dropped.values())


def test_a_turn_that_is_heard_as_something_else_drops_the_dialogue(tmp_path: Path) -> None:
    with LyingEndpoint(sound, share=0.0) as mouth, LyingEndpoint(hears("good night"), share=0.0) as ear:
        outcome = render(speaker_of(mouth), listener_of(ear), tmp_path)
    assert outcome.written == 0 and outcome.to_dict()["drop_rate"] == 1.0
    assert all("50% wrong" in reason for reason in outcome.dropped.values())


def test_a_language_nobody_checks_is_written_flagged_and_counted(tmp_path: Path) -> None:
    with LyingEndpoint(sound, share=0.0) as mouth, LyingEndpoint(hears(TEXT), share=0.0) as ear:
        studio = Studio(speaker_of(mouth), listener_of(ear), tmp_path, languages=("en",))
        outcome = render_dialogues([Dialogue("f/0", "fi", ("hei",))], studio, lambda what, seconds: None)
        assert not ear.asked
    (row,) = [json.loads(line) for line in (tmp_path / "clips.jsonl").read_text().splitlines()]
    assert outcome.unchecked == 1 and row["asr_checked"] is False and row["speaker"] == "aino"


def test_a_wrong_key_stops_and_what_was_finished_is_listed(tmp_path: Path) -> None:
    with LyingEndpoint(sound, share=0.0) as mouth:
        calls = iter([sound("", b"")] * 2)
        mouth.honest = lambda path, body: next(calls, Answer(b"{}", status=401))
        with pytest.raises(OutsideError, match="answered 401"):
            render(speaker_of(mouth), None, tmp_path)
    assert len((tmp_path / "clips.jsonl").read_text().splitlines()) == 2


def test_voices_are_named_by_language() -> None:
    with pytest.raises(InputError, match="names no voices"):
        SpeechEndpoint(SpeechConfig("http://127.0.0.1:9/v1"))
    with pytest.raises(InputError, match="is no voice"):
        SpeechEndpoint(SpeechConfig("http://127.0.0.1:9/v1", voices=("alloy",)))
