"""Electronic alarms and bells of a household, drawn anew by every call: real recordings of them are scarce.

Each generator is a pure function of a numpy Generator: device (pitch, harmonics, onset), pattern (pulse
lengths, tempo, jitter) and level are drawn; the room is left to augmentation. Real piezo beepers
guided the ranges: a disc driven near its resonance with weak even harmonics, a pitch that settles
within some tens of milliseconds, a quartz that holds 2048 or 4096 Hz in clocks.
Source: own; the patterns T3 and T4 are those of ISO 8201 and of NFPA 72 and 720.
Tests: tests/data/generate/test_alarms.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from soundflow.data.generate.clip import GeneratedClip, Recipe, finish, generator_for
from soundflow.data.generate.devices import Bar, Beeper, Pulses, Rng, drawn_level, log_uniform, piezo, rectangle
from soundflow.data.generate.oscillators import Wave, arrange, times
from soundflow.errors import UsageError

_JITTER = 0.002  # seconds, spread of a pulse's start: cheap timers, not musicians


def drawn_style(rng: Rng, wanted: str | None, *choices: str) -> str:
    """The style asked for, or one of the choices; what is often met stands there more than once."""
    if wanted is None:
        return choices[int(rng.integers(len(choices)))]
    if wanted not in choices:
        known = ", ".join(dict.fromkeys(choices))
        raise UsageError("generate.unknown", f"there is no style {wanted!r}", f"choose one of {known}")
    return wanted


def _groups(
    rng: Rng, on: float, off: float, per_group: int, period: float, groups: int, jitter: float = _JITTER
) -> Pulses:
    """`per_group` pulses, `on` long and `off` apart, and that again every `period` seconds."""
    starts = [group * period + pulse * (on + off) for group in range(groups) for pulse in range(per_group)]
    return [(max(0.0, start + (rng.normal(0.0, jitter) if start else 0.0)), on) for start in starts]


def smoke_alarm(rng: Rng, style: str | None = None) -> GeneratedClip:
    """Three pulses of 0.5 s, 0.5 s apart, then 1.5 s of pause (T3); or an older siren.

    Styles: `t3` a piezo horn near 3.1 kHz, `t3_pair` two of them beating, `low` a 520 Hz square wave for
    sleepers, `sweep` a horn that sweeps without a pause, `pulsed` short pulses without a pause.
    """
    style = drawn_style(rng, style, "t3", "t3", "t3", "t3_pair", "low", "sweep", "pulsed")
    tempo = float(rng.uniform(0.95, 1.05))
    horn = rectangle(rng, 520.0 * rng.uniform(0.97, 1.03)) if style == "low" else piezo(rng, rng.uniform(2750, 3550))
    recipe: Recipe = {"generator": "smoke_alarm", "style": style, "tempo": tempo, **horn.recipe()}
    if style == "sweep":
        sound, drawn = _sweeping(rng, horn)
        return finish(sound, "smoke_alarm", {**recipe, **drawn}, rng)
    if style == "pulsed":
        on = float(rng.uniform(0.08, 0.3))
        count = int(rng.uniform(3.0, 6.0) / (2 * on))
        recipe |= {"on": on, "off": on, "pulses": count}
        return finish(horn.play(_groups(rng, on, on, count, 0.0, 1)), "smoke_alarm", recipe, rng)
    cycles = int(rng.integers(1, 3))
    pulses = _groups(rng, 0.5 * tempo, 0.5 * tempo, 3, 4.0 * tempo, cycles)
    sound = horn.play(pulses)
    if style == "t3_pair":
        other, late = piezo(rng, horn.hertz * rng.uniform(0.985, 1.015)), float(rng.uniform(0.0, 0.03))
        level = drawn_level(rng, -12, 0)
        sound = arrange([(0.0, sound), (late, level * other.play(pulses))])
        recipe |= {"second_hertz": other.hertz, "second_late": late}
    recipe |= {"on": 0.5 * tempo, "off": 0.5 * tempo, "period": 4.0 * tempo, "pulses": len(pulses)}
    return finish(sound, "smoke_alarm", recipe, rng)


def _sweeping(rng: Rng, horn: Beeper) -> tuple[Wave, Recipe]:
    seconds, sweeps = float(rng.uniform(3.0, 6.0)), log_uniform(rng, 2.0, 12.0)
    depth = float(rng.uniform(0.05, 0.2))
    bend = 1.0 + depth * _triangle(sweeps * times(seconds))
    return horn.beep(seconds, bend), {"sweeps_per_second": sweeps, "depth": depth}


def _triangle(turns: Wave) -> Wave:
    return 1.0 - 4.0 * np.abs((turns + 0.25) % 1.0 - 0.5)


def carbon_monoxide(rng: Rng) -> GeneratedClip:
    """Four quick pulses of 0.1 s, then 5 s of pause (T4), once or twice. Its label is `smoke_alarm`."""
    tempo = float(rng.uniform(0.93, 1.07))
    horn = piezo(rng, rng.uniform(2750, 3550))
    groups = int(rng.integers(1, 3))
    on, period = 0.1 * tempo, 5.7 * tempo
    recipe: Recipe = {"generator": "carbon_monoxide", "style": "t4", "tempo": tempo, **horn.recipe()}
    recipe |= {"on": on, "off": on, "period": period, "pulses": 4 * groups}
    return finish(horn.play(_groups(rng, on, on, 4, period, groups)), "smoke_alarm", recipe, rng)


def appliance_beep(rng: Rng, style: str | None = None) -> GeneratedClip:
    """Ovens, microwaves, machines and empty batteries.

    Styles: `microwave` long beeps a second apart, `oven` groups of short ones, `fridge` pairs that go on,
    `battery` a lone chirp or two, `melody` the three to six notes of a finished washing machine.
    """
    style = drawn_style(rng, style, "microwave", "microwave", "oven", "oven", "fridge", "battery", "melody")
    if style == "melody":
        return _melody(rng, "appliance_beep", {"generator": "appliance_beep", "style": style})
    is_piezo = style == "battery" or rng.random() < 0.75
    hertz = rng.uniform(2600, 3900) if style == "battery" else log_uniform(rng, 880, 4200)
    beeper = piezo(rng, float(hertz)) if is_piezo else rectangle(rng, float(hertz))
    on, off, per_group, period, groups = {
        "microwave": (rng.uniform(0.35, 1.1), rng.uniform(0.5, 1.1), int(rng.integers(2, 6)), 0.0, 1),
        "oven": (
            rng.uniform(0.07, 0.25),
            rng.uniform(0.06, 0.25),
            int(rng.integers(2, 6)),
            2.6,
            int(rng.integers(1, 4)),
        ),
        "fridge": (rng.uniform(0.06, 0.15), rng.uniform(0.06, 0.12), 2, rng.uniform(0.8, 1.4), int(rng.integers(2, 6))),
        "battery": (rng.uniform(0.06, 0.2), 0.0, 1, rng.uniform(2.0, 4.0), int(rng.integers(1, 3))),
    }[style]
    pulses = _groups(rng, on, off, per_group, period, groups)
    recipe: Recipe = {"generator": "appliance_beep", "style": style, **beeper.recipe(), "on": on, "off": off}
    recipe |= {"period": period, "pulses": len(pulses), "piezo": int(is_piezo)}
    return finish(beeper.play(pulses), "appliance_beep", recipe, rng)


def doorbell(rng: Rng, style: str | None = None) -> GeneratedClip:
    """Somebody at the door.

    Styles: `ding_dong` two struck bars a third or so apart, `chime` an electronic tune whose notes ring on,
    `buzzer` a mains-driven reed.
    """
    style = drawn_style(rng, style, "ding_dong", "ding_dong", "ding_dong", "chime", "buzzer")
    recipe: Recipe = {"generator": "doorbell", "style": style}
    if style == "chime":
        return _melody(rng, "doorbell", recipe)
    if style == "buzzer":
        reed = rectangle(rng, float(rng.choice([100.0, 120.0])), duty=rng.uniform(0.08, 0.3))
        on = float(rng.uniform(0.3, 1.2))
        pulses = _groups(rng, on, float(rng.uniform(0.15, 0.4)), int(rng.integers(1, 4)), 0.0, 1)
        recipe |= {**reed.recipe(), "on": on, "pulses": len(pulses)}
        return finish(reed.play(pulses), "doorbell", recipe, rng)
    ding, ratio = log_uniform(rng, 520, 1000), float(rng.uniform(1.18, 1.36))
    gap, rounds = float(rng.uniform(0.35, 0.9)), int(rng.integers(1, 3))
    bar = Bar.drawn(rng)
    blows = [(ding, 0.0), (ding / ratio, gap)]
    pause = gap + float(rng.uniform(0.9, 1.6))
    parts = [(k * pause + start, bar.blow(hertz)) for k in range(rounds) for hertz, start in blows]
    recipe |= {"hertz": ding, "second_hertz": ding / ratio, "gap": gap, "rounds": rounds, "decay": bar.decays[0]}
    return finish(arrange(parts), "doorbell", recipe, rng)


def _melody(rng: Rng, label: str, recipe: Recipe) -> GeneratedClip:
    """A tune of a chip: notes of a major chord or scale, ringing on or cut."""
    steps = np.array([0, 4, 7, 12, 16] if rng.random() < 0.6 else [0, 2, 4, 5, 7, 9, 11, 12])
    root, note = log_uniform(rng, 400, 1100), log_uniform(rng, 0.1, 0.45)
    notes = rng.choice(steps, size=int(rng.integers(3, 9)))
    hertz = [float(root * 2.0 ** (step / 12.0)) for step in notes]
    if rings := bool(rng.random() < 0.6):
        bar = Bar.drawn(rng, longest=0.5)
        parts = [(k * note, bar.blow(pitch)) for k, pitch in enumerate(hertz)]
    else:
        chip = rectangle(rng, root)
        parts = [(k * note, chip.beep(0.92 * note, pitch / root)) for k, pitch in enumerate(hertz)]
    recipe |= {"hertz": hertz[0], "note": note, "pulses": len(notes), "rings": int(rings)}
    return finish(arrange(parts), label, recipe, rng)


def phone_ring(rng: Rng, style: str | None = None) -> GeneratedClip:
    """A telephone: `bell` two gongs under one hammer, or `trill` two tones in quick turns; in its cadence."""
    style = drawn_style(rng, style, "bell", "trill", "trill")
    hertz, ratio = (log_uniform(rng, 700, 1900), float(rng.uniform(1.12, 1.35)))
    turns = float(rng.uniform(18, 26) if style == "bell" else rng.uniform(9, 26))  # hammer blows, or tones, a second
    rings, cadence = _cadence(rng)
    burst = _hammered if style == "bell" else _trill
    sounds = {on: burst(rng, hertz, ratio, turns, on) for on in sorted({on for _, on in rings})}
    recipe: Recipe = {"generator": "phone_ring", "style": style, "hertz": hertz, "second_hertz": hertz * ratio}
    recipe |= {"turns_per_second": turns, "cadence": cadence, "on": rings[0][1], "pulses": len(rings)}
    return finish(arrange((start, sounds[on]) for start, on in rings), "phone_ring", recipe, rng)


def _cadence(rng: Rng) -> tuple[Pulses, str]:
    """Start and length of each ring: long ones, or the double ring of Britain, or a desk phone's short one."""
    name = drawn_style(rng, None, "long", "double", "short")
    if name == "double":
        return [(0.0, 0.4), (0.6, 0.4), (3.0, 0.4), (3.6, 0.4)][: 2 * int(rng.integers(1, 3))], name
    on = float(rng.uniform(1.0, 2.0) if name == "long" else rng.uniform(0.5, 0.9))
    off = float(rng.uniform(2.0, 3.5) if name == "long" else rng.uniform(0.5, 1.5))
    return [(k * (on + off), on) for k in range(int(rng.integers(1, 4 if name == "short" else 3)))], name


