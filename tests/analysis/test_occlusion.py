"""A decision made again over covered sound is the decision of a session that heard it so."""

from __future__ import annotations

import pytest

from soundflow.analysis.covering import covered, quietest
from soundflow.analysis.occlusion import Stretch, carrier_of, p_of, passes_of, reason
from soundflow.analysis.sounds import timeline_beside
from soundflow.analysis.walk import likeliest, walk
from soundflow.api import example_path, load
from soundflow.audio.decode import read_audio
from soundflow.errors import UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.quantize import int8_bundle, int8_supported
from tests.analysis.conftest import NEVER, small
from tests.stream.conftest import CHUNK, noise


def test_covered_decisions_are_those_of_sessions_over_covered_sound(bundle: Bundle) -> None:
    samples = noise(6.0)
    found = walk(bundle, samples, threshold=NEVER)
    why = reason(bundle, samples, found, 4, lengths=(0.4, 0.8))
    assert why.p_response == pytest.approx(found.steps[4].p_response, abs=1e-5)
    quiet = quietest(samples[: 5 * CHUNK])
    for stretch in why.stretches[::3]:
        span = (round(stretch.start * 16_000), round(stretch.end * 16_000))
        alone = walk(bundle, covered(samples, [span], quiet), threshold=NEVER)
        assert stretch.p_response == pytest.approx(alone.steps[4].p_response, abs=1e-5)


@pytest.mark.skipif(not int8_supported(), reason="torch has no int8 for this processor")
def test_a_network_in_int8_has_reasons_too(bundle: Bundle) -> None:
    samples, fused = noise(3.0), int8_bundle(bundle)
    found = walk(fused, samples, threshold=NEVER)
    why = reason(fused, samples, found, 2, lengths=(0.4,))
    assert why.p_response == pytest.approx(found.steps[2].p_response, abs=1e-3)


def test_what_was_said_before_stays_said(bundle: Bundle) -> None:
    samples = noise(4.0)
    found = walk(bundle, samples, threshold=0.0)  # it speaks at every chunk
    why = reason(bundle, samples, found, 3, lengths=(0.4,))
    assert why.p_response == pytest.approx(found.steps[3].p_response, abs=1e-5)


def test_in_a_long_stream_only_the_last_seconds_are_covered() -> None:
    bundle = small(max_chunks=40)
    samples = noise(30.0)
    found = walk(bundle, samples, threshold=NEVER)
    done: list[int] = []
    why = reason(bundle, samples, found, 27, lengths=(1.6,), done=lambda: done.append(1))
    assert min(stretch.start for stretch in why.stretches) == pytest.approx(28 * 0.4 - 8.0)
    assert max(stretch.end for stretch in why.stretches) == pytest.approx(28 * 0.4)
    assert why.p_response == pytest.approx(found.steps[27].p_response, abs=1e-5)
    assert len(done) == passes_of(bundle, 27, (1.6,))


def test_the_first_chunk_and_a_half_filled_last_one_have_a_reason(bundle: Bundle) -> None:
    samples = noise(2.5)
    found = walk(bundle, samples, threshold=NEVER)
    assert reason(bundle, samples, found, 0).stretches[0].seconds == 0.4
    assert reason(bundle, samples, found, 2).end == pytest.approx(1.2)


def test_the_carrier_by_hand() -> None:
    short, other, long = Stretch(0, 0.4, 0.6, 1.0), Stretch(0.2, 0.6, 0.4, 1.5), Stretch(0, 0.8, 0.1, 4.0)
    assert carrier_of([short, other, long], 0.8, 0.5) == (other, True), "the shortest that turns it"
    assert carrier_of([short, other, long], 0.45, 0.5) == (long, False), "it was silent: what spoke most for speaking"
    assert carrier_of([short], 0.8, 0.5) == (short, False)
    assert p_of(0.0) == 0.5 and p_of(1000.0) == 1.0 and p_of(-1000.0) == 0.0


def test_stretches_of_nothing_are_refused(bundle: Bundle) -> None:
    samples = noise(1.0)
    for lengths in ((), (0.0,)):
        with pytest.raises(UsageError, match="stretches of"):
            reason(bundle, samples, walk(bundle, samples), 0, lengths=lengths)


@pytest.mark.slow
def test_nano_spoke_in_the_kitchen_because_of_the_glass() -> None:
    path = example_path("kitchen")
    assert path is not None
    samples, timeline = read_audio(path), timeline_beside(path)
    assert timeline is not None
    bundle = load("nano", arithmetic="float32").bundle
    found = walk(bundle, samples)
    why = reason(bundle, samples, found, likeliest(found))
    breaks = [event for event in timeline.events if event.decision == "respond"]
    start, end = min(glass.onset for glass in breaks), max(glass.end for glass in breaks)
    assert why.p_response >= why.threshold and why.turns
    assert start < why.carrier.end and why.carrier.start < end
    away = [s.fall for s in why.stretches if s.end < start or s.start > end]
    assert why.carrier.fall > max(away)
