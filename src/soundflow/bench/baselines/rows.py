"""The rows that stand beside a model, in their order. Tests: tests/bench/baselines/test_rows.py."""

from __future__ import annotations

from soundflow.bench.baselines.gates import energy_gate, voice_gate
from soundflow.bench.baselines.rising import CHUNK_SAMPLES, end_of
from soundflow.bench.baselines.tagger import packaged_tagger
from soundflow.bench.scoring import SpokenReply
from soundflow.bench.systems import Samples, System

GATES = ("energy_gate", "voice_gate", "plain_classifier")
TRIVIAL = ("always_silent", "always_respond", *GATES)


def baselines() -> tuple[System, ...]:
    """Every trivial system, by the names of `TRIVIAL`."""
    return (System("always_silent", silent), System("always_respond", respond), *gates())


def gates() -> tuple[System, ...]:
    """Those that listen, by the names of `GATES`."""
    tagger = packaged_tagger()
    return (
        System("energy_gate", energy_gate),
        System("voice_gate", voice_gate),
        System("plain_classifier", tagger.gate, tagger.threshold),
    )


def silent(samples: Samples, instruction: str | None = None) -> list[SpokenReply]:
    """Nothing, whatever sounds."""
    return []


def respond(samples: Samples, instruction: str | None = None) -> list[SpokenReply]:
    """A wordless reply at the end of every chunk."""
    return [SpokenReply(end_of(k)) for k in range(-(-len(samples) // CHUNK_SAMPLES))]