def _hammered(rng: Rng, hertz: float, ratio: float, blows: float, seconds: float) -> Wave:
    gongs = [(hertz, Bar.bell(rng)), (hertz * ratio, Bar.bell(rng))]
    parts = []
    for count in range(int(seconds * blows)):
        pitch, gong = gongs[count % 2]
        parts.append((max(0.0, count / blows + rng.normal(0, _JITTER)), drawn_level(rng, -2, 0) * gong.blow(pitch)))
    return arrange(parts)


def _trill(rng: Rng, hertz: float, ratio: float, turns: float, seconds: float) -> Wave:
    chip = rectangle(rng, hertz) if rng.random() < 0.6 else piezo(rng, hertz)
    is_second = np.floor(times(seconds) * turns) % 2 == 1
    return chip.beep(seconds, np.where(is_second, ratio, 1.0))


def car_alarm(rng: Rng, style: str | None = None) -> GeneratedClip:
    """`siren` goes through two to four of the usual patterns; `horn` blows the car's two-tone horn on and off."""
    style = drawn_style(rng, style, "siren", "siren", "siren", "horn")
    recipe: Recipe = {"generator": "car_alarm", "style": style}
    if style == "horn":
        low = rectangle(rng, rng.uniform(340, 440), duty=rng.uniform(0.15, 0.4))
        high = rectangle(rng, low.hertz * rng.uniform(1.19, 1.27), duty=rng.uniform(0.15, 0.4))
        on, off = float(rng.uniform(0.3, 0.7)), float(rng.uniform(0.3, 0.7))
        pulses = _groups(rng, on, off, int(rng.integers(4, 9)), 0.0, 1)
        recipe |= {"hertz": low.hertz, "second_hertz": high.hertz, "on": on, "off": off, "pulses": len(pulses)}
        return finish(low.play(pulses) + high.play(pulses), "car_alarm", recipe, rng)
    siren = rectangle(rng, log_uniform(rng, 700, 1100))
    names = [str(name) for name in rng.permutation(sorted(_CAR_PATTERNS))[: int(rng.integers(2, 5))]]
    start, parts = 0.0, []
    for name in names:
        seconds = float(rng.uniform(1.5, 2.4))
        parts.append((start, siren.beep(seconds, _CAR_PATTERNS[name](times(seconds), rng))))
        start += seconds + 0.02
    return finish(arrange(parts), "car_alarm", {**recipe, **siren.recipe(), "patterns": " ".join(names)}, rng)


