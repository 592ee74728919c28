"""Compose the recordings that ship with the package from their scores, with timelines and an attribution table.

    python examples/make_examples.py --clips FOLDER --out src/soundflow/examples kitchen garden
    python examples/make_examples.py --clips FOLDER --check src/soundflow/examples kitchen garden

FOLDER holds clips.jsonl and the recordings. The samples are the same every time; only the serial number inside the
ogg files differs, so `--check` compares decoded sound. Tests: tests/examples/test_scripts.py.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from soundflow.audio.decode import read_audio
from soundflow.data.generate import alarms
from soundflow.data.generate.clip import generator_for
from soundflow.data.tfjp import fade
from soundflow.data.timeline import SAMPLE_RATE, StreamEvent, Timeline, cue_of, write_timeline
from soundflow.errors import InputError, SoundflowError

Samples = NDArray[np.float32]

SCORES = Path(__file__).with_name("scores.toml")
FADE_SAMPLES = 80  # 5 ms: a fade that no ear notices and no click survives; chosen
OGG_QUALITY = 0.7  # libsndfile's compression level, 0 best to 1 smallest; chosen: about 25 kbit/s
ROOM_SEED = 7

# Who made what, where a package's own list names single files. First match wins.
# Source: README.txt of the mods default and doors, and the copyright files of the packages.
AUTHORS = (
    ("*break_glass.1.ogg", "cmusounddesign (freesound 71947)", "CC-BY-3.0"),
    ("*break_glass.2.ogg", "Tomlija (freesound 97669)", "CC-BY-3.0"),
    ("*break_glass.3.ogg", "lsprice (freesound 88808)", "CC-BY-3.0"),
    ("*gravel_footstep.*", "Mito551", "CC-BY-SA-3.0"),
    ("*wood_footstep.*", "Mito551", "CC-BY-SA-3.0"),
    ("*doors_door_open.ogg", "CGEffex, modified by BlockMen", "CC-BY-3.0"),
    ("*doors_door_close.ogg", "bennstir", "CC-BY-3.0"),
    ("*fencegate_close.ogg", "BarkersPinhead (freesound 274807), rivernile7 (249573)", "CC-BY-3.0"),
    ("*glass_door_close.ogg", "SkeetMasterFunk69 (freesound 235546)", "CC0-1.0"),
    ("*fire_fire.*", "Dynamicell (freesound 17548)", "CC-BY-3.0"),
    ("*.g722", "Allison Smith for Digium/Sangoma", "CC-BY-SA-3.0"),
    ("tuxpaint/*", "the Tux Paint stamps project (Bill Kendrick and others)", "GPL-2.0-or-later"),
    ("games/wesnoth/*", "the Battle for Wesnoth project", "GPL-2.0-or-later"),
)

# Which licences may go into a recording under which licence.
MAY_HOLD = {
    "CC0-1.0": {"CC0-1.0"},
    "CC-BY-SA-3.0": {"CC0-1.0", "CC-BY-3.0", "CC-BY-SA-3.0"},
    "GPL-2.0-or-later": {"CC0-1.0", "GPL-2.0-or-later"},
}


@dataclass(frozen=True)
class Sound:
    """One sound of a score, ready to be placed, and the row it gets in the attribution table."""

    samples: Samples
    event: StreamEvent
    split: str
    author: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Build or check the named examples, by default all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clips", type=Path, required=True, help="folder with clips.jsonl and the recordings")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=Path, help="folder to write into")
    where.add_argument("--check", type=Path, help="folder of recordings that must be what the scores give")
    parser.add_argument("names", nargs="*", help="which examples (default: all)")
    chosen = parser.parse_args(arguments)
    scores = tomllib.loads(SCORES.read_text(encoding="utf-8"))
    names = chosen.names or list(scores)
    clips = read_clips(chosen.clips)
    built = {name: compose(name, scores[name], clips, chosen.clips) for name in names}
    if chosen.check:
        return 0 if all([check(name, samples, chosen.check) for name, (samples, *_) in built.items()]) else 1
    chosen.out.mkdir(parents=True, exist_ok=True)
    for name, (samples, timeline, _) in built.items():
        write_ogg(chosen.out / f"{name}.ogg", samples)
        write_timeline(timeline, chosen.out / f"{name}.timeline.json")
    parts = [attribution(name, scores[name], sounds) for name, (_, _, sounds) in built.items()]
    (chosen.out / "ATTRIBUTION.md").write_text(PREFACE + "".join(parts), encoding="utf-8")
    return 0


def read_clips(folder: Path) -> dict[str, dict[str, Any]]:
    """The rows of clips.jsonl by id."""
    with (folder / "clips.jsonl").open(encoding="utf-8") as file:
        return {row["id"]: row for row in map(json.loads, file)}


def compose(
    name: str, score: Mapping[str, Any], clips: Mapping[str, dict[str, Any]], folder: Path
) -> tuple[Samples, Timeline, list[Sound]]:
    """Place every sound of a score: samples float32 [n], the timeline, and the sounds in their order."""
    length = round(score["seconds"] * SAMPLE_RATE)
    out = room_noise(length, score["room"])
    sounds = [
        made_sound(row) if "make" in row else clip_sound(row, clips[row["clip"]], folder) for row in score["sounds"]
    ]
    for sound in sounds:
        check_licence(name, score["licence"], sound)
        start = round(sound.event.onset * SAMPLE_RATE)
        if start + len(sound.samples) > length:
            raise InputError("score.length", f"{name}: {sound.event.label} ends after the stream", "make it longer")
        out[start : start + len(sound.samples)] += sound.samples
    peak = float(np.abs(out).max())
    if peak > 0.99:
        raise InputError("score.peak", f"{name} has a peak of {peak:.2f}", "lower a level")
    timeline = Timeline(score["seconds"], 0.4, None, "proactive", tuple(s.event for s in sounds))
    return out, timeline, sounds


def check_licence(name: str, whole: str, sound: Sound) -> None:
    """Refuse a sound whose licence does not go into the recording's."""
    if sound.event.licence not in MAY_HOLD[whole]:
        message = f"{name} is {whole}, but {sound.event.clip} is {sound.event.licence}"
        raise InputError("score.licence", message, f"{whole} may hold {', '.join(sorted(MAY_HOLD[whole]))}")


