"""What a client is told of the model and of its own session. Tests: tests/serve/test_facts.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from soundflow.serve.settings import Settings


@dataclass(frozen=True)
class ModelFacts:
    """What a client is told of the model."""

    name: str
    chunk_seconds: float
    default_instruction: str
    threshold: float

    def threshold_of(self, settings: Settings) -> float:
        """The p(response) from which a session with these settings speaks."""
        return self.threshold if settings.threshold is None else settings.threshold


def session_object(session_id: str, facts: ModelFacts, settings: Settings, has_voice: bool) -> dict[str, Any]:
    """`session` as the protocol's events show it.

    Args:
        has_voice: whether the server can say replies aloud.
    """
    output = {"output": {"format": settings.output_format.to_json()}} if has_voice else {}
    return {
        "type": "realtime",
        "object": "realtime.session",
        "id": session_id,
        "model": facts.name,
        "instructions": settings.instructions or facts.default_instruction,
        "output_modalities": ["audio" if settings.speaks else "text"],
        "audio": {"input": settings.input_json()} | output,
        "capabilities": {
            "chunk_period_ms": round(1000 * facts.chunk_seconds),
            "supports_session_resume": True,
            "supports_barge_in": True,
        },
        "soundflow": {"threshold": facts.threshold_of(settings), "events": settings.own_events},
    }