def _wail(t: Wave, rng: Rng) -> Wave:
    return 1.2 + 0.5 * _triangle(rng.uniform(0.8, 1.5) * t)


def _yelp(t: Wave, rng: Rng) -> Wave:
    return 1.3 + 0.6 * _triangle(rng.uniform(3.0, 6.0) * t)


def _high_low(t: Wave, rng: Rng) -> Wave:
    return np.where(rng.uniform(1.5, 3.0) * t % 1.0 < 0.5, 1.0, rng.uniform(1.25, 1.6))


def _rising(t: Wave, rng: Rng) -> Wave:
    return 0.8 + 1.2 * (rng.uniform(2.0, 5.0) * t % 1.0)


def _falling(t: Wave, rng: Rng) -> Wave:
    return 2.0 - 1.2 * (rng.uniform(2.0, 5.0) * t % 1.0)


def _warble(t: Wave, rng: Rng) -> Wave:
    return 1.2 + 0.3 * _triangle(rng.uniform(10.0, 18.0) * t)


_CAR_PATTERNS: Mapping[str, Callable[[Wave, Rng], Wave]] = {
    "wail": _wail,
    "yelp": _yelp,
    "high_low": _high_low,
    "rising": _rising,
    "falling": _falling,
    "warble": _warble,
}


