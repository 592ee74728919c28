"""How fast TFJP and composition are on one core, beside what people use for the same, in the same run.

    python benchmarks/tfjp_and_compose.py --clips FOLDER [--out benchmarks]

TFJP (denoise and cut silence) beside `noisereduce` (stationary) → `librosa.effects.split` on the same clips;
composition (bench streams: 3-6 events, two noise tracks, TFJP of the clips left out because it is kept) beside
`scaper` soundscapes of the same length, number of events and SNR over the same clips. Everything runs alternately,
`--rounds` times; a rate is the median round's seconds of sound per second, with the lowest and the highest round.
Needs `pip install noisereduce librosa scaper` (and SoX for scaper), for this script only.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray

from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.bench.machine import describe_machine
from soundflow.data.clips import ClipStore
from soundflow.data.streams import bench_config, stream
from soundflow.data.tfjp import tfjp

Samples = NDArray[np.float32]
TOP_DB = 40  # librosa's threshold below the peak: the level at which TFJP calls a frame silent
SCAPE_SECONDS = 20.0


def main() -> None:
    """Measure, print, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, required=True, help="folder with clips.jsonl")
    parser.add_argument("--cache", type=Path, help="where decoded clips are kept")
    parser.add_argument("--split", default="test")
    parser.add_argument("--amount", type=int, default=40, help="clips and streams a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="folder for a JSON report")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    store = ClipStore(arguments.clips, arguments.cache)
    store.prepare(arguments.split)
    rng = np.random.default_rng(0)
    events = store.clips(split=arguments.split, kind="event")
    chosen = [events[i] for i in rng.permutation(len(events))[: arguments.amount]]
    clips = [np.array(store.audio(clip)) for clip in chosen]
    with tempfile.TemporaryDirectory() as folder:
        scape = scaper_over(store, arguments.split, Path(folder))
        jobs: dict[str, Callable[[int], float]] = {
            "tfjp": lambda _: each(clips, lambda samples: tfjp(samples)),
            "noisereduce_split": lambda _: each(clips, denoised_and_split),
            "compose": lambda r: composed(store, arguments.split, r * arguments.amount, arguments.amount),
            "scaper": lambda r: sum(scape(r * 1000 + i) for i in range(max(1, arguments.amount // 8))),
        }
        rates: dict[str, list[float]] = {name: [] for name in jobs}
        for name, job in jobs.items():
            job(1000)  # warm up: caches, compiled code
            print(f"{name}: warm", file=sys.stderr)
        for number in range(arguments.rounds):
            for name, job in jobs.items():
                started = time.perf_counter()
                seconds = job(number)
                rates[name].append(seconds / (time.perf_counter() - started))
            print(f"round {number + 1} of {arguments.rounds}", file=sys.stderr)
    result = report(rates, arguments)
    print(json.dumps(result, indent=1))
    if arguments.out:
        path = arguments.out / f"tfjp_and_compose_{date.today()}.json"
        path.write_text(json.dumps(result, indent=1) + "\n")
        print(path, file=sys.stderr)


def each(clips: list[Samples], work: Callable[[Samples], object]) -> float:
    """Work on each clip; seconds of sound that were worked on."""
    for samples in clips:
        work(samples)
    return sum(len(samples) for samples in clips) / SAMPLE_RATE


def denoised_and_split(samples: Samples) -> Samples:
    """The chain people use: stationary noise reduction, then the parts that are not silent, float32 [n]."""
    import librosa
    import noisereduce

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        quiet = noisereduce.reduce_noise(y=samples, sr=SAMPLE_RATE, stationary=True)
    parts = librosa.effects.split(quiet, top_db=TOP_DB, frame_length=400, hop_length=160)
    return np.concatenate([quiet[a:b] for a, b in parts]) if len(parts) else quiet[:0]


def composed(store: ClipStore, split: str, first: int, count: int) -> float:
    """Compose `count` streams; seconds of stream."""
    made = (stream(store, split, 0, first + i, bench_config()) for i in range(count))
    return sum(len(composition.samples) for composition in made) / SAMPLE_RATE


def scaper_over(store: ClipStore, split: str, folder: Path) -> Callable[[int], float]:
    """A function that makes one soundscape by scaper from the split's clips and returns its seconds."""
    np.Inf = np.inf  # type: ignore[attr-defined]  # scaper 1.6.5 still asks for the name that NumPy 2 dropped
    import scaper

    for kind, place in (("event", "foreground"), ("background", "background")):
        for clip in store.clips(split=split, kind=kind):
            target = folder / place / clip.label / f"{clip.id}.wav"
            target.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(target, store.audio(clip), SAMPLE_RATE)

    def scape(seed: int) -> float:
        rng = np.random.default_rng(seed)
        made = scaper.Scaper(SCAPE_SECONDS, str(folder / "foreground"), str(folder / "background"), random_state=seed)
        made.sr, made.ref_db = SAMPLE_RATE, -40
        made.add_background(("choose", []), ("choose", []), ("const", 0))
        for _ in range(int(rng.integers(3, 7))):
            made.add_event(
                label=("choose", []),
                source_file=("choose", []),
                source_time=("const", 0),
                event_time=("uniform", 0, SCAPE_SECONDS - 4),
                event_duration=("uniform", 1.0, 4.0),
                snr=("uniform", 5, 20),
                pitch_shift=None,
                time_stretch=None,
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made.generate(str(folder / "out.wav"), disable_instantiation_warnings=True, no_audio=False)
        return SCAPE_SECONDS

    return scape


def report(rates: dict[str, list[float]], arguments: argparse.Namespace) -> dict[str, Any]:
    """Rates, ratios and what they were measured on."""
    middle = {name: statistics.median(values) for name, values in rates.items()}
    return {
        "seconds_of_sound_per_second": {
            name: {"median": round(middle[name], 1), "low": round(min(v), 1), "high": round(max(v), 1)}
            for name, v in rates.items()
        },
        "tfjp_to_noisereduce_split": round(middle["tfjp"] / middle["noisereduce_split"], 1),
        "compose_to_scaper": round(middle["compose"] / middle["scaper"], 1),
        "rounds": arguments.rounds,
        "amount": arguments.amount,
        "split": arguments.split,
        "machine": describe_machine(),
        "versions": {name: version(name) for name in ("noisereduce", "librosa", "scaper", "numpy")},
        "command": " ".join(["python", *sys.argv]),
    }


if __name__ == "__main__":
    main()
