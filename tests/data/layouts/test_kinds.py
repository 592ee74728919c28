"""Sounds sorted into folders by kind: what a user has who never wrote a table."""

from __future__ import annotations

from pathlib import Path

from soundflow.data.clips import Clip, ClipStore
from soundflow.data.layouts.kinds import PART_SECONDS, clips, recognises
from soundflow.data.layouts.layout import Fault
from soundflow.data.store.index import ClipIndex
from soundflow.data.store.indexing import index_places, plan
from tests.data.layouts.forms import kinds, sound


def test_a_label_is_a_folder_and_a_long_track_comes_in_parts(tmp_path: Path) -> None:
    folder = kinds(tmp_path / "mine")
    sound(folder / "music" / "waltz.ogg", 50.0)
    every = list(clips(folder))
    found = [clip for clip in every if isinstance(clip, Clip)]
    assert [fault.where for fault in every if isinstance(fault, Fault)] == ["event/forgotten.wav"]
    told = {(clip.id, clip.kind, clip.label, clip.licence) for clip in found}
    assert told == {
        ("mine/event/Kettle/on the stove.wav", "event", "kettle", "CC0-1.0"),
        ("mine/music/jingle.ogg", "music", "music", "CC-BY-4.0"),
        ("mine/music/waltz.ogg#0", "music", "music", "CC-BY-4.0"),
        ("mine/music/waltz.ogg#1", "music", "music", "CC-BY-4.0"),
        ("mine/background/kitchen/evening.flac", "background", "kitchen", "CC0-1.0"),
        ("mine/speech/hello.wav", "speech", "speech", "CC0-1.0"),
    }
    first, last = (clip for clip in found if "begin" in clip.extra)
    assert (first.extra["begin"], last.extra["begin"], first.seconds) == (0.0, 50.0 - PART_SECONDS, PART_SECONDS)
    assert first.split == last.split and first.recording == last.recording


def test_a_folder_without_a_kind_is_none(tmp_path: Path) -> None:
    sound(tmp_path / "kettle" / "a.wav")
    sound(tmp_path / "event" / "a.wav")  # an event of which nobody said what it is
    assert not recognises(tmp_path)


def test_the_store_knows_what_labels_say_and_reads_only_the_part(tmp_path: Path) -> None:
    folder = kinds(tmp_path / "mine")
    sound(folder / "music" / "waltz.ogg", 50.0)
    (folder / "labels.json").write_text('{"kettle": {"proactive": true}}')
    sound(folder / "music" / "broken.ogg").write_bytes(b"no sound")
    with ClipIndex(tmp_path / "clips.store") as index:
        done = index_places(index, plan([folder]), lambda: None)
    assert (done.added, done.quarantined) == (6, 2)
    store = ClipStore(tmp_path / "clips.store", tmp_path / "cache")
    assert [clip.proactive for clip in store.clips(label="kettle")] == [True]
    parts: list[Clip] = [clip for clip in store.clips() if "begin" in clip.extra]
    assert {round(store.seconds(clip), 2) for clip in parts} == {PART_SECONDS}


def test_a_licence_in_another_encoding_is_read(tmp_path: Path) -> None:
    folder = kinds(tmp_path / "mine")
    (folder / "music" / "licence.txt").write_bytes("CC-BY-4.0, Café".encode("latin-1"))
    assert [c.licence for c in clips(folder) if isinstance(c, Clip) and c.kind == "music"] == ["CC-BY-4.0, Café"]
