"""Composition: a stream can be rebuilt from its timeline, and noise lies where its SNR says."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundflow.data.compose import PEAK, ROLE_GAIN_DB, ComposeConfig, Composition, SourceClip, compose
from soundflow.data.mixing import active_power, level_of
from soundflow.data.tfjp import fade
from soundflow.data.timeline import SAMPLE_RATE, Reply, Role, StreamEvent, Timeline
from soundflow.errors import InputError

CONFIG = ComposeConfig()
FADE = round(CONFIG.fade_seconds * SAMPLE_RATE)


def _draw(seed: int) -> Callable[[str], np.random.Generator]:
    """A generator by purpose: the same purpose draws the same numbers again."""
    return lambda purpose: np.random.default_rng([seed, *purpose.encode()])


def _noise(seconds: float, seed: int, loudness: float = 0.1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (loudness * rng.standard_normal(round(seconds * SAMPLE_RATE))).astype(np.float32)


def _clip(number: int, seconds: float = 0.6, role: Role = "foreground", early_cue: bool = False) -> SourceClip:
    return SourceClip(
        _noise(seconds, number),
        label=f"sound {number}",
        clip=f"clip {number}",
        recording=f"recording {number}",
        licence=f"licence {number}",
        source=f"source {number}",
        role=role,
        decision="respond",
        reply=Reply(f"That was sound {number}."),
        early_cue=early_cue,
        preprocessed=True,
        clip_offset=number / 4,
        synthetic=number % 2 == 0,
    )


HUM = dataclasses.replace(_clip(90, 1.3), label="hum")
WIND = dataclasses.replace(_clip(91, 0.9), label="wind")
ROLES = st.sampled_from(["foreground", "background", "ambient"])
CLIPS = st.lists(st.tuples(st.floats(0.05, 3.0), ROLES, st.booleans()), max_size=5).map(
    lambda drawn: [_clip(i, *values) for i, values in enumerate(drawn)]  # type: ignore[arg-type]
)
SEEDS = st.integers(0, 999)
LEAST = dataclasses.replace(CONFIG, least_seconds=1.0)


def _added(event: StreamEvent, clips: list[SourceClip]) -> np.ndarray:
    """What an event adds to its stream: its clip, faded, turned up, cut at the stream's end."""
    length = round((event.end - event.onset) * SAMPLE_RATE)
    clip = next(c for c in clips if c.clip == event.clip)
    return fade(clip.samples[:length], FADE) * np.float32(10 ** (event.gain_db / 20))


def _without_noise(timeline: Timeline, clips: list[SourceClip]) -> np.ndarray:
    stream = np.zeros(round(timeline.seconds * SAMPLE_RATE), np.float32)
    for event in timeline.events:
        added, at = _added(event, clips), round(event.onset * SAMPLE_RATE)
        stream[at : at + len(added)] += added
    return stream


def _scale(made: Composition) -> float:
    return float(10 ** (made.timeline.scale_db / 20))


@settings(max_examples=25)
@given(CLIPS, SEEDS)
def test_every_event_lies_where_its_samples_are(clips: list[SourceClip], seed: int) -> None:
    made = compose(clips, None, None, LEAST, _draw(seed))
    rebuilt = _without_noise(made.timeline, clips) * np.float32(_scale(made))
    assert made.samples.dtype == np.float32
    assert np.abs(made.samples - rebuilt).max() < 1e-5


def test_an_event_starts_and_ends_to_the_sample() -> None:
    step = dataclasses.replace(_clip(0), samples=np.ones(8000, np.float32))
    made = compose([step], None, None, CONFIG, _draw(0))
    (event,) = made.timeline.events
    sounding = np.flatnonzero(made.samples)
    assert event.onset * SAMPLE_RATE == sounding[0]
    assert event.end * SAMPLE_RATE == sounding[-1] + 1


