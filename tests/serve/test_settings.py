"""Settings, field by field."""

from __future__ import annotations

from typing import Any

import pytest

from soundflow.errors import InputError
from soundflow.serve.settings import SettingError, Settings
from soundflow.serve.wire_audio import AudioFormat


def test_fields_are_changed_one_by_one_and_others_kept() -> None:
    first = Settings().updated({"instructions": "Dogs.", "voice": "alloy", "tools": []})
    second = first.updated({"audio": {"input": {"format": {"type": "audio/pcmu"}, "turn_detection": None}}})
    third = second.updated({"soundflow": {"threshold": 1, "events": True}})
    assert third == Settings("Dogs.", 1.0, AudioFormat("audio/pcmu", 8000), True)
    assert third.updated({"instructions": None}).instructions is None
    fourth = third.updated({"audio": {"input": {"turn_detection": {"interrupt_response": True}}}})
    assert fourth.interrupts and not fourth.updated({"audio": {"input": {"turn_detection": None}}}).interrupts


@pytest.mark.parametrize(
    ("session", "param"),
    [
        (None, "session"),
        ({"type": "transcription"}, "session.type"),
        ({"instructions": 3}, "session.instructions"),
        ({"instructions": "x" * 4001}, "session.instructions"),
        ({"output_modalities": ["audio"]}, "session.output_modalities"),
        ({"audio": []}, None),
        ({"audio": [1]}, "session.audio"),
        ({"audio": {"input": 3}}, "session.audio.input"),
        ({"audio": {"input": {"turn_detection": 3}}}, "session.audio.input.turn_detection"),
        ({"soundflow": {"threshold": True}}, "session.soundflow.threshold"),
        ({"soundflow": {"threshold": 1.01}}, "session.soundflow.threshold"),
        ({"soundflow": {"treshold": 0.5}}, "session.soundflow.treshold"),
    ],
)
def test_what_makes_no_sense_is_named(session: Any, param: str | None) -> None:
    if param is None:
        assert Settings().updated(session) == Settings()  # an empty list stands for nothing
        return
    with pytest.raises(SettingError) as caught:
        Settings().updated(session)
    assert caught.value.param == param


def test_a_format_we_do_not_hear_is_refused() -> None:
    with pytest.raises(InputError):
        Settings().updated({"audio": {"input": {"format": {"type": "audio/opus"}}}})


def test_sound_can_be_asked_for_where_there_is_a_voice() -> None:
    spoken = Settings().updated({"output_modalities": ["audio"]}, can_speak=True)
    assert spoken.spoken_format == AudioFormat() and Settings().spoken_format is None
    g711 = spoken.updated({"audio": {"output": {"format": {"type": "audio/pcmu"}, "voice": "alloy"}}}, can_speak=True)
    assert g711.spoken_format == AudioFormat("audio/pcmu", 8000)
    assert not g711.updated({"output_modalities": ["text"]}, can_speak=True).speaks
    for session in ({"output_modalities": ["audio", "text"]}, {"output_modalities": "audio"}, {"audio": {"output": 3}}):
        with pytest.raises(SettingError):
            Settings().updated(session, can_speak=True)
