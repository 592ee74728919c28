"""Notes, chords, phrases and beats of every General MIDI instrument, out of soundfonts: music to learn silence from.

    apt-get install fluidsynth fluid-soundfont-gm
    python examples/notes_from_soundfonts.py /usr/share/sounds/sf2/FluidR3_GM.sf2 --out sounds/silent
    soundflow data index sounds/silent --out silent.store

Each is a file in OUT/music/sample_note or OUT/music/beats; the same seed gives the same notes.
Tests: tests/examples/test_scripts.py.
"""

from __future__ import annotations

import argparse
import random
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

PROGRAMS = range(116)  # instruments; those above are effects
PERCUSSION = range(27, 88)  # keys of the percussion channel, each an instrument
LOW = frozenset((*range(32, 40), 42, 43, 57, 58, 67, 70))  # programs that sound well below middle C
SLOT_SECONDS = 12.0  # of one piece in the rendering, its echo included
LONGEST_SECONDS = 9.0  # until the last key is up
TICKS = 960  # a second: 480 a quarter at 120 quarters a minute
RATE = 32_000
SOFTEST = 0.004  # of full scale; what is below at either end is cut
CHORDS = ((0, 4, 7), (0, 3, 7), (0, 5, 9), (0, 7, 12))
STEPS = (-5, -4, -2, -2, -1, 1, 2, 2, 3, 4, 5, 7, -7)  # between neighbouring keys of a tune

Key = tuple[float, float, int]  # pressed at, for so long, which


def piece(rng: random.Random, program: int) -> list[Key]:
    """A note, a chord, a phrase of 3 to 6 keys or a tune of 8 to 16."""
    low, high = (36, 60) if program in LOW else (48, 84)
    base = rng.randint(low, high)
    kind = rng.choice(("note", "note", "phrase", "phrase", "chord", "tune"))
    if kind == "note":
        return [(0.0, rng.uniform(0.3, 3.0), base)]
    if kind == "chord":
        seconds = rng.uniform(0.6, 3.0)
        return [(0.0, seconds, base + interval) for interval in rng.choice(CHORDS)]
    keys: list[Key] = []
    at, beat = 0.0, rng.uniform(0.12, 0.7)
    for _ in range(rng.randint(3, 6) if kind == "phrase" else rng.randint(8, 16)):
        seconds = beat * rng.choice((1.0, 1.0, 2.0, 0.5))
        if at + seconds > LONGEST_SECONDS:
            break
        keys.append((at, seconds * rng.uniform(0.4, 1.05), base))
        at += seconds
        base = min(high + 5, max(low - 5, base + rng.choice(STEPS)))
    return keys


def beats(rng: random.Random, key: int) -> list[Key]:
    """One stroke, a roll, or a rhythm in which another instrument of percussion may join."""
    kind = rng.choice(("stroke", "stroke", "roll", "rhythm"))
    if kind == "stroke":
        return [(0.0, 1.0, key)]
    beat = rng.uniform(0.05, 0.12) if kind == "roll" else rng.uniform(0.15, 0.6)
    count = min(rng.randint(3, 24), int(LONGEST_SECONDS / beat))
    other = rng.choice((key, key, rng.choice(PERCUSSION)))
    return [
        (i * beat, beat, key if i % 2 == 0 or kind == "roll" else other) for i in range(count) if rng.random() < 0.85
    ]


def midi(pieces: list[tuple[int | None, int, list[Key]]]) -> bytes:
    """One track: each piece (program or None for percussion, loudness 1 to 127, keys) in a slot of its own."""
    events: list[tuple[float, bytes]] = []
    for number, (program, loudness, keys) in enumerate(pieces):
        begin = number * SLOT_SECONDS
        channel = 9 if program is None else 0
        if program is not None:
            events.append((begin, bytes((0xC0, program))))
        for at, seconds, key in keys:
            events.append((begin + 0.05 + at, bytes((0x90 + channel, key, loudness))))
            events.append((begin + 0.05 + at + seconds, bytes((0x80 + channel, key, 0))))
    events.sort(key=lambda event: event[0])
    track, tick = b"", 0
    for second, message in events:
        now = round(second * TICKS)
        track += _variable_length(now - tick) + message
        tick = now
    track += _variable_length(TICKS) + b"\xff\x2f\x00"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480) + b"MTrk" + struct.pack(">I", len(track)) + track


def _variable_length(number: int) -> bytes:
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append((number & 0x7F) | 0x80)
    return bytes(reversed(digits))


def render(soundfont: Path, take: int, seed: int, out: Path) -> int:
    """One piece of every instrument; how many there are."""
    rng = random.Random(f"{soundfont.stem} {take} {seed}")
    pieces: list[tuple[int | None, int, list[Key]]] = [
        *((program, rng.randint(50, 120), piece(rng, program)) for program in PROGRAMS),
        *((None, rng.randint(50, 120), beats(rng, key)) for key in PERCUSSION),
    ]
    with tempfile.TemporaryDirectory() as folder:
        score, sound = Path(folder) / "score.mid", Path(folder) / "sound.wav"
        score.write_bytes(midi(pieces))
        order = ["fluidsynth", "-ni", "-q", "-F", sound, "-r", RATE, "-g", 0.6, soundfont, score]
        subprocess.run([*map(str, order)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        samples = soundfile.read(sound, always_2d=True, dtype="float32")[0].mean(axis=1)
    done = 0
    for number, name in enumerate([*(f"sample_note/{p}" for p in PROGRAMS), *(f"beats/{key}" for key in PERCUSSION)]):
        begin, end = (round(at * SLOT_SECONDS * RATE) for at in (number, number + 1))
        heard = np.flatnonzero(np.abs(samples[begin:end]) > SOFTEST)
        if heard.size:
            slot = samples[begin:end][heard[0] : heard[-1] + 1]
            target = out / "music" / f"{name}-{soundfont.stem}-{take}.flac"
            target.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(target, np.clip(slot, -1, 1), RATE)
            done += 1
    return done


def main() -> int:
    """Render every soundfont, take by take."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("soundfonts", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--takes", type=int, default=4, help="pieces of each instrument")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if not shutil.which("fluidsynth"):
        print("there is no fluidsynth: apt-get install fluidsynth", file=sys.stderr)
        return 2
    for soundfont in args.soundfonts:
        for take in range(args.takes):
            done = render(soundfont, take, args.seed, args.out)
            print(f"{soundfont.name}, take {take + 1}: {done} pieces", flush=True)
    print(f"rendered into {args.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
