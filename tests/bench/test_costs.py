"""A model is timed with whatever clock is given: a table of its three kinds of work comes out."""

from __future__ import annotations

import itertools

from soundflow.bench.costs import measure_costs
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle


def test_every_kind_of_work_is_timed() -> None:
    ticks = itertools.count()
    bundle = scripted_bundle(Script({k: ScriptedReply("Yes.") for k in range(1000)}))
    costs = measure_costs(bundle, repeats=5, now=lambda: next(ticks) / 1024)
    tick = 1000 / 1024  # milliseconds between two looks at this clock, without rounding
    assert costs.encode_ms == costs.text_token_ms == tick
    assert costs.decision_ms == tuple((k, tick) for k in (1, 2, 4, 8)) and costs.name.startswith("scripted")
