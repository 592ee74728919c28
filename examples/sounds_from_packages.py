"""Hours of music, ambience, voices and game sounds to learn silence from, out of Debian packages.

    python examples/sounds_from_packages.py --out sounds                      # 6 GB come down, on Debian or Ubuntu
    python examples/sounds_from_packages.py --out sounds --packages DIR       # packages that lie in a folder
    soundflow data index sounds/silent --out silent.store                     # then: data build … --voices silent.store
    soundflow data index sounds/events --out events.store

`package-sounds.toml` says which sound is what. Events that a label of yours names go to `events`, the rest to `silent`:
of what only ever calls for silence nobody needs to know what it is. What the clips of `--beside` hold out (splits
valid and test) is left out, and their labels.json is taken over. Each package's copyright file goes beside its sounds:
look before you pass them on.
Tests: tests/examples/test_sounds_from_packages.py.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

TABLE = Path(__file__).with_name("package-sounds.toml")
SOUNDS = (".wav", ".flac", ".ogg", ".oga", ".mp3", ".g722")
ARCHIVES = (".zip", ".pk3")  # a game's own, inside its package
OTHER = "event/other_sound"


@dataclass(frozen=True)
class Rule:
    """Where sounds go whose name fits: KIND/LABEL, or nowhere."""

    match: re.Pattern[str]
    to: str


def read_table(path: Path = TABLE) -> tuple[list[str], list[Rule]]:
    """Names of packages, and the rules in their order."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return table["packages"], [Rule(re.compile(row["match"], re.IGNORECASE), row["to"]) for row in table["rule"]]


def place_of(name: str, rules: list[Rule]) -> str:
    """KIND/LABEL of a sound by its PACKAGE/PATH; empty where it is left out."""
    return next((rule.to for rule in rules if rule.match.search(name)), "")


def held_out(clips: Path) -> set[tuple[str, str]]:
    """Package and file name of every clip of `valid` and `test` that is from a package."""
    rows = map(json.loads, (clips / "clips.jsonl").read_text(encoding="utf-8").splitlines())
    return {
        (row["source"].removeprefix("Debian package "), Path(row["source_file"]).name)
        for row in rows
        if row.get("split") in ("valid", "test") and str(row.get("source", "")).startswith("Debian package ")
    }


def unpacked(package: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Every file of a .deb, and of archives inside it: its path and how to read it."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)
        for path in sorted(Path(folder).rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.suffix.lower() in ARCHIVES and path.is_file():
                with zipfile.ZipFile(path) as archive:
                    for inner in sorted(archive.namelist()):
                        yield f"{name}/{inner}", lambda inner=inner: archive.read(inner)  # type: ignore[misc]
            elif path.is_file():
                yield name, path.read_bytes


def take(package: Path, out: Path, rules: list[Rule], leave: set[tuple[str, str]]) -> Counter[str]:
    """Sort the sounds of a package into `out`; how many went where."""
    name = package.name.partition("_")[0]
    done: Counter[str] = Counter()
    for path, read in unpacked(package):
        if path.endswith(f"usr/share/doc/{name}/copyright"):
            notice = out / "copyright" / f"{name}.txt"
            notice.parent.mkdir(parents=True, exist_ok=True)
            notice.write_bytes(read())
        to = place_of(f"{name}/{path}", rules)
        if not to or not path.lower().endswith(SOUNDS) or (name, Path(path).name) in leave:
            continue
        part = "events" if to.startswith("event/") and to != OTHER else "silent"
        target = out / part / to / name / re.sub(r"[^\w.]+", "_", path)
        target.parent.mkdir(parents=True, exist_ok=True)
        (target.parent / "licence.txt").write_text(f"see the copyright file of the Debian package {name}\n")
        if path.endswith(".g722"):
            soundfile.write(target.with_suffix(".wav"), *decoded_g722(read()))
        else:
            target.with_suffix(".ogg" if path.endswith(".oga") else target.suffix).write_bytes(read())
        done[to] += 1
    return done


def decoded_g722(data: bytes) -> tuple[NDArray[np.int16], int]:
    """A telephone's format, which libsndfile does not read: samples and their rate. Needs the package `av`."""
    import av

    with av.open(io.BytesIO(data), mode="r", format="g722") as sound:
        frames = [frame.to_ndarray().reshape(-1) for frame in sound.decode(audio=0)]
    return np.concatenate(frames), 16_000


def main() -> int:
    """Fetch what is not there, and sort it package by package; a package that is done is not done again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--packages", type=Path, help="folder of .deb files; the default is OUT/packages, filled by apt-get"
    )
    parser.add_argument("--beside", type=Path, help="folder of clips whose valid and test are to stay unheard")
    args = parser.parse_args()
    if not shutil.which("dpkg-deb"):
        print("there is no dpkg-deb: run this on Debian or Ubuntu", file=sys.stderr)
        return 2
    names, rules = read_table()
    leave = held_out(args.beside) if args.beside else set()
    folder = args.packages or args.out / "packages"
    folder.mkdir(parents=True, exist_ok=True)
    total: Counter[str] = Counter()
    for number, name in enumerate(names, start=1):
        if not args.packages and not list(folder.glob(f"{name}_*.deb")):
            subprocess.run(["apt-get", "download", "-q", name], cwd=folder, check=False)
        mark = args.out / "done" / name
        for package in folder.glob(f"{name}_*.deb"):
            if not mark.exists():
                done = take(package, args.out, rules, leave)
                mark.parent.mkdir(parents=True, exist_ok=True)
                mark.write_text(json.dumps(done))
            total += Counter(json.loads(mark.read_text()))
        print(f"{number}/{len(names)} {name}: {sum(total.values())} sounds so far", flush=True)
    if (silent := args.out / "silent").is_dir():
        (silent / "labels.json").write_text(json.dumps({Path(OTHER).name: {"proactive": False}}), encoding="utf-8")
    events = args.out / "events"
    if args.beside and (args.beside / "labels.json").is_file() and events.is_dir():
        shutil.copyfile(args.beside / "labels.json", events / "labels.json")
    for to, count in sorted(total.items()):
        print(f"{count:6} {to}")
    print(f"sorted into {args.out}")
    return 0 if total else 1


if __name__ == "__main__":
    raise SystemExit(main())
