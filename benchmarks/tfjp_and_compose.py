"""How fast clips are preprocessed and streams composed on one core, beside the libraries people use for it.

    pip install -c constraints.txt -e '.[bench]'      # brings noisereduce, librosa and scaper; scaper needs sox
    python benchmarks/tfjp_and_compose.py --clips ../shared/data --out benchmarks/tfjp_and_compose_MACHINE_DATE

Without --clips it makes alarms and noises of its own. Everything is CPU time of one thread, children included
(scaper may start sox), so that a busy machine changes little; each clip and each stream is timed on its own,
`--repeats` times in turns, and its median counts. Ratios carry 95 % bootstrap intervals over clips and streams.

TFJP stands beside noisereduce (stationary) followed by librosa.effects.split with the spans joined: less than TFJP
does. Composition stands beside scaper, which is given the same sounds at the same places, two backgrounds and an SNR
from the same range, and writes nothing; it does nothing like TFJP. Without soxbindings scaper starts the program sox
for every sound, though here it has nothing to convert: "scaper without its sox step" leaves that out, as the most that
could be said for it.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundflow.audio.decode import read_audio, write_wav
from soundflow.bench.bootstrap import bootstrap
from soundflow.data.clips import Clip, ClipStore
from soundflow.data.generate.alarms import ALARMS
from soundflow.data.streams import bench_config, stream
from soundflow.data.tfjp import tfjp
from soundflow.data.timeline import SAMPLE_RATE, Timeline

Samples = NDArray[np.float32]
Steps = Mapping[str, Callable[[], object]]  # what is timed, by its name

LIBRARIES = ("soundflow", "numpy", "noisereduce", "librosa", "scaper", "soxbindings", "sox", "soundfile")
NOISE_LABELS = 8  # kinds of made-up sounds that call for nothing
REQUIRED, TFJP_AIM, COMPOSE_AIM = 3.0, 1000.0, 2000.0  # times the others' speed, times real time
TOP_DB = 40  # librosa: quieter than the loudest frame by this much is silence, as in soundflow.data.mixing
FRAME, HOP = 400, 160  # samples: TFJP's own frames
REFERENCE_DB = -30  # scaper: loudness of a background
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
CHAIN, SCAPER, BARE_SCAPER = "noisereduce + librosa", "scaper", "scaper without its sox step"


class FileStore(ClipStore):
    """A store that reads each sound from its own file every time and pre-processes it again: nothing is kept."""

    def audio(self, clip: Clip) -> Samples:
        """Read the clip's file."""
        return read_audio(self.folder / clip.path)

    def tfjp_audio(self, clip: Clip) -> Samples:
        """Read the clip's file and run TFJP."""
        return tfjp(self.audio(clip)).samples


def wav_folder(source: ClipStore, split: str, folder: Path) -> None:
    """Copy a split's events and backgrounds as wav, in the layout scaper wants: kind, label, file."""
    rows = []
    source.prepare(split, with_tfjp=False)
    for clip in source.clips(split=split):
        if clip.kind not in ("event", "background"):
            continue
        path = Path(clip.kind) / clip.label / f"{clip.id.replace('/', '_')}.wav"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        write_wav(folder / path, source.audio(clip))
        rows.append(_row(clip.id, path, clip.label, clip.kind, split, clip.proactive, clip.recording))
    _write_index(folder, rows, source.labels)


def made_up_folder(folder: Path, split: str, seed: int) -> None:
    """Alarms, bursts of noise and backgrounds of our own, in the same layout."""
    rng = np.random.default_rng(seed)
    rows = []
    for label, make in ALARMS.items():
        rows += [_made(folder, f"{label}_{i}", label, "event", split, True, make(rng).samples) for i in range(8)]
    for number in range(NOISE_LABELS * 8):
        label = f"noise_burst_{number % NOISE_LABELS}"
        rows.append(_made(folder, f"burst_{number}", label, "event", split, False, _burst(rng)))
    for number in range(6):
        sound = 0.02 * rng.standard_normal(40 * SAMPLE_RATE).astype(np.float32)
        rows.append(_made(folder, f"background_{number}", "background_noise", "background", split, False, sound))
    _write_index(folder, rows, {})


