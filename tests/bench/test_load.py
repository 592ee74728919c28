"""The load generator on a scripted model and a clock that is never slept by: what is counted, not how fast."""

from __future__ import annotations

import numpy as np
import pytest

from soundflow.bench.load import run_load
from soundflow.bench.load_measures import Load
from soundflow.errors import UsageError
from soundflow.testing.clock import FakeClock
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle

SOUND = np.zeros(16_000, np.float32)


def test_every_chunk_of_every_session_is_counted() -> None:
    bundle = scripted_bundle(Script({25: ScriptedReply("Fire!")}))
    report = run_load(bundle, SOUND, Load(3, 4.0, warm_chunks=25), FakeClock())
    assert (report.sessions, report.lost_chunks, report.errors) == (3, 0, {})
    assert 0 < report.decisions <= 3 * 10
    p50, p99, most = report.decision_ms_p50, report.decision_ms_p99, report.decision_ms_max
    assert p50 is not None and p99 is not None and most is not None and p50 <= p99 <= most
    assert set(report.to_dict()) >= {"stall_percent", "first_text_ms_p50", "cores_used"}


def test_replies_of_the_warm_up_do_not_count_as_slow() -> None:
    bundle = scripted_bundle(Script({19: ScriptedReply("Fire!")}))
    report = run_load(bundle, SOUND, Load(1, 0.8, warm_chunks=20), FakeClock())
    assert report.first_text_ms_p50 is None


def test_a_load_needs_sessions_and_sound() -> None:
    with pytest.raises(UsageError):
        run_load(scripted_bundle(), SOUND[:100], Load(1, 1.0))
