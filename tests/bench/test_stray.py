"""Stray replies on long streams: how many an hour, and over what."""

from __future__ import annotations

import dataclasses

import pytest

from soundflow.bench.listening import Heard, Job
from soundflow.bench.scoring import SpokenReply
from soundflow.bench.stray import stray_row
from soundflow.data.timeline import NoiseTrack, Timeline
from tests.bench.streams import event, timeline


def test_stray_replies_by_hand() -> None:
    noise = NoiseTrack("room", "c", "r9", "CC0-1.0", "test", "ambient", 10.0, 0.0)
    quiet = Timeline(120.0, 0.4, None, "quiet", (), (noise,))
    speech = timeline(event(1, 5, "ignore", "speech", "a"), event(6, 7, "ignore", "speech", "b", True), seconds=120.0)
    row = stray_row([Heard(Job("background", 0), quiet, (SpokenReply(3.0), SpokenReply(50.0)))])
    assert (row.replies, row.recordings, row.rate.value) == (2, 1, 60.0)  # two in a thirtieth of an hour
    row = stray_row([Heard(Job("speech", i), speech, ()) for i in range(2)])
    assert (row.replies, row.recordings, row.hours) == (0, 2, 240 / 3600)
    assert row.synthetic_share == 0.2  # one second of five
    assert row.rate.low == 0 and row.rate.high == pytest.approx(3.689 * 15, rel=1e-3)


def test_what_sounded_last_is_named_and_behind_nothing_the_noise() -> None:
    note, song = (
        dataclasses.replace(event(at, at + 2, "ignore", label), clip=label[0])
        for at, label in ((5, "note"), (10, "song"))
    )
    noise = NoiseTrack("room", "z", "r9", "CC0-1.0", "test", "ambient", 10.0, 0.0)
    stream = dataclasses.replace(timeline(note, song), noise=(noise,))
    replies = tuple(map(SpokenReply, (1.0, 5.0, 9.9, 11.0, 18.0)))
    row = stray_row([Heard(Job("music", 0), stream, replies)]).to_dict()
    assert row["over"] == {"note": 2, "song": 2, "room": 1}
    assert [one["clip"] for one in row["most_over"]] == ["n", "s", "z"]
