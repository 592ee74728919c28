"""A session as its events show it, with a voice and without."""

from __future__ import annotations

from soundflow.serve.facts import ModelFacts, session_object
from soundflow.serve.settings import Settings

FACTS = ModelFacts("fake", 0.4, "Speak up.", 0.5)


def test_what_the_client_did_not_set_is_the_models() -> None:
    session = session_object("sess_1", FACTS, Settings(), has_voice=False)
    assert session["instructions"] == "Speak up." and session["soundflow"]["threshold"] == 0.5
    assert session["output_modalities"] == ["text"] and "output" not in session["audio"]
    assert session["capabilities"]["chunk_period_ms"] == 400


def test_what_it_set_is_its_own() -> None:
    settings = Settings().updated(
        {"instructions": "Count.", "output_modalities": ["audio"], "soundflow": {"threshold": 0.0}}, can_speak=True
    )
    session = session_object("sess_1", FACTS, settings, has_voice=True)
    assert session["instructions"] == "Count." and session["soundflow"]["threshold"] == 0.0
    assert session["output_modalities"] == ["audio"]
    assert session["audio"]["output"] == {"format": {"type": "audio/pcm", "rate": 24000}}
