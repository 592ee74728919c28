"""The trivial rows: all of them, by name and in order."""

from __future__ import annotations

import numpy as np

from soundflow.bench.baselines.rows import TRIVIAL, baselines

SECONDS = 4.0
SOUND = np.zeros(round(SECONDS * 16_000), np.float32)


def test_five_systems_in_the_order_of_the_tables() -> None:
    systems = baselines()
    assert tuple(system.name for system in systems) == TRIVIAL
    for system in systems:
        times = [reply.at for reply in system.hear(SOUND, None)]
        assert times == sorted(times) and all(0 < at <= SECONDS for at in times)


def test_the_constants_are_constant() -> None:
    silent, respond, *_ = baselines()
    assert list(silent.hear(SOUND, "Anything.")) == []
    assert [reply.at for reply in respond.hear(SOUND, None)][:2] == [0.4, 0.8] and len(respond.hear(SOUND, None)) == 10