def clip_sound(row: Mapping[str, Any], clip: Mapping[str, Any], folder: Path) -> Sound:
    """A recording at its level; only what a Debian package offers under a free licence may be used."""
    if not clip["source"].startswith("Debian package "):
        raise InputError("score.source", f"{clip['id']} comes from {clip['source']}", "use a clip of a Debian package")
    author, licence = credit(clip)
    samples = read_audio(folder / clip["path"])
    extra = {"clip": clip["id"], "recording": clip["recording"], "source": clip["source"], "licence": licence}
    return sound_of(row, samples, clip["label"], clip["kind"], clip["proactive"], extra, clip["split"], author)


def made_sound(row: Mapping[str, Any]) -> Sound:
    """A sound of our own generators at its level."""
    make = getattr(alarms, row["make"])
    made = make(generator_for(row["seed"], 0, "example"), row["style"])
    name = f"{row['make']} {row['style']} seed {row['seed']}"
    extra = {"clip": name, "recording": name, "source": "soundflow.data.generate.alarms", "licence": "CC0-1.0"}
    return sound_of(
        row, made.samples, made.label, "event", True, {**extra, "synthetic": True}, "generated", "soundflow"
    )


def sound_of(
    row: Mapping[str, Any],
    samples: Samples,
    label: str,
    kind: str,
    is_alarming: bool | None,
    extra: Mapping[str, Any],
    split: str,
    author: str,
) -> Sound:
    """Scale to the level, fade both ends, and note what it is and when."""
    gain_db = row["level"] - loudest(samples)
    scaled = fade(samples * np.float32(10 ** (gain_db / 20)), FADE_SAMPLES)
    onset, end = row["at"], row["at"] + len(samples) / SAMPLE_RATE
    event = StreamEvent(
        onset=onset,
        end=end,
        cue=cue_of(onset, end, early=True),
        label=label,
        kind=kind,
        role="foreground",
        decision="open" if is_alarming is None else "respond" if is_alarming else "ignore",
        reply=None,
        gain_db=gain_db,
        **extra,
    )
    return Sound(scaled, event, split, author)