@settings(max_examples=25)
@given(CLIPS, SEEDS)
def test_foreground_keeps_its_order_and_its_gaps(clips: list[SourceClip], seed: int) -> None:
    timeline = compose(clips, None, None, LEAST, _draw(seed)).timeline
    main = [e for e in timeline.events if e.role == "foreground"]
    assert [e.clip for e in main] == [c.clip for c in clips if c.role == "foreground"]
    sample = 1 / SAMPLE_RATE
    for before, after in itertools.pairwise(main):
        assert CONFIG.gap_seconds[0] - sample <= after.onset - before.end <= CONFIG.gap_seconds[1] + sample
    assert all(0 <= e.onset < e.end <= timeline.seconds for e in timeline.events)


@settings(max_examples=25)
@given(CLIPS, SEEDS)
def test_every_reply_is_due_in_the_chunk_its_cue_lies_in(clips: list[SourceClip], seed: int) -> None:
    timeline = compose(clips, None, None, LEAST, _draw(seed)).timeline
    assert len(timeline.responses) == len(clips)
    early = {c.clip: c.early_cue for c in clips}
    for chunk, reply, index in timeline.responses:
        event = timeline.events[index]
        heard = min(event.end, event.onset + 1.6) if early[event.clip] else event.end
        assert reply == event.reply
        assert event.cue == heard
        assert chunk == math.ceil(round(heard * SAMPLE_RATE) / 6400) - 1  # ruling 1, in samples


def test_a_clip_that_ends_on_a_boundary_is_answered_in_the_chunk_it_ends() -> None:
    config = dataclasses.replace(CONFIG, lead_seconds=(0.4, 0.4), gap_seconds=(0.4, 0.4))
    timeline = compose([_clip(i, 0.8) for i in range(4)], None, None, config, _draw(0)).timeline
    assert [chunk for chunk, _, _ in timeline.responses] == [2, 5, 8, 11]  # ends at 1.2, 2.4, 3.6 and 4.8 s


@pytest.mark.parametrize(("noise_event", "noise_ambient", "quieter"), [(HUM, None, 0.0), (None, WIND, 5.0)])
@settings(max_examples=25)
@given(clips=CLIPS.filter(lambda clips: any(c.role == "foreground" for c in clips)), seed=SEEDS)
def test_noise_lies_at_the_drawn_snr(
    noise_event: SourceClip | None,
    noise_ambient: SourceClip | None,
    quieter: float,
    clips: list[SourceClip],
    seed: int,
) -> None:
    made = compose(clips, noise_event, noise_ambient, CONFIG, _draw(seed))
    main = _without_noise(made.timeline, clips)
    noise = made.samples / np.float32(_scale(made)) - main
    measured = 10 * math.log10(active_power(main) / active_power(noise, over=main))
    (track,) = made.timeline.noise
    assert measured == pytest.approx(track.snr_db, abs=0.5)
    assert CONFIG.snr_db[0] + quieter <= track.snr_db <= CONFIG.snr_db[1] + quieter


def test_noise_covers_the_whole_stream() -> None:
    made = compose([_clip(0)], HUM, WIND, dataclasses.replace(CONFIG, least_seconds=8.0), _draw(0))
    quarter_seconds = made.samples[: 32 * 4000].reshape(32, 4000)
    assert min(level_of(part) for part in quarter_seconds) > level_of(made.samples) - 30


@pytest.mark.parametrize("role", ["background", "ambient"])
def test_a_role_lies_as_far_below_the_foreground_as_the_paper_says(role: Role) -> None:
    config = dataclasses.replace(CONFIG, level_jitter_db=0.0)
    clips = [_clip(0), _clip(1, 0.3, role)]
    front, back = sorted(compose(clips, None, None, config, _draw(0)).timeline.events, key=lambda e: e.clip)
    loudness = [level_of(c.samples) + e.gain_db for c, e in zip(clips, (front, back), strict=True)]
    assert loudness[1] - loudness[0] == pytest.approx(ROLE_GAIN_DB[role], abs=0.5)


