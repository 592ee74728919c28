"""Folders into a store: every form, going on after a kill, quarantine, texts, vectors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from soundflow.data.clips import ClipStore
from soundflow.data.store import indexing
from soundflow.data.store.index import ClipIndex
from soundflow.data.store.indexing import count, embed, index_places, plan
from soundflow.errors import InputError
from tests.data.layouts.forms import FORMS, esc50, sound, text
from tests.data.test_clips import row, write_folder

Samples = NDArray[np.float32]


class Loudness:
    """Hears how loud and how long a sound is, and reads how long a text is."""

    name = "loudness"
    width = 2

    def of_sounds(self, sounds: Sequence[Samples]) -> Samples:
        return np.array([[np.abs(s).mean() * 100, len(s) / 16_000] for s in sounds], np.float32)

    def of_texts(self, texts: Sequence[str]) -> Samples:
        return np.array([[len(t), 1] for t in texts], np.float32)


def nothing() -> None:
    """Hears of a row."""


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_indexed_and_measured(tmp_path: Path, name: str) -> None:
    planned = plan([FORMS[name](tmp_path / "in")])
    told = [0]

    def hear() -> None:
        told[0] += 1

    with ClipIndex(tmp_path / "a.store") as index:
        done = index_places(index, planned, hear)
        clips = index.clips()
    assert done.added == len(clips) > 0 and told[0] == count(planned) and done.layouts == {name: 1}
    lengths = {clip.id: clip.seconds for clip in clips}
    assert all(0.4 < seconds < 1.6 for seconds in lengths.values()), lengths
    assert all(Path(clip.path).is_file() for clip in clips)


def test_again_adds_only_what_is_new(tmp_path: Path) -> None:
    folder = esc50(tmp_path / "in")
    with ClipIndex(tmp_path / "a.store") as index:
        assert index_places(index, plan([folder]), nothing).added == 2
        with (folder / "meta" / "esc50.csv").open("a", encoding="utf-8") as table:
            table.write("2-1-B-0.wav,2,0,dog,True,1,B\n")
        sound(folder / "audio" / "2-1-B-0.wav")
        again = index_places(index, plan([folder]), nothing)
        assert (again.added, again.kept, len(index)) == (1, 2, 3)


def test_what_cannot_be_opened_is_left_out_with_its_reason_and_taken_when_mended(tmp_path: Path) -> None:
    rows = [row("good"), row("gone", missing=True), row("bad", missing=True), row("short", length=0.05)]
    folder = write_folder(tmp_path / "in", [*rows, {**row("far", missing=True), "path": "../far.wav"}])
    (folder / "bad.wav").write_bytes(b"RIFF but no sound")
    with ClipIndex(tmp_path / "a.store") as index:
        done = index_places(index, plan([folder]), nothing)
        reasons = {name: reason for _, name, reason in index.quarantined()}
        assert (done.added, done.quarantined) == (1, 4)
        assert "no file gone.wav" in reasons["gone"] and "no sound that can be read" in reasons["bad"]
        assert "0.050 s" in reasons["short"] and "leads out" in reasons["far"]
        sound(folder / "bad.wav")
        assert index_places(index, plan([folder]), nothing).added == 1
        assert "bad" not in {name for _, name, _ in index.quarantined()}


def test_a_segment_past_the_end_of_its_recording_is_left_out(tmp_path: Path) -> None:
    with ClipIndex(tmp_path / "a.store") as index:
        index_places(index, plan([FORMS["gigaspeech"](tmp_path / "in")]), nothing)
        reasons = {name: reason for _, name, reason in index.quarantined()}
    assert "ends at 99.00 s of 4.00 s" in reasons["gigaspeech/POD1_S4"]


def test_a_row_that_begins_nowhere_stops_no_other(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "in", [row("a", begin=None), row("b")])
    with ClipIndex(tmp_path / "a.store") as index:
        assert index_places(index, plan([folder]), nothing).added == 1
        assert "expected seconds" in next(index.quarantined())[2]


def test_an_id_belongs_to_the_folder_that_had_it_first(tmp_path: Path) -> None:
    one, other = (write_folder(tmp_path / name, [row("a")]) for name in ("one", "other"))
    with ClipIndex(tmp_path / "a.store") as index:
        done = index_places(index, plan([one, other]), nothing)
        assert (done.added, done.kept) == (1, 0)
        assert list(index.quarantined()) == [(str(other), "a", "another folder has a clip of this id")]


KILLED = """
import os, sys
from pathlib import Path
from soundflow.data.store import indexing
from soundflow.data.store.index import ClipIndex
indexing.BATCH = 7
left = int(sys.argv[3])
def told():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), 9)
with ClipIndex(Path(sys.argv[2])) as index:
    indexing.index_places(index, indexing.plan([Path(sys.argv[1])]), told)
