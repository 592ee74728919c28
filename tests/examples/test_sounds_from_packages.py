"""Sounds of Debian packages sorted by their names, for `data index`."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from soundflow.data.layouts.recognise import recognise
from tests.data.layouts.forms import sound, text
from tests.examples.test_scripts import program

PATH = Path(__file__).resolve().parents[2] / "examples" / "sounds_from_packages.py"
script = program(PATH)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("wesnoth-1.16-music/usr/share/games/wesnoth/1.16/data/core/music/battle.ogg", "music/music"),
        ("ufoai-music/usr/share/games/ufoai/base/0music.pk3/music/azrael1.ogg", "music/music"),
        ("klettres-data/usr/share/klettres/it/syllab/ga.ogg", "speech/speech_syllable_other"),
        ("hedgewars-data/usr/share/games/hedgewars/Data/Sounds/voices/British/Hello.ogg", "speech/speech_game"),
        ("hedgewars-data/usr/share/games/hedgewars/Data/Sounds/voices/British/Ouch_pain.ogg", ""),
        ("widelands-data/usr/share/games/widelands/data/sound/farm/sheep_01.ogg", "event/sheep"),
        ("0ad-data/z/public.zip/audio/ambient/dayscape/day_temperate_11.ogg", "background/background_places"),
        ("0ad-data/z/public.zip/audio/attack/weapon/swordhit_10.ogg", ""),
        ("oxygen-sounds/usr/share/sounds/Oxygen-Window-Close.ogg", "event/other_sound"),
        ("oxygen-sounds/usr/share/sounds/Oxygen-Sys-Warning.ogg", ""),
    ],
)
def test_a_name_says_what_a_sound_is(name: str, place: str) -> None:
    _, rules = script.read_table()
    assert script.place_of(name, rules) == place


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="there is no dpkg-deb")
def test_a_package_becomes_folders_that_data_index_knows(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    text(tree / "DEBIAN" / "control", "Package: widelands-data", "Version: 1", "Architecture: all", "Maintainer: x")
    text(tree / "usr" / "share" / "doc" / "widelands-data" / "copyright", "GPL-2.0+")
    for name in ("music/ingame.ogg", "music/held.ogg", "sound/farm/sheep_00.ogg"):
        sound(tree / "usr" / "share" / "games" / name)
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.write(sound(tmp_path / "click.wav"), "ui/click.wav")
    (tree / "usr" / "share" / "games" / "more.zip").write_bytes(inner.getvalue())
    packages = tmp_path / "packages"
    packages.mkdir()
    subprocess.run(
        ["dpkg-deb", "--build", tree, packages / "widelands-data_1_all.deb"], check=True, capture_output=True
    )
    held = {"source": "Debian package widelands-data", "source_file": "music/held.ogg", "split": "test"}
    text(tmp_path / "clips" / "clips.jsonl", json.dumps(held))

    text(tmp_path / "clips" / "labels.json", '{"sheep": {"proactive": false}}')
    order = [PATH, "--out", tmp_path / "out", "--packages", packages, "--beside", tmp_path / "clips"]
    told = subprocess.run([sys.executable, *map(str, order)], capture_output=True, text=True, check=True).stdout
    counts = {place: int(count) for count, place in (line.split() for line in told.splitlines()[-4:-1])}
    assert counts == {"event/other_sound": 1, "event/sheep": 1, "music/music": 1}
    assert {place.name for place, _ in recognise(tmp_path / "out")} == {"silent", "events"}
    found = [clip for place, layout in recognise(tmp_path / "out") for clip in layout.clips(place)]
    assert {(clip.kind, clip.label, clip.proactive) for clip in found} == {  # type: ignore[union-attr]
        ("event", "other_sound", False),
        ("event", "sheep", False),
        ("music", "music", None),
    }
    assert (tmp_path / "out" / "copyright" / "widelands-data.txt").read_text().startswith("GPL")
