"""The hour, judged by hand: hits, delays, and false replies by what sounded."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from soundflow.bench.house import foreground, gates_through, hear_house, judge, outcomes
from soundflow.bench.house_plan import House, ScenePlan
from soundflow.bench.scoring import SpokenReply
from soundflow.stream.clock import CostTable
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle
from tests.bench.streams import event, timeline

COSTS = CostTable("round numbers", 10.0, ((1, 20.0),), 30.0)
# Two scenes of 100 s: a room with a siren at 10-14 and a cow at 50-52, a television with a siren at 150-152.
HOUSE = House(
    (
        ScenePlan("room", timeline(event(10, 14, "respond"), event(50, 52, "ignore", "cow"), seconds=100.0)),
        ScenePlan(
            "television",
            timeline(
                event(50, 52, "respond", recording="q"),
                dataclasses.replace(event(20, 30, "ignore", "speech"), role="background"),
                seconds=100.0,
            ),
        ),
    )
)
REPLIES = [
    SpokenReply(12.0, "A siren.", 0.5),  # a hit: 2.5 s after the onset
    SpokenReply(14.4, "A siren still."),  # the same siren again
    SpokenReply(51.2, "A cow."),  # at a benign sound
    SpokenReply(70.0, "Hm."),  # at nothing, in the room
    SpokenReply(125.0, "Hello."),  # at the television
    SpokenReply(151.2, "Something."),  # a hit after 1.2 s that names nothing
]


def test_scenes_stand_behind_each_other() -> None:
    assert [e.onset for e in foreground(HOUSE).events] == [10, 50, 150] and HOUSE.seconds == 200


def test_every_figure_by_hand() -> None:
    found = judge(HOUSE, REPLIES, {})
    assert (found["hits"], found["events_that_matter"]) == (2, 2)
    assert (found["hits_in_last_minute"], found["events_in_last_minute"]) == (1, 1)
    assert found["recall"]["value"] == 1 and found["specificity"]["value"] == 0
    assert found["named"]["value"] == 0.5
    assert found["seconds_to_first_word"]["most"] == 2.5
    assert found["seconds_to_first_word"]["median"] == pytest.approx(1.85)


def test_false_replies_have_a_source_and_its_hours() -> None:
    false = judge(HOUSE, REPLIES, {})["false_per_hour"]
    counts = {name: row["replies"] for name, row in false.items()}
    assert counts == {"all": 4, "benign sounds": 1, "again": 1, "television": 1, "music": 0, "room": 1}
    assert false["room"]["value"] == pytest.approx(36) and false["all"]["value"] == pytest.approx(72)
    assert false["benign sounds"]["hours"] == pytest.approx(2.8 / 3600, abs=1e-4)
    assert false["music"]["value"] is None, "no music was played"


def test_a_run_of_false_replies_in_one_scene_is_no_even_rate() -> None:
    scenes = tuple(ScenePlan("room", timeline(seconds=100.0)) for _ in range(8))
    run = [SpokenReply(2.0 * k, "Hm.") for k in range(1, 25)]  # 24 in the first scene, none in the seven others
    row = judge(House(scenes), run, {})["false_per_hour"]["room"]
    assert row["value"] == pytest.approx(24 / 800 * 3600) and row["low"] == 0 and row["high"] > 2 * row["value"]


def test_a_silent_one_hits_nothing() -> None:
    found = judge(HOUSE, [], {})
    assert (found["hits"], found["false_per_hour"]["all"]["replies"]) == (0, 0)
    assert found["seconds_to_first_word"]["median"] is None


def test_the_real_path_on_a_simulated_clock() -> None:
    script = Script({29: ScriptedReply("A siren."), 379: ScriptedReply("A siren.")})  # chunks that end at 12 and 152 s
    sounds = [np.zeros(100 * 16_000, np.float32)] * 2
    heard = hear_house(scripted_bundle(script), sounds, COSTS)
    assert [reply.at for reply in heard.replies] == [12.0, 152.0]
    assert heard.replies[0].first_text_after == pytest.approx(0.01 + 0.02 + 0.03)
    assert len(heard.resident_mb) == 2 and heard.queue_errors == 0
    assert judge(HOUSE, heard.replies, {})["seconds_to_first_word"]["most"] == pytest.approx(2.06)


def test_gates_are_told_the_time_of_the_whole_stream() -> None:
    loud = np.zeros(10 * 16_000, np.float32)
    loud[80_000:96_000] = 0.5
    found = gates_through([np.zeros(10 * 16_000, np.float32), loud])
    assert [reply.at for reply in found["energy_gate"]] == [pytest.approx(15.2)]


def test_rows_for_a_comparison() -> None:
    rows = outcomes(HOUSE, REPLIES, {})
    assert [(row["id"], row["due"], row["right"]) for row in rows] == [
        ("0.siren", "respond", True),
        ("1.cow", "ignore", False),
        ("2.siren", "respond", True),
    ]
