"""Alarms, measured: pitch, pulse times, levels, variety."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from soundflow.data.generate import alarms as made
from soundflow.data.generate.clip import GeneratedClip
from soundflow.errors import UsageError

LABELS = {name: "smoke_alarm" if name == "carbon_monoxide" else name for name in made.ALARMS}
UNITS = range(10)


@cache
def unit(name: str, index: int) -> GeneratedClip:
    """Made once for all tests that only look."""
    return made.alarm(name, 7, index)


def units(generator: Callable[..., GeneratedClip], style: str) -> list[GeneratedClip]:
    return [generator(np.random.default_rng(seed), style) for seed in UNITS]


def number(clip: GeneratedClip, field: str) -> float:
    value: Any = clip.recipe[field]
    return float(value)


def peak_hertz(samples: NDArray[np.float32], low: float = 50, high: float = 8000) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    hertz = np.fft.rfftfreq(len(samples), 1 / 16_000)
    return float(hertz[np.argmax(np.where((hertz >= low) & (hertz <= high), spectrum, 0))])


def pulses_of(samples: NDArray[np.float32]) -> list[tuple[float, float]]:
    """Start and length of every pulse: where a 2.5 ms maximum exceeds a third of the largest."""
    loud = np.abs(samples[: len(samples) // 40 * 40]).reshape(-1, 40).max(1) > np.abs(samples).max() / 3
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.astype(int), [0]]))) * 40 / 16_000
    return [(float(a), float(b - a)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


@pytest.mark.parametrize("name", made.ALARMS)
def test_every_alarm_is_fit_to_be_a_clip(name: str) -> None:
    for index in UNITS:
        clip = unit(name, index)
        assert clip.label == LABELS[name]
        assert clip.synthetic is True
        assert clip.samples.dtype == np.float32
        assert np.isfinite(clip.samples).all()
        assert 0.25 <= len(clip.samples) / 16_000 <= 10.0
        assert abs(20 * np.log10(np.abs(clip.samples).max()) - number(clip, "peak_dbfs")) < 1e-3
        assert abs(clip.samples.mean()) < 0.01
        assert json.loads(json.dumps(clip.recipe)) == clip.recipe
        assert clip.recipe["generator"] == name


@pytest.mark.parametrize("name", made.ALARMS)
def test_the_same_seed_gives_the_same_bytes_another_gives_others(name: str) -> None:
    first, again = made.alarm(name, 1, 0), made.alarm(name, 1, 0)
    assert first.samples.tobytes() == again.samples.tobytes()
    assert first.recipe == again.recipe
    assert len({first.samples.tobytes(), *(unit(name, index).samples.tobytes() for index in range(10))}) == 11


@pytest.mark.parametrize("name", made.ALARMS)
def test_nothing_is_folded_back_to_the_top_of_the_band(name: str) -> None:
    for index in range(8):
        samples = unit(name, index).samples
        power = np.abs(np.fft.rfft(samples)) ** 2
        top = round(7800 / 8000 * len(power))
        assert power[top:].sum() < 1e-3 * power.sum()


@pytest.mark.parametrize("name", made.ALARMS)
def test_units_differ_as_devices_do(name: str) -> None:
    clips = [unit(name, index) for index in range(30)]
    centroids = [float(np.log(_centroid(clip.samples))) for clip in clips]
    assert np.std(centroids) > 0.02
    assert len({round(len(clip.samples) / 160) for clip in clips}) > 12


def _centroid(samples: NDArray[np.float32]) -> float:
    power = np.abs(np.fft.rfft(samples)) ** 2
    return float((power * np.fft.rfftfreq(len(samples), 1 / 16_000)).sum() / power.sum())


def test_labels_are_in_the_event_list(shared_dir: Path) -> None:
    known = json.loads((shared_dir / "data" / "labels.json").read_text())
    assert set(LABELS.values()) <= set(known)


@pytest.mark.parametrize("style", ["t3", "low"])
def test_smoke_alarm_has_three_half_second_pulses_and_a_pause(style: str) -> None:
    for clip in units(made.smoke_alarm, style):
        tempo, found = number(clip, "tempo"), pulses_of(clip.samples)
        assert len(found) == number(clip, "pulses") in (3, 6)
        starts = tempo * np.array([0, 1, 2, 4, 5, 6][: len(found)])
        assert np.abs(np.array([start for start, _ in found]) - starts).max() < 0.015
        assert np.abs(np.array([length for _, length in found]) - 0.5 * tempo).max() < 0.025
        assert 0.95 <= tempo <= 1.05


def test_smoke_alarm_pitches() -> None:
    for clip in units(made.smoke_alarm, "t3"):
        assert 2700 < peak_hertz(clip.samples) < 3600
        assert peak_hertz(clip.samples) == pytest.approx(number(clip, "hertz"), rel=0.005)
    for clip in units(made.smoke_alarm, "low"):
        assert 500 < peak_hertz(clip.samples) < 540
        fundamental = peak_hertz(clip.samples)
        assert peak_hertz(clip.samples, 1000, 2000) == pytest.approx(3 * fundamental, rel=0.005)


def test_a_pair_of_smoke_alarms_beats() -> None:
    clip = made.smoke_alarm(np.random.default_rng(1), "t3_pair")
    one, two = number(clip, "hertz"), number(clip, "second_hertz")
    pulse = clip.samples[800:7200]
    assert peak_hertz(pulse, min(one, two) - 10, max(one, two) + 10) == pytest.approx(one, rel=0.02)
    assert 0 < abs(one - two) < 0.016 * one


def test_a_sweeping_siren_covers_its_depth_without_a_pause() -> None:
    for clip in units(made.smoke_alarm, "sweep"):
        blocks = clip.samples[: len(clip.samples) // 400 * 400].reshape(-1, 400)
        heard = [peak_hertz(block, 2000, 4600) for block in blocks[2:-2]]
        hertz, depth = number(clip, "hertz"), number(clip, "depth")
        assert min(heard) < hertz * (1 - 0.5 * depth)
        assert max(heard) > hertz * (1 + 0.5 * depth)
        assert len(pulses_of(clip.samples)) == 1


def test_carbon_monoxide_has_four_quick_pulses_and_five_seconds_of_pause() -> None:
    for seed in UNITS:
        clip = made.carbon_monoxide(np.random.default_rng(seed))
        tempo, found = number(clip, "tempo"), pulses_of(clip.samples)
        one_group = [0.0, 0.2, 0.4, 0.6]
        starts = tempo * np.array(one_group + [5.7 + start for start in one_group])[: len(found)]
        assert len(found) in (4, 8)
        assert np.abs(np.array([start for start, _ in found]) - starts).max() < 0.015
        assert np.abs(np.array([length for _, length in found]) - 0.1 * tempo).max() < 0.025
        if len(found) == 8:
            assert found[4][0] - sum(found[3]) == pytest.approx(5 * tempo, abs=0.05)
        assert 2700 < peak_hertz(clip.samples) < 3600


@pytest.mark.parametrize("style", ["microwave", "oven", "fridge", "battery"])
def test_appliances_beep_as_their_recipe_says(style: str) -> None:
    for clip in units(made.appliance_beep, style):
        found = pulses_of(clip.samples)
        assert len(found) == number(clip, "pulses")
        assert float(np.mean([length for _, length in found])) == pytest.approx(number(clip, "on"), abs=0.04)
        assert peak_hertz(clip.samples) == pytest.approx(number(clip, "hertz"), rel=0.012)


def test_ding_is_higher_than_dong_and_each_dies_away() -> None:
    for clip in units(made.doorbell, "ding_dong"):
        gap = round(number(clip, "gap") * 16_000)
        ding, dong = number(clip, "hertz"), number(clip, "second_hertz")
        first, second = clip.samples[:gap], clip.samples[gap : gap + 8000]
        assert 1.17 < ding / dong < 1.37
        assert peak_hertz(first) == pytest.approx(ding, rel=0.01)
        assert peak_hertz(second, dong * 0.9, dong * 1.08) == pytest.approx(dong, rel=0.012)
        quarter = len(clip.samples) // 8
        assert np.square(clip.samples[-quarter:]).mean() < 0.1 * np.square(clip.samples[:quarter]).mean()


def test_a_buzzer_hums_with_the_mains() -> None:
    for clip in units(made.doorbell, "buzzer"):
        samples = clip.samples[: round(number(clip, "on") * 16_000)].astype(np.float64)
        spectrum = np.abs(np.fft.rfft(samples, 1 << 17))
        period = np.fft.irfft(spectrum**2)[20:400].argmax() + 20
        assert 16_000 / period == pytest.approx(number(clip, "hertz"), rel=0.02)


def test_tunes_step_at_their_pace() -> None:
    for clip in units(made.doorbell, "chime"):
        assert 3 <= number(clip, "pulses") <= 8
        assert len(clip.samples) / 16_000 >= 0.9 * number(clip, "note") * number(clip, "pulses")
        assert peak_hertz(clip.samples[: round(number(clip, "note") * 16_000)]) == pytest.approx(
            number(clip, "hertz"), rel=0.03
        )


def test_a_trill_goes_to_and_fro_between_two_tones() -> None:
    for clip in units(made.phone_ring, "trill"):
        one, two, rate = (number(clip, field) for field in ("hertz", "second_hertz", "turns_per_second"))
        slot = 16_000 / rate
        for turn in range(3):
            middle = clip.samples[round((turn + 0.1) * slot) : round((turn + 0.95) * slot)]
            assert peak_hertz(middle, 500, 2700) == pytest.approx((one, two)[turn % 2], rel=0.04)


def test_a_phone_keeps_its_cadence() -> None:
    for clip in units(made.phone_ring, "trill"):
        found = pulses_of(clip.samples)
        whole = [(a, b) for a, b in found if b > 0.05]
        assert whole[0][0] < 0.02
        assert len(clip.samples) / 16_000 >= number(clip, "on") - 1e-3
        if clip.recipe["cadence"] == "double":
            silent = clip.samples[round(0.41 * 16_000) : round(0.59 * 16_000)]
            assert not silent.any()


def test_a_bell_is_struck_as_often_as_its_hammer_moves() -> None:
    ratios = []
    for clip in units(made.phone_ring, "bell"):
        ring = clip.samples[: round(min(number(clip, "on"), 1.0) * 16_000)].astype(np.float64)
        bright = np.diff(ring, append=0.0)
        energy = np.square(bright[: len(bright) // 32 * 32]).reshape(-1, 32).sum(1)  # 500 a second
        rises = np.maximum(np.diff(energy), 0)
        turns = (np.arange(len(rises)) + 1) * number(clip, "turns_per_second") / 500
        is_blow = np.abs(turns - np.round(turns)) < 0.006 * number(clip, "turns_per_second")
        ratios.append(rises[is_blow].mean() / rises[~is_blow].mean())
    assert min(ratios) > 1.3
    assert np.mean(ratios) > 2


def test_a_car_siren_runs_through_several_patterns() -> None:
    for clip in units(made.car_alarm, "siren"):
        patterns = str(clip.recipe["patterns"]).split()
        assert 2 <= len(set(patterns)) == len(patterns) <= 4
        blocks = clip.samples[: len(clip.samples) // 800 * 800].reshape(-1, 800)
        heard = [peak_hertz(block, 300, 3000) for block in blocks]
        assert np.percentile(heard, 95) > 1.2 * np.percentile(heard, 5)


def test_a_car_horn_has_two_tones_on_and_off() -> None:
    for clip in units(made.car_alarm, "horn"):
        on, low, high = (number(clip, field) for field in ("on", "hertz", "second_hertz"))
        pulse = clip.samples[: round(on * 16_000)]
        for hertz in (low, high):
            assert peak_hertz(pulse, hertz * 0.93, hertz * 1.07) == pytest.approx(hertz, rel=0.02)
        assert len(pulses_of(clip.samples)) >= number(clip, "pulses")


def test_a_clock_beeps_in_fours_every_second() -> None:
    for clip in units(made.clock_alarm, "groups"):
        found = pulses_of(clip.samples)
        assert len(found) == number(clip, "pulses")
        assert len(found) % 4 == 0
        starts = np.array([start for start, _ in found]).reshape(-1, 4)
        assert np.abs(np.diff(starts[:, 0]) - number(clip, "period")).max() < 0.02
        assert np.abs(np.diff(starts, axis=1) - number(clip, "on") - number(clip, "off")).max() < 0.02


def test_half_of_the_clocks_run_on_a_quartz() -> None:
    pitches = [
        peak_hertz(clip.samples) for clip in (made.clock_alarm(np.random.default_rng(s), "groups") for s in range(40))
    ]
    quartz = sum(min(abs(pitch / 2048 - 1), abs(pitch / 4096 - 1)) < 0.004 for pitch in pitches)
    assert 12 <= quartz <= 28


def test_a_rising_clock_grows_to_four_beeps() -> None:
    for clip in units(made.clock_alarm, "rising"):
        groups = [int(start / number(clip, "period") + 0.05) for start, _ in pulses_of(clip.samples)]
        counts = np.bincount(groups).tolist()
        assert counts == [min(4, group + 1) for group in range(len(counts))]


def test_every_style_comes_up() -> None:
    expected = {
        "smoke_alarm": {"t3", "t3_pair", "low", "sweep", "pulsed"},
        "carbon_monoxide": {"t4"},
        "appliance_beep": {"microwave", "oven", "fridge", "battery", "melody"},
        "doorbell": {"ding_dong", "chime", "buzzer"},
        "phone_ring": {"bell", "trill"},
        "car_alarm": {"siren", "horn"},
        "clock_alarm": {"groups", "single", "rising", "buzz", "bell"},
    }
    for name, styles in expected.items():
        assert {unit(name, index).recipe["style"] for index in range(45)} == styles


def test_alarms_gives_every_kind_the_same_number() -> None:
    clips = list(made.alarms(seed=4, per_kind=2))
    assert [clip.recipe["generator"] for clip in clips] == [name for name in made.ALARMS for _ in range(2)]
    assert clips[1].samples.tobytes() == made.alarm("smoke_alarm", 4, 1).samples.tobytes()


def test_unknown_names_and_styles_are_refused() -> None:
    with pytest.raises(UsageError, match="no alarm 'gong'"):
        made.alarm("gong", 0, 0)
    with pytest.raises(UsageError, match="no style 'loud'"):
        made.doorbell(np.random.default_rng(0), "loud")
