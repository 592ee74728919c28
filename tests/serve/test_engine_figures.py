"""An engine's sums under their public names."""

from __future__ import annotations

import numpy as np
from prometheus_client import CollectorRegistry, generate_latest

from soundflow.serve.engine_figures import EngineFigures
from soundflow.stream.engine import Engine
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle


def test_all_figures_are_told_by_name() -> None:
    registry = CollectorRegistry()
    with Engine(scripted_bundle(Script({1: ScriptedReply("a")}))) as engine:
        registry.register(EngineFigures(engine))
        session = engine.open()
        session.feed(np.zeros(2 * 6400, np.float32))
        session.end()
        list(session.events())
        engine.lose(0.4)
        text = generate_latest(registry).decode()
    for line in (
        "soundflow_queue_depth_chunks 0.0",
        "soundflow_heard_chunks_total 2.0",
        "soundflow_dropped_seconds_total 0.4",
        "soundflow_stalls_total 0.0",
        "soundflow_sessions_failed_total 0.0",
        "soundflow_workers_restarted_total 0.0",
    ):
        assert f"\n{line}\n" in text, line
    assert 'soundflow_passes_total{network="decoder"}' in text