def _burst(rng: np.random.Generator) -> Samples:
    """Noise that swells and dies some times in 3 to 6 s, over a faint floor."""
    count = int(rng.uniform(3, 6) * SAMPLE_RATE)
    swell = np.abs(np.sin(np.linspace(0, rng.uniform(2, 6) * np.pi, count))) ** 3
    return np.asarray(rng.standard_normal(count) * (0.1 * swell + 0.001), np.float32)


def _made(
    folder: Path, name: str, label: str, kind: str, split: str, proactive: bool, sound: Samples
) -> dict[str, Any]:
    path = Path(kind) / label / f"{name}.wav"
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    write_wav(folder / path, sound)
    return _row(name, path, label, kind, split, proactive, name)


def _row(
    clip_id: str, path: Path, label: str, kind: str, split: str, proactive: bool | None, recording: str
) -> dict[str, Any]:
    return {
        "id": clip_id,
        "path": path.as_posix(),
        "label": label,
        "kind": kind,
        "split": split,
        "proactive": proactive,
        "recording": recording,
    }


def _write_index(folder: Path, rows: Sequence[Mapping[str, Any]], labels: Mapping[str, Any]) -> None:
    (folder / "clips.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "labels.json").write_text(json.dumps(dict(labels)), encoding="utf-8")


def reduce_and_split(samples: Samples) -> Samples:
    """The usual chain: stationary spectral gating, then the spans that are not silent, joined."""
    import librosa
    import noisereduce

    clean = noisereduce.reduce_noise(y=samples, sr=SAMPLE_RATE, stationary=True)
    spans = librosa.effects.split(clean, top_db=TOP_DB, frame_length=FRAME, hop_length=HOP)
    return np.concatenate([clean[a:b] for a, b in spans]) if len(spans) else clean[:0]


class NoSox:
    """What scaper asks of sox for sound that is mono and at its rate already: nothing."""

    Transformer: type[NoSox]

    def convert(self, **_: object) -> None:
        """No conversion."""

    def set_output_format(self, **_: object) -> None:
        """The format stays."""

    def build_array(self, input_array: NDArray[np.float64], sample_rate_in: int) -> NDArray[np.float64]:
        """The samples as they are."""
        return input_array


NoSox.Transformer = NoSox


def load_scaper() -> Any:
    """The library; 1.6.5 still asks NumPy for a name that version 2 dropped."""
    if not hasattr(np, "Inf"):
        np.Inf = np.inf  # type: ignore[attr-defined]
    import scaper

    return scaper


def bare_scaper_stream(folder: Path, paths: Mapping[str, str], timeline: Timeline, seed: int) -> object:
    """As `scaper_stream`, without sox."""
    core = load_scaper().core
    sox, core.sox = core.sox, NoSox
    try:
        return scaper_stream(folder, paths, timeline, seed)
    finally:
        core.sox = sox


def scaper_stream(folder: Path, paths: Mapping[str, str], timeline: Timeline, seed: int) -> object:
    """The stream of a timeline by scaper: the same clips, places and lengths, and an SNR from the same range."""
    scaper = load_scaper()
    maker = scaper.Scaper(timeline.seconds, str(folder / "event"), str(folder / "background"), random_state=seed)
    maker.sr, maker.n_channels, maker.ref_db = SAMPLE_RATE, 1, REFERENCE_DB
    maker.fade_in_len = maker.fade_out_len = bench_config().compose.fade_seconds
    for noise in timeline.noise:
        source = str(folder / paths[noise.clip])
        maker.add_background(("const", noise.label), ("const", source), ("const", 0))
    for event in timeline.events:
        maker.add_event(
            label=("const", event.label),
            source_file=("const", str(folder / paths[event.clip])),
            source_time=("const", 0),
            event_time=("const", event.onset),
            event_duration=("const", event.end - event.onset),
            snr=("uniform", *bench_config().compose.snr_db),
            pitch_shift=None,
            time_stretch=None,
        )
    return maker.generate(fix_clipping=True)


def cpu_seconds() -> float:
    """CPU time of this process and of those it started and waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def time_all(steps: Sequence[Steps], repeats: int) -> dict[str, list[float]]:
    """Median CPU seconds of each step of each item; rivals take turns on the same item."""
    taken: dict[str, list[float]] = {name: [] for name in steps[0]}
    for step in steps[0].values():
        step()  # first calls load and compile
    for item in steps:
        rounds: dict[str, list[float]] = {name: [] for name in item}
        for _ in range(repeats):
            for name, step in item.items():
                start = cpu_seconds()
                step()
                rounds[name].append(cpu_seconds() - start)
        for name, values in rounds.items():
            taken[name].append(statistics.median(values))
    return taken


def compared(seconds: Sequence[float], taken: Mapping[str, list[float]]) -> dict[str, Any]:
    """Times real time of each row, and how many times faster than each of theirs, with intervals over items."""
    table = np.array([seconds, *taken.values()]).T
    columns = {name: at for at, name in enumerate(taken, start=1)}
    theirs = [name for name in columns if name in (CHAIN, SCAPER, BARE_SCAPER)]
    rows: dict[str, Any] = {}
    for name, at in columns.items():
        rows[name] = {"times_real_time": _ratio(table, 0, at), "cpu_seconds": round(sum(taken[name]), 4)}
        if name not in theirs:
            rows[name]["over"] = {other: _ratio(table, columns[other], at) for other in theirs}
    return rows


def _ratio(table: NDArray[np.float64], above: int, below: int) -> dict[str, float | None]:
    names = [str(i) for i in range(len(table))]
    return bootstrap(table, names, lambda sums: sums[..., above] / sums[..., below]).to_dict()


def measure_tfjp(store: ClipStore, split: str, count: int, repeats: int, seed: int, alone: bool) -> dict[str, Any]:
    """TFJP and the usual chain on the same clips, decoded beforehand."""
    store.prepare(split)
    clips = store.clips(split=split, kind="event")
    order = np.random.default_rng(seed).permutation(len(clips))[:count]
    sounds = [store.audio(clips[i]) for i in order]
    steps: list[Steps] = [
        {"tfjp": partial(tfjp, s)} | ({} if alone else {CHAIN: partial(reduce_and_split, s)}) for s in sounds
    ]
    seconds = [len(s) / SAMPLE_RATE for s in sounds]
    rows = compared(seconds, time_all(steps, repeats))
    return {"items": len(sounds), "seconds": round(sum(seconds), 1), "rows": rows}


def measure_compose(
    folder: Path, cache: Path, split: str, count: int, repeats: int, seed: int, alone: bool
) -> dict[str, Any]:
    """Streams of the bench's setting: from clips kept after TFJP, with TFJP each time, and by scaper."""
    kept, fresh = ClipStore(folder, cache), FileStore(folder, cache)
    config, seconds, events = bench_config(), [], []
    steps: list[Steps] = []
    kept.prepare(split)
    paths = {clip.id: clip.path for clip in kept.clips()}
    for index in range(count):
        timeline = stream(kept, split, seed, index, config).timeline
        seconds.append(timeline.seconds)
        events.append(len(timeline.events))
        ours: dict[str, Callable[[], object]] = {
            "compose, clips kept after tfjp": partial(stream, kept, split, seed, index, config),
            "compose, files read and tfjp each time": partial(stream, fresh, split, seed, index, config),
        }
        theirs: dict[str, Callable[[], object]] = {
            SCAPER: partial(scaper_stream, folder, paths, timeline, seed + index),
            BARE_SCAPER: partial(bare_scaper_stream, folder, paths, timeline, seed + index),
        }
        steps.append(ours if alone else ours | theirs)
    rows = compared(seconds, time_all(steps, repeats))
    found = {"items": count, "seconds": round(sum(seconds), 1), "rows": rows}
    return found | {"events_a_stream": round(statistics.mean(events), 2)}


def run(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Everything that is measured, as one object."""
    cache = folder / "cache"
    if arguments.clips is None:
        made_up_folder(folder, arguments.split, arguments.seed)
    else:
        wav_folder(ClipStore(arguments.clips, arguments.cache), arguments.split, folder)
    alone, seed, repeats = arguments.alone, arguments.seed, arguments.repeats
    found = {
        "tfjp": measure_tfjp(ClipStore(folder, cache), arguments.split, arguments.count, repeats, seed, alone),
        "compose": measure_compose(folder, cache, arguments.split, arguments.streams, repeats, seed, alone),
    }
    return {
        "command": " ".join(sys.argv),
        "machine": f"{_processor()}, {os.cpu_count()} cores of which one thread is used, {platform.system()}",
        "versions": {"python": platform.python_version(), **_versions()},
        "clips": "made up" if arguments.clips is None else f"{Path(arguments.clips).name}, split {arguments.split}",
        "seed": seed,
        "repeats": repeats,
        "results": found,
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def markdown(report: Mapping[str, Any]) -> str:
    """The report as a page."""
    versions = ", ".join(f"{name} {number}" for name, number in report["versions"].items())
    lines = [
        "# TFJP and composition: speed on one core",
        "",
        f"Command: `python {report['command']}`",
        "",
        f"{report['machine']}. {versions}. Clips: {report['clips']}. Seed {report['seed']}; median of "
        f"{report['repeats']} timings of CPU time for each item; in brackets 95 % bootstrap intervals over items.",
    ]
    for name, aim in (("tfjp", TFJP_AIM), ("compose", COMPOSE_AIM)):
        found = report["results"][name]
        unit = "clips" if name == "tfjp" else f"streams of {found['events_a_stream']} events on average"
        lines += ["", f"## {name}: {found['items']} {unit}, {found['seconds']} s", ""]
        theirs = list(next(iter(found["rows"].values()))["over"])
        lines.append("| " + " | ".join(["", "times real time", *(f"÷ {other}" for other in theirs)]) + " |")
        lines.append("| --- " * (2 + len(theirs)) + "|")
        for row, values in found["rows"].items():
            ratios = [_cell(values.get("over", {}).get(other), 1) for other in theirs]
            lines.append("| " + " | ".join([row, _cell(values["times_real_time"], 0), *ratios]) + " |")
        lines += ["", f"Required: {REQUIRED:g} times theirs; aim: {aim:,.0f} times real time."]
    return "\n".join(lines) + "\n"


def _cell(rate: Mapping[str, float] | None, digits: int) -> str:
    if rate is None:
        return "–"
    return f"{rate['value']:,.{digits}f} [{rate['low']:,.{digits}f}, {rate['high']:,.{digits}f}]"


def write(text: str, path: Path) -> None:
    """Write under a temporary name, then rename."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, help="a folder with clips.jsonl; default: made-up sounds")
    parser.add_argument("--split", default="test")
    parser.add_argument("--cache", type=Path, help="where decoded clips are kept")
    parser.add_argument("--count", type=int, default=200, help="clips for TFJP (default 200)")
    parser.add_argument("--streams", type=int, default=60, help="streams to compose (default 60)")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--alone", action="store_true", help="without the other libraries")
    parser.add_argument("--out", type=Path, help="write OUT.json and OUT.md")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # scaper says at length what it trimmed
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        report = run(arguments, Path(folder))
    print(markdown(report))
    if arguments.out is not None:
        write(json.dumps(report, indent=1) + "\n", arguments.out.with_name(arguments.out.name + ".json"))
        write(markdown(report), arguments.out.with_name(arguments.out.name + ".md"))


if __name__ == "__main__":
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | ONE_THREAD)  # libraries read it when loaded
    main()
