"""A timeline becomes the sound it was written for; numbers that cannot be are refused by name."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from soundflow.data.clips import ClipStore
from soundflow.data.compose import ComposeConfig
from soundflow.data.render import render
from soundflow.data.streams import bench_config, stream
from soundflow.data.timeline import NoiseTrack, StreamEvent, Timeline
from soundflow.errors import InputError
from tests.data.test_clips import write_folder

RATE = 16_000
EVENT = StreamEvent(0.5, 1.5, 1.5, "horn", "event", "foreground", "ignore", None, "a", "a", "CC0", "", 0.0)
NOISE = NoiseTrack("hum", "n", "n", "CC0", "", "ambient", 10.0, -20.0)
LINE = Timeline(3.0, 0.4, None, "proactive", (EVENT,))
SHARP = ComposeConfig(fade_seconds=0.0, crossfade_seconds=0.0)


def ones(name: str) -> NDArray[np.float32]:
    """Two seconds of full scale, whatever the name."""
    return np.ones(2 * RATE, np.float32)


def test_a_stream_comes_out_of_its_timeline_as_it_was(tmp_path: Path) -> None:
    labels = {"siren": {"proactive": True}, "cow": {"proactive": False}}
    rows: list[dict[str, Any]] = [
        {"id": f"{label}{i}", "path": f"{label}{i}.wav", "label": label, "length": 1.0 + i}
        for label in labels
        for i in range(3)
    ]
    rows += [{"id": "hum", "path": "hum.wav", "label": "hum", "kind": "background", "length": 7.0}]
    store = ClipStore(write_folder(tmp_path / "in", rows, labels), tmp_path / "cache")
    clips = {clip.id: clip for clip in store.clips()}
    for index in range(3):
        made = stream(store, "test", 5, index, bench_config())
        line = Timeline.from_json(made.timeline.to_json())
        again = render(line, lambda name: store.tfjp_audio(clips[name]), lambda name: store.audio(clips[name]))
        assert len(again) == len(made.samples)
        assert np.abs(again - made.samples).max() < 1e-5


def test_an_event_stands_where_and_as_loud_as_it_says() -> None:
    quiet = dataclasses.replace(LINE, events=(dataclasses.replace(EVENT, gain_db=-20.0),), scale_db=-6.0)
    sound = render(quiet, ones, ones, SHARP)
    inside = np.zeros(3 * RATE, bool)
    inside[RATE // 2 : 3 * RATE // 2] = True
    assert sound[~inside].max() == 0
    assert np.allclose(sound[inside], 0.1 * 10 ** (-6 / 20), atol=1e-6)


def test_a_clip_starts_at_its_offset_and_leaves_silence_when_it_is_short() -> None:
    ramp = np.linspace(0, 1, RATE, endpoint=False, dtype=np.float32)
    line = dataclasses.replace(LINE, events=(dataclasses.replace(EVENT, clip_offset=0.75),))
    sound = render(line, lambda _: ramp, ones, SHARP)
    assert sound[RATE // 2] == pytest.approx(0.75)
    assert np.count_nonzero(sound) == RATE // 4


def test_noise_is_repeated_over_the_whole_stream() -> None:
    line = dataclasses.replace(LINE, events=(), noise=(dataclasses.replace(NOISE, clip_offset=1.0),))
    assert np.allclose(render(line, ones, ones, SHARP), 0.1)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (dataclasses.replace(LINE, seconds=float("nan")), "seconds"),
        (dataclasses.replace(LINE, seconds=1e9), "seconds"),
        (dataclasses.replace(LINE, seconds=1.0), "end"),
        (dataclasses.replace(LINE, events=(dataclasses.replace(EVENT, onset=-1.0),)), r"events\[0\].onset"),
        (dataclasses.replace(LINE, events=(dataclasses.replace(EVENT, gain_db=True),)), "gain_db"),
        (dataclasses.replace(LINE, events=(dataclasses.replace(EVENT, clip="generated"),)), "generated"),
        (dataclasses.replace(LINE, noise=(dataclasses.replace(NOISE, clip_offset=2.0),)), "past its end"),
    ],
)
def test_what_cannot_be_is_refused_by_name(line: Timeline, what: str) -> None:
    with pytest.raises(InputError, match=what):
        render(line, ones, ones)


def test_a_clip_without_sound_is_refused() -> None:
    with pytest.raises(InputError, match="clip a holds no sound"):
        render(LINE, lambda _: np.zeros(0, np.float32), ones)
