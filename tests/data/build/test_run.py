"""A whole build: one hash whatever the number of workers and interruptions, nothing lost, nothing doubled."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from soundflow.data.build import run
from soundflow.data.build.corpus import find_stream, read_index, read_quarantine, streams
from soundflow.data.build.run import build
from soundflow.data.build.shard import rows_place, shard_name
from soundflow.errors import InputError, OutsideError
from tests.data.build.clips import order, write_clips


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != "corpus.json"}


def test_a_build_gives_shards_index_quarantine_and_a_hash(tmp_path: Path) -> None:
    told: list[float] = []
    made = build(order(tmp_path), told=lambda _, seconds: told.append(seconds))
    assert (made.streams, made.shards, made.kept, made.missing) == (6, 3, 0, 0)
    assert sum(told) == pytest.approx(made.hours * 3600, abs=0.01)
    rows = read_index(tmp_path / "out")
    stored = list(streams(tmp_path / "out"))
    assert [row["key"] for row in rows] == [stream.key for stream in stored]
    assert rows[3]["seconds"] == pytest.approx(len(stored[3].samples) / 16_000, abs=1e-4)
    assert len(read_quarantine(tmp_path / "out")) == made.rejected
    again = find_stream(tmp_path / "out", "3")
    assert np.array_equal(again.samples, stored[3].samples)


def test_sub_tasks_that_came_short_are_told(tmp_path: Path) -> None:
    assert build(order(tmp_path)).short == ()
    made = build(
        order(
            tmp_path,
            "brief",
            tasks={"asr_parliament_en": 1.0, "event_narration": 1.0},
            most_seconds=5.0,
            turns=(1, 1),
            tfjp=False,
        )
    )
    assert [(one.sub_task, one.made, one.code) for one in made.short] == [("asr_parliament_en", 0, "stream.too_long")]
    told = json.loads(json.dumps(made.to_dict()))["short"]
    assert told == [{"sub_task": "asr_parliament_en", "made": 0, "asked": 3, "code": "stream.too_long"}]


def test_a_second_build_is_the_same_bytes(tmp_path: Path) -> None:
    first, second = build(order(tmp_path, "a")), build(order(tmp_path, "b"))
    assert first.sha256 == second.sha256
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert build(order(tmp_path, "c", seed=1)).sha256 != first.sha256


def test_what_is_finished_stands_and_the_rest_is_made(tmp_path: Path) -> None:
    whole = build(order(tmp_path, "whole"))
    build(order(tmp_path, "cut"))
    cut = tmp_path / "cut"
    rows_place(cut, 1).unlink()  # as if killed between a shard and its rows
    (cut / shard_name(2)).unlink()
    (cut / (shard_name(2) + ".tmp")).write_bytes(b"half")
    again = build(order(tmp_path, "cut"))
    assert (again.sha256, again.kept) == (whole.sha256, 1)
    assert contents(cut) == contents(tmp_path / "whole")


def test_another_recipe_seed_or_clips_are_not_mixed_in(tmp_path: Path) -> None:
    build(order(tmp_path))
    with pytest.raises(InputError, match="another seed"):
        build(order(tmp_path, seed=1))
    with pytest.raises(InputError, match="recipe key curation"):
        build(order(tmp_path, curation="random"))


def test_forbidden_licences_are_left_out_and_listed(tmp_path: Path) -> None:
    write_clips(tmp_path / "clips")
    lines = (tmp_path / "clips" / "clips.jsonl").read_text().splitlines()
    lines[0] = lines[0].replace("CC0-1.0", "unknown")
    (tmp_path / "clips" / "clips.jsonl").write_text("\n".join(lines) + "\n")
    made = build(order(tmp_path, forbidden_licences=("unknown",)))
    assert made.reasons["licence"] == 1
    listed = [row for row in read_quarantine(tmp_path / "out") if row["code"] == "licence"]
    assert listed[0]["clip"] == "siren0" and "forbidden" in listed[0]["reason"]
    assert all("unknown" not in row["licences"] for row in read_index(tmp_path / "out"))


def test_the_ablations_are_other_corpora_from_the_same_clips(tmp_path: Path) -> None:
    whole = build(order(tmp_path, "whole"))
    for name, recipe in (("random", {"curation": "random"}), ("raw", {"tfjp": False})):
        made = build(order(tmp_path, name, **recipe))
        assert made.streams == 6 and made.sha256 != whole.sha256
        claim = json.loads((tmp_path / name / "corpus.json").read_text())
        assert claim["recipe"]["curation" if name == "random" else "tfjp"] == recipe[next(iter(recipe))]


def test_a_folder_that_cannot_be_used_is_told_before_the_clips_are_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, other = order(tmp_path), order(tmp_path, "other")
    build(other)
    monkeypatch.setattr(run, "open_library", None)  # a call would be an error of another kind
    (tmp_path / "file").write_text("kept")
    for out in ("file", "file/corpus"):
        with pytest.raises(OutsideError, match="cannot use the folder") as caught:
            build(dataclasses.replace(asked, out=str(tmp_path / out)))
        assert caught.value.code == "build.folder" and caught.value.hint
    with pytest.raises(InputError, match="a corpus made with another seed"):
        build(dataclasses.replace(other, seed=other.seed + 1))
    assert (tmp_path / "file").read_text() == "kept" and not (tmp_path / "out").exists()


def test_a_folder_of_which_nothing_can_be_used_is_an_error_beside_one_that_can(tmp_path: Path) -> None:
    asked = order(tmp_path)
    write_clips(tmp_path / "linked")
    for sound in list((tmp_path / "linked").rglob("*.wav")):
        sound.symlink_to(sound.rename(tmp_path / sound.name))
    with pytest.raises(
        InputError, match=r"linked: none of its \d+ clips can be used; the first: .* leads out of"
    ) as caught:
        build(dataclasses.replace(asked, folders=(*asked.folders, str(tmp_path / "linked"))))
    assert caught.value.code == "build.unusable" and not (tmp_path / "out").exists()


@pytest.mark.slow
def test_two_processes_give_what_one_gives(tmp_path: Path) -> None:
    assert build(order(tmp_path, "one")).sha256 == build(order(tmp_path, "two"), workers=2).sha256


@pytest.mark.slow
def test_ray_gives_what_one_process_gives(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="ray is not installed")
    one = build(order(tmp_path, "one")).sha256
    code = (
        "import sys, pickle; from soundflow.data.build.run import build\n"
        "print(build(pickle.loads(bytes.fromhex(sys.argv[1])), 2, 'ray').sha256)"
    )
    import pickle

    asked = pickle.dumps(order(tmp_path, "ray")).hex()
    done = subprocess.run([sys.executable, "-c", code, asked], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split()[-1] == one


@pytest.mark.slow
def test_killed_ten_times_it_ends_where_an_uninterrupted_one_does(tmp_path: Path) -> None:
    """The process kills itself with SIGKILL at a drawn write, ten times over."""
    asked = order(tmp_path, "killed", streams=24)
    whole = build(dataclasses.replace(asked, out=str(tmp_path / "whole"))).sha256
    code = (
        "import os, pickle, signal, sys\nimport soundflow.data.build.shard as shard, soundflow.data.build.run as run\n"
        "left = [int(sys.argv[2])]\nencode = shard.encode\n"
        "def dying(samples, audio):\n"
        "    left[0] -= 1\n"
        "    if left[0] < 0: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return encode(samples, audio)\n"
        "shard.encode = dying\nprint(run.build(pickle.loads(bytes.fromhex(sys.argv[1]))).sha256)"
    )
    import pickle

    rng, kills = np.random.default_rng(0), 0
    while kills < 10:
        command = [sys.executable, "-c", code, pickle.dumps(asked).hex(), str(rng.integers(1, 4))]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
        kills += 1
    assert kills >= 6
    assert build(asked).sha256 == whole
    assert {p.name for p in (tmp_path / "killed").iterdir()} == {p.name for p in (tmp_path / "whole").iterdir()}


def test_a_full_disk_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("soundflow.data.build.shard.write_lines", full)
    with pytest.raises(Exception, match="No space left"):
        build(order(tmp_path))