"""


def test_killed_at_any_moment_it_goes_on_and_ends_the_same(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "in", [row(f"c{i:02d}", missing=True) for i in range(40)])
    for i in range(0, 40, 2):
        os.link(sound(folder / "one.wav") if i == 0 else folder / "one.wav", folder / f"c{i:02d}.wav")
    with ClipIndex(tmp_path / "whole.store") as index:
        index_places(index, plan([folder]), nothing)
        expected = index.sha256()
    for after in (10, 3, 25):
        arguments = [sys.executable, "-c", KILLED, str(folder), str(tmp_path / "killed.store"), str(after)]
        assert subprocess.run(arguments, check=False).returncode == -9
    with ClipIndex(tmp_path / "killed.store") as index:
        before = len(index)
        done = index_places(index, plan([folder]), nothing)
        assert 0 < before < 20 and done.added + before == len(index) == 20
        assert index.sha256() == expected and sum(1 for _ in index.quarantined()) == 20
        assert [hit.clip.id for hit in index.search("horn", 3)] == ["c00", "c02", "c04"]


def test_texts_go_in_beside_clips(tmp_path: Path) -> None:
    chats = text(tmp_path / "chats.jsonl", '{"question": "Why?", "answer": "Because."}', '{"title": "x"}')
    with ClipIndex(tmp_path / "a.store") as index:
        done = index_places(index, plan([esc50(tmp_path / "in"), chats]), nothing)
        assert (done.added, done.texts, done.quarantined) == (2, 1, 1)
        assert index.search_texts("because")[0].turns == (("Why?", "Because."),)
        assert index_places(index, plan([chats]), nothing).texts == 0 and len(list(index.texts())) == 1


def test_two_files_of_one_name_are_two_sources(tmp_path: Path) -> None:
    lines = {"a": '{"question": "Why?", "answer": "Because."}', "b": '{"question": "What?", "answer": "Magnets."}'}
    chats = [text(tmp_path / name / "train.jsonl", line) for name, line in lines.items()]
    with ClipIndex(tmp_path / "a.store") as index:
        assert index_places(index, plan(chats), nothing).texts == 2
        assert [found.turns for found in index.search_texts("magnets")] == [(("What?", "Magnets."),)]


def test_vectors_come_after_rows_and_go_on_where_they_stood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "SOUNDS_AT_ONCE", 3)
    folder = write_folder(tmp_path / "in", [row(f"c{i}", length=0.5 + i) for i in range(7)])
    with ClipIndex(tmp_path / "a.store") as index:
        index_places(index, plan([folder]), nothing)
        left = [5]

        def stop() -> None:
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            embed(index, Loudness(), stop)
        (folder / "c4.wav").write_bytes(b"")  # it was a sound when it was indexed
        told: list[int] = []
        assert embed(index, Loudness(), lambda: told.append(1)) == 6 and len(told) == 4


def test_places_that_are_neither(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither a folder nor"):
        plan([tmp_path / "a.txt"])


def test_a_store_stands_wherever_a_folder_does(tmp_path: Path) -> None:
    rows = [row("a", proactive=True), row("b", split="train", length=2.0)]
    folder = write_folder(tmp_path / "in", rows, {"horn": {"synonyms": ["klaxon"], "proactive": False}})
    with ClipIndex(tmp_path / "a.store") as index:
        index_places(index, plan([folder]), nothing)
    one, other = ClipStore(folder, tmp_path / "c1"), ClipStore(tmp_path / "a.store", tmp_path / "c2")
    assert one.splits == other.splits and one.label("horn") == other.label("horn")
    for mine, theirs in zip(one.clips(), other.clips(), strict=True):
        assert (mine.id, mine.proactive, mine.licence) == (theirs.id, theirs.proactive, theirs.licence)
        assert np.array_equal(one.audio(mine), other.audio(theirs))
        assert np.array_equal(one.tfjp_audio(mine), other.tfjp_audio(theirs))


def test_segments_of_a_store_are_heard_where_they_are(tmp_path: Path) -> None:
    with ClipIndex(tmp_path / "a.store") as index:
        index_places(index, plan([FORMS["gigaspeech"](tmp_path / "in")]), nothing)
    store = ClipStore(tmp_path / "a.store", tmp_path / "cache")
    (clip,) = store.clips()
    assert store.audio(clip).shape == (24_000,)


Told = Callable[[], None]


def test_the_count_of_rows_is_known_beforehand(tmp_path: Path) -> None:
    chats = tmp_path / "chats.jsonl"
    chats.write_text("\n".join(json.dumps({"question": "a", "answer": "b"}) for _ in range(5)), encoding="utf-8")
    assert count(plan([esc50(tmp_path / "in"), chats])) == 7