@settings(max_examples=25)
@given(CLIPS, SEEDS, st.floats(-20, 20))
def test_no_peak_is_above_0_99_and_the_scaling_is_told(clips: list[SourceClip], seed: int, level: float) -> None:
    config = dataclasses.replace(LEAST, level_dbfs=(level, level))
    made = compose(clips, HUM, WIND, config, _draw(seed))
    peak = np.abs(made.samples).max()
    assert peak <= PEAK + 1e-6
    assert made.timeline.scale_db <= 0
    assert made.timeline.scale_db == 0 or peak == pytest.approx(PEAK, abs=1e-6)


@settings(max_examples=25)
@given(CLIPS, SEEDS)
def test_every_composed_second_knows_where_it_comes_from(clips: list[SourceClip], seed: int) -> None:
    timeline = compose(clips, HUM, WIND, LEAST, _draw(seed)).timeline
    given_clips = {c.clip: c for c in [*clips, HUM, WIND]}
    assert sorted(e.clip for e in timeline.events) == sorted(c.clip for c in clips)
    for row in [*timeline.events, *timeline.noise]:
        clip = given_clips[row.clip]  # type: ignore[attr-defined]
        for name in ("label", "recording", "licence", "source"):
            assert getattr(row, name) == getattr(clip, name)
    for event in timeline.events:
        clip = given_clips[event.clip]
        assert (event.clip_offset, event.synthetic, event.role) == (clip.clip_offset, clip.synthetic, clip.role)


def test_a_noise_tracks_offset_is_where_its_recording_starts() -> None:
    made = compose([], HUM, None, LEAST, _draw(4))
    (track,) = made.timeline.noise
    first = HUM.samples[round(track.clip_offset * SAMPLE_RATE) :][:160]
    gain = np.float32(10 ** (track.gain_db / 20) * _scale(made))
    assert made.samples[:160] == pytest.approx(first * gain, abs=1e-5)


def test_a_clip_not_yet_preprocessed_goes_through_tfjp() -> None:
    pause = np.zeros(2 * SAMPLE_RATE, np.float32)
    raw = dataclasses.replace(_clip(0), preprocessed=False)
    raw = dataclasses.replace(raw, samples=np.concatenate([pause, raw.samples, pause]))
    (event,) = compose([raw], None, None, CONFIG, _draw(0)).timeline.events
    assert event.end - event.onset < 1.2


def test_a_clip_that_is_all_silence_is_left_out() -> None:
    silent = dataclasses.replace(_clip(1), samples=np.zeros(SAMPLE_RATE, np.float32), preprocessed=False)
    timeline = compose([_clip(0), silent], None, None, CONFIG, _draw(0)).timeline
    assert [e.clip for e in timeline.events] == ["clip 0"]


def test_a_background_clip_longer_than_the_stream_is_cut_to_it() -> None:
    timeline = compose([_clip(0), _clip(1, 30.0, "background")], None, None, CONFIG, _draw(0)).timeline
    background = next(e for e in timeline.events if e.role == "background")
    assert (background.onset, background.end) == (0.0, timeline.seconds)


def test_the_same_draws_give_the_same_stream() -> None:
    one, two = (compose([_clip(0), _clip(1)], HUM, WIND, CONFIG, _draw(7)) for _ in range(2))
    assert (one.samples == two.samples).all()
    assert one.timeline == two.timeline


def test_neither_a_clip_nor_a_length_is_refused() -> None:
    nothing = dataclasses.replace(CONFIG, lead_seconds=(0, 0), tail_seconds=(0, 0))
    with pytest.raises(InputError) as caught:
        compose([], None, None, nothing, _draw(0))
    assert caught.value.code == "compose.empty"


def test_noise_that_pauses_while_the_foreground_sounds_is_not_turned_up_without_bound() -> None:
    noise = _noise(2.0, 5)
    noise[SAMPLE_RATE // 4 :] *= np.float32(1e-6)  # one knock, then all but nothing
    knock = dataclasses.replace(HUM, samples=noise)
    for seed in range(10):
        made = compose([_clip(0)], knock, None, CONFIG, _draw(seed))
        assert made.timeline.scale_db > -20, seed
