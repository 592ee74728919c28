"""The first benchmark: its streams come from the package, its figures are those of `bench trigger`."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from soundflow.bench.baselines.rows import TRIVIAL
from soundflow.bench.mini import cuts, merged, mini_stream, quiet_stream, run_mini
from soundflow.bench.scoring import SpokenReply
from soundflow.bench.systems import Samples, System
from soundflow.cli.bench_mini import packaged_recordings
from soundflow.data.compose import Composition
from soundflow.errors import InputError
from tests.bench.streams import event, timeline


@pytest.fixture(scope="module")
def recordings() -> list[Composition]:
    return packaged_recordings()


def talker(at: float) -> System:
    return System("talker", lambda samples, instruction: [SpokenReply(at, "That is glass breaking.")])


def test_sounds_of_one_label_that_overlap_are_one_event() -> None:
    made = timeline(event(1, 2, "respond"), event(1.5, 4, "respond"), event(3, 5, "ignore", "cow"))
    first, second = merged(made).events
    assert (first.onset, first.end, first.cue) == (1, 4, 2.6) and second.label == "cow"


def test_cuts_are_the_sounds_of_the_package(recordings: list[Composition]) -> None:
    found = cuts(recordings)
    assert {cut.clip.label for cut in found if cut.calls} == {"glass_breaking", "chainsaw"}
    assert any(cut.clip.kind == "speech" for cut in found) and all(len(cut.clip.samples) >= 4800 for cut in found)


def test_a_stream_is_its_seed_and_number(recordings: list[Composition]) -> None:
    pool = cuts(recordings)
    made = [mini_stream(pool, seed, index) for seed, index in ((0, 0), (0, 0), (0, 1), (1, 0))]
    assert made[0].samples.tobytes() == made[1].samples.tobytes()
    assert len({one.samples.tobytes() for one in made}) == 3
    assert all(3 <= len(one.timeline.events) <= 5 and np.abs(one.samples).max() <= 1 for one in made)
    assert any(e.synthetic for one in made for e in one.timeline.events), "alarms are generated, and say so"


def test_quiet_streams_hold_nothing_that_calls(recordings: list[Composition]) -> None:
    for kind in ("background", "speech"):
        made = quiet_stream(cuts(recordings), kind, 0, 0, 30.0)
        assert made.timeline.seconds >= 30 and not any(e.decision == "respond" for e in made.timeline.events)


def test_the_figures_stand_beside_every_trivial_row(recordings: list[Composition]) -> None:
    found = run_mini(talker(9.6), recordings[:1] + recordings[2:], streams=2)
    result = found.to_dict()
    assert tuple(result["trivial"]) == TRIVIAL and result["benchmark"] == "mini"
    assert result["stray_per_hour"]["music"]["reason"] and result["stray_per_hour"]["speech"]["hours"] > 0
    assert result["streams"] == 5 and len(found.outcomes) == result["events"]
    assert result["trivial"]["always_silent"]["recall"]["value"] == 0


def test_recordings_that_all_call_are_refused(recordings: list[Composition]) -> None:
    siren = Composition(
        np.zeros(32_000, np.float32), dataclasses.replace(timeline(event(0.2, 1, "respond")), seconds=2.0)
    )
    with pytest.raises(InputError, match="calls for nothing"):
        run_mini(talker(1), [siren])


def test_samples_are_what_a_system_hears(recordings: list[Composition]) -> None:
    heard: list[Samples] = []

    def listen(samples: Samples, instruction: str | None) -> list[SpokenReply]:
        heard.append(samples)
        return []

    run_mini(System("ear", listen), recordings, streams=0)
    assert [len(samples) for samples in heard[:4]] == [len(one.samples) for one in recordings]
