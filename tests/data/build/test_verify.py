"""The timed-label verifier: what is true passes, and every kind of lie is caught."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from soundflow.data.build.verify import verify_labels
from soundflow.data.compose import ComposeConfig, Composition, SourceClip, compose
from soundflow.data.timeline import Reply, StreamEvent, Timeline, Turn
from tests.data.test_clips import tone

CONFIG = ComposeConfig(snr_db=(5.0, 5.0))
NOISE = (0.05 * np.random.default_rng(0).standard_normal(16_000 * 5)).astype(np.float32)
BEHIND = tone(1.0, 900)


def draw(purpose: str) -> np.random.Generator:
    return np.random.default_rng([1, len(purpose)])


@pytest.fixture
def stream() -> Composition:
    """Two tones over noise at 5 dB, a third behind them."""
    reply = Reply("a tone")
    clips = [
        SourceClip(tone(1.2), "a", "a", decision="respond", reply=reply, preprocessed=True),
        SourceClip(tone(2.8, 700), "b", "b", decision="respond", reply=reply, early_cue=True, preprocessed=True),
        SourceClip(BEHIND, "c", "c", role="background", preprocessed=True),
    ]
    noise = SourceClip(NOISE, "hiss", "n", kind="background", preprocessed=True)
    return compose(clips, noise, None, CONFIG, draw)


def faults(stream: Composition, line: Timeline) -> list[str]:
    return [f.code for f in verify_labels(stream.samples, line, lambda _: NOISE, lambda _: BEHIND, CONFIG)]


def changed(line: Timeline, label: str, **more: object) -> Timeline:
    def one(event: StreamEvent) -> StreamEvent:
        return dataclasses.replace(event, **more) if event.label == label else event  # type: ignore[arg-type]

    return dataclasses.replace(line, events=tuple(map(one, line.events)))


def test_a_true_stream_passes(stream: Composition) -> None:
    assert faults(stream, stream.timeline) == []


def test_a_cue_more_than_a_chunk_off_is_caught(stream: Composition) -> None:
    cue = next(e.cue for e in stream.timeline.events if e.label == "a")
    assert faults(stream, changed(stream.timeline, "a", cue=cue - 0.3)) == []
    assert "cue" in faults(stream, changed(stream.timeline, "a", cue=cue - 0.6))


def test_an_event_that_is_elsewhere_is_caught(stream: Composition) -> None:
    b = next(e for e in stream.timeline.events if e.label == "b")
    moved = changed(stream.timeline, "b", onset=b.onset + 4, end=b.end + 4, cue=b.cue + 4)
    assert {"unexplained"} <= set(faults(stream, moved))


def test_noise_at_another_gain_or_place_is_caught(stream: Composition) -> None:
    (noise,) = stream.timeline.noise
    for lie in (
        dataclasses.replace(noise, gain_db=noise.gain_db - 3),
        dataclasses.replace(noise, clip_offset=noise.clip_offset / 2 + 0.1),
    ):
        line = dataclasses.replace(stream.timeline, noise=(lie,))
        assert "unexplained" in faults(stream, line)


def test_a_turn_outside_its_sound_and_a_reply_past_the_end_are_caught(stream: Composition) -> None:
    a = next(i for i, e in enumerate(stream.timeline.events) if e.label == "a")
    late = Turn(stream.timeline.events[a].end + 1.0, Reply("late"), a)
    assert "turn" in faults(stream, dataclasses.replace(stream.timeline, turns=(late,)))
    past = Turn(stream.timeline.seconds + 5, Reply("never"), a)
    assert "past the end" in faults(stream, dataclasses.replace(stream.timeline, turns=(past,)))


def test_an_event_that_is_silent_is_caught(stream: Composition) -> None:
    silent = Composition(stream.samples * 0, dataclasses.replace(stream.timeline, noise=()))
    clean = dataclasses.replace(
        silent.timeline, events=tuple(e for e in silent.timeline.events if e.role == "foreground")
    )
    assert faults(silent, clean) == ["not heard", "not heard"]