def loudest(samples: Samples) -> float:
    """Level of the loudest tenth of a second in dBFS: how loud a short sound is taken to be."""
    width = min(len(samples), SAMPLE_RATE // 10)
    power = np.convolve(np.square(samples, dtype=np.float64), np.ones(width) / width, "valid")
    return float(10 * np.log10(power.max()))


def credit(clip: Mapping[str, Any]) -> tuple[str, str]:
    """Author and licence of a clip: from the list above, else what its row says."""
    for pattern, author, licence in AUTHORS:
        if fnmatch.fnmatch(clip["source_file"], pattern):
            return author, licence
    return clip["source_file"], clip["licence"]


def room_noise(length: int, level_dbfs: float) -> Samples:
    """Soft noise that falls with frequency, as a quiet room has: float32 [length]."""
    white = np.random.default_rng(ROOM_SEED).standard_normal(length)
    spectrum = np.fft.rfft(white)
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(length, 1 / SAMPLE_RATE), 50.0))
    pink = np.fft.irfft(spectrum, length)
    scaled: Samples = (pink * 10 ** (level_dbfs / 20) / np.sqrt(np.mean(pink**2))).astype(np.float32)
    return scaled


def write_ogg(path: Path, samples: Samples) -> None:
    """Write under a temporary name, in pieces (long single writes break old encoders), then rename."""
    temporary = path.with_suffix(".tmp")
    settings: dict[str, Any] = {"format": "OGG", "subtype": "VORBIS", "compression_level": OGG_QUALITY}
    with soundfile.SoundFile(str(temporary), "w", SAMPLE_RATE, 1, **settings) as file:
        for start in range(0, len(samples), SAMPLE_RATE):
            file.write(samples[start : start + SAMPLE_RATE])
    temporary.replace(path)


def check(name: str, samples: Samples, folder: Path) -> bool:
    """Say whether the file holds what the score gives, by encoding once more."""
    again = folder / f".{name}.check.ogg"
    try:
        write_ogg(again, samples)
        is_same = np.array_equal(read_audio(again), read_audio(folder / f"{name}.ogg"))
    finally:
        again.unlink(missing_ok=True)
    print(f"{name}: {'as its score' if is_same else 'differs from its score'}")
    return is_same


PREFACE = """# The packaged recordings

Composed by `examples/make_examples.py` from the scores in `examples/scores.toml`: recordings that Debian packages offer
under free licences, sounds of our own generators (CC0-1.0), and soft generated noise under everything. Each clip was
brought to another level, faded at both ends over 5 ms and mixed with the others. `split` says what the clip was to the
packaged model: `train` clips were heard in training, `valid` and `test` clips were not; `generated` sounds come from a
generator that training also draws from, with other random numbers.
"""


def attribution(name: str, score: Mapping[str, Any], sounds: Sequence[Sound]) -> str:
    """One recording's section: what sounds when, who made it, under which licence."""
    lines = [
        f"\n## {name}.ogg\n",
        f"{score['seconds']} s. Licence of the whole: {score['licence']}. Noise at {score['room']} dBFS throughout.\n",
        "| from (s) | to (s) | sound | clip | file and package | author | licence | split |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for s in sounds:
        e = s.event
        cells = [f"{e.onset:.2f}", f"{e.end:.2f}", e.label, e.clip, f"{e.recording} ({e.source})", s.author, e.licence]
        lines.append(f"| {' | '.join([*cells, s.split])} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except SoundflowError as error:
        raise SystemExit(f"make_examples: {error}") from error