def clock_alarm(rng: Rng, style: str | None = None) -> GeneratedClip:
    """A bedside clock.

    Styles: `groups` of four quick beeps every second, `single` beeps on and off, `rising` groups that start with
    one beep and grow to four, `buzz` a low harsh tone on and off, `bell` a hammer on a gong.
    """
    style = drawn_style(rng, style, "groups", "groups", "groups", "single", "rising", "buzz", "bell")
    recipe: Recipe = {"generator": "clock_alarm", "style": style}
    if style == "bell":
        hertz, blows, seconds = log_uniform(rng, 900, 2600), float(rng.uniform(11, 24)), float(rng.uniform(2, 5))
        recipe |= {"hertz": hertz, "turns_per_second": blows}
        return finish(_hammered(rng, hertz, 1.0, blows, seconds), "clock_alarm", recipe, rng)
    beeper = _buzzer(rng) if style == "buzz" else piezo(rng, _clock_pitch(rng))
    on, off = float(rng.uniform(0.05, 0.11)), float(rng.uniform(0.04, 0.09))
    period, groups = float(rng.uniform(0.95, 1.05)), int(rng.integers(3, 7))
    if style in ("single", "buzz"):
        on = off = float(rng.uniform(0.15, 0.5))
        pulses = _groups(rng, on, off, int(rng.uniform(2.5, 6.0) / (on + off)), 0.0, 1)
    elif style == "rising":
        pulses = [
            (start + group * period, length)
            for group in range(groups)
            for start, length in _groups(rng, on, off, min(4, group + 1), 0.0, 1)
        ]
    else:
        pulses = _groups(rng, on, off, 4, period, groups)
    recipe |= {**beeper.recipe(), "on": on, "off": off, "period": period, "pulses": len(pulses)}
    return finish(beeper.play(pulses), "clock_alarm", recipe, rng)


def _clock_pitch(rng: Rng) -> float:
    """Half of all clocks divide their 32,768 Hz quartz; the rest have an oscillator of their own."""
    if rng.random() < 0.5:
        return float(rng.choice([2048.0, 4096.0]) * rng.uniform(0.9995, 1.0005))
    return log_uniform(rng, 800, 4400)


def _buzzer(rng: Rng) -> Beeper:
    return rectangle(rng, log_uniform(rng, 380, 950), duty=rng.uniform(0.2, 0.5))


ALARMS: Mapping[str, Callable[[Rng], GeneratedClip]] = {
    "smoke_alarm": smoke_alarm,
    "carbon_monoxide": carbon_monoxide,
    "appliance_beep": appliance_beep,
    "doorbell": doorbell,
    "phone_ring": phone_ring,
    "car_alarm": car_alarm,
    "clock_alarm": clock_alarm,
}


def alarm(name: str, seed: int, index: int) -> GeneratedClip:
    """The `index`-th alarm of this kind under a seed: the same samples whoever asks.

    Raises:
        UsageError: no such alarm (`generate.unknown`).
    """
    if name not in ALARMS:
        raise UsageError("generate.unknown", f"there is no alarm {name!r}", "choose one of " + ", ".join(ALARMS))
    return ALARMS[name](generator_for(seed, index, name))


def alarms(seed: int, per_kind: int) -> Iterator[GeneratedClip]:
    """`per_kind` alarms of every kind, kind by kind."""
    for name in ALARMS:
        for index in range(per_kind):
            yield alarm(name, seed, index)
