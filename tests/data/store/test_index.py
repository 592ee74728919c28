"""The store's rows: what goes in comes out, is found by words, and passes filters."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.data.clips import Clip
from soundflow.data.store import schema
from soundflow.data.store.index import ROLES, ClipIndex, Conversation, Wanted
from soundflow.errors import InputError, OutsideError


def clip(name: str, label: str = "siren", **more: Any) -> Clip:
    """A clip with a row's fields."""
    given = {"seconds": 2.0, "licence": "CC0-1.0", "split": "train", "recording": name, "group": name, "source": "x"}
    return Clip(id=name, path=f"{name}.wav", label=label, **{**given, **more})


def filled(*clips: Clip) -> ClipIndex:
    """A store in memory."""
    index = ClipIndex()
    index.add(index.source("/sounds", "own"), clips)
    return index


def test_a_clip_comes_back_as_it_went_in_with_its_place(tmp_path: Path) -> None:
    with ClipIndex(tmp_path / "a.store") as index:
        given = clip(
            "a", proactive=True, category="Traffic / Vehicle", synthetic=True, extra={"transcript": "hi", "n": [1]}
        )
        index.add(index.source("/sounds", "own"), [given, clip("b", proactive=None)])
    with ClipIndex(tmp_path / "a.store") as index:
        first, second = index.clips()
        assert first.path == "/sounds/a.wav" and (first.extra, second.proactive) == (given.extra, None)
        assert Clip(**{**first.__dict__, "path": "a.wav"}) == given and len(index) == 2
        assert [p.name for p in tmp_path.iterdir() if p.suffix == ".store"] == ["a.store"]


def test_a_closed_store_is_one_file(tmp_path: Path) -> None:
    with ClipIndex(tmp_path / "a.store") as index:
        index.add(index.source("/sounds", "own"), [clip("a")])
    assert [path.name for path in tmp_path.iterdir()] == ["a.store"]


def test_words_are_found_in_labels_synonyms_and_what_is_said() -> None:
    index = ClipIndex()
    index.add_labels({"siren": {"display": "Siren", "synonyms": ["fire engine"]}})
    said = clip("b", "speech_zh", extra={"transcript": "外面在下雨"})
    index.add(index.source("/sounds", "own"), [clip("a"), said, clip("c", "glass_breaking")])
    found = {
        query: [hit.clip.id for hit in index.search(query)] for query in ("engines", "下雨", "break", "雨下", "nothing")
    }
    assert found == {"engines": ["a"], "下雨": ["b"], "break": ["c"], "雨下": [], "nothing": []}


def test_all_words_come_before_some_and_equals_by_their_id() -> None:
    index = filled(clip("c", "dog_bark"), clip("b", "dog"), clip("a", "dog"), clip("d", "cat"))
    assert [hit.clip.id for hit in index.search("dog bark")] == ["c", "a", "b"]
    assert len(index.search("dog", limit=1)) == 1


def test_a_word_that_is_everywhere_ranks_nothing_and_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soundflow.data.store.index.MOST_RANKED", 5)
    index = filled(*(clip(f"{i}", "dog") for i in range(9)), clip("x", "cat"), clip("y", "dog_bark"))
    assert [hit.clip.id for hit in index.search("dog")] == ["0", "1", "2"]
    assert [hit.clip.id for hit in index.search("dog cat")] == ["x"]  # nobody is both, and dogs are everywhere
    assert [hit.clip.id for hit in index.search("bark dog")] == ["y"]


def test_a_query_as_long_as_a_book_is_answered() -> None:
    assert filled(clip("a", "w7")).search(" ".join(f"w{i}" for i in range(3000)))[0].clip.id == "a"


def test_filters_let_through_what_they_say() -> None:
    index = filled(
        clip("short", seconds=0.5),
        clip("long", seconds=30.0, licence="CC-BY-NC-3.0"),
        clip("music", kind="music", split="test"),
        clip("back", kind="background", licence="unknown"),
    )

    def found(**wanted: Any) -> list[str]:
        return sorted(hit.clip.id for hit in index.search("siren", 9, Wanted(**wanted)))

    assert found() == ["back", "long", "music", "short"]
    assert found(seconds=(1.0, 10.0)) == ["back", "music"]
    assert found(licences=("CC0", "CC-BY-4")) == ["music", "short"]
    assert found(kinds=ROLES["ambient"]) == ["back"]
    assert found(splits=("test",)) == ["music"] and found(labels=("cat",)) == []


def test_a_rare_clip_is_found_behind_many_that_are_filtered_out() -> None:
    many = [clip(f"m{i:04d}", licence="unknown") for i in range(700)]
    index = filled(*many, clip("rare", seconds=9.0))
    assert [hit.clip.id for hit in index.search("siren", 3, Wanted(licences=("CC0",)))] == ["rare"]


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.floats(0.2, 20), st.sampled_from(["CC0-1.0", "CC-BY-4.0"])), max_size=12
    )
)
def test_a_search_gives_what_looking_at_every_row_gives(rows: list[tuple[str, float, str]]) -> None:
    clips = [clip(f"{i:02d}", word, seconds=seconds, licence=by) for i, (word, seconds, by) in enumerate(rows)]
    hits = filled(*clips).search("a", 100, Wanted((1.0, 10.0), licences=("CC0",)))
    right = {c.id for c in clips if c.label == "a" and 1.0 <= c.seconds <= 10.0 and c.licence == "CC0-1.0"}
    assert {hit.clip.id for hit in hits} == right
    assert [hit.rank for hit in hits] == sorted(hit.rank for hit in hits)


def test_what_was_left_out_is_kept_with_its_reason_until_it_is_mended() -> None:
    index = ClipIndex()
    source = index.source("/sounds", "own")
    index.add(source, [], [("a", "it is broken"), ("line 3", "no path")])
    assert list(index.quarantined()) == [("/sounds", "a", "it is broken"), ("/sounds", "line 3", "no path")]
    index.add(source, [clip("a")])
    assert [name for _, name, _ in index.quarantined()] == ["line 3"]


def test_a_batch_is_added_whole_or_not_at_all(tmp_path: Path) -> None:
    with ClipIndex(tmp_path / "a.store") as index:
        source = index.source("/sounds", "own")
        broken = clip("b", extra={"object": object()})
        with pytest.raises(TypeError):
            index.add(source, [clip("a"), broken])
        assert len(index) == 0 and index.search("siren") == []


def test_texts_are_found_by_what_is_said() -> None:
    index = ClipIndex()
    texts = [
        Conversation("a/1", "en", (("Why is the sky blue?", "Scattering."),)),
        Conversation("a/2", "zh", (("天空", "蓝"),)),
    ]
    index.add_texts(index.source("/chats.jsonl", "texts"), texts, [("line 3", "empty")])
    assert [text.id for text in index.search_texts("scattering sky")] == ["a/1"]
    assert list(index.texts()) == texts and list(index.texts("zh")) == texts[1:]


def test_texts_of_two_files_of_one_name_are_both_kept_and_counted_once() -> None:
    index = ClipIndex()
    one, other = (index.source(f"/{part}/train.jsonl", "texts") for part in "ab")
    sky, iron = (Conversation("train/1", "en", ((word, "x"),)) for word in ("sky", "magnets"))
    assert [index.add_texts(one, [sky]), index.add_texts(other, [iron]), index.add_texts(other, [iron])] == [1, 1, 0]
    assert index.search_texts("magnets") == [iron] and list(index.texts()) == [sky, iron]
    assert not list(index.quarantined())
    assert index.add_texts(one, [iron]) == 0  # its file changed
    assert [(folder, name) for folder, name, _ in index.quarantined()] == [("/a/train.jsonl", "train/1")]


# The tables that version 1 made, one after the other, as far as texts and clips go.
VERSION_1 = (
    "PRAGMA application_id=1357971457; PRAGMA user_version=1; PRAGMA page_size=8192",
    "CREATE TABLE sources(row INTEGER PRIMARY KEY, folder TEXT UNIQUE, layout TEXT)",
    "CREATE TABLE clips(row INTEGER PRIMARY KEY, source INTEGER, id TEXT UNIQUE, path TEXT, label TEXT, kind TEXT,"
    " split TEXT, proactive INTEGER, seconds REAL, recording TEXT, grouped TEXT, licence TEXT, origin TEXT,"
    " category TEXT, synthetic INTEGER, extra TEXT)",
    "CREATE VIRTUAL TABLE words USING fts5(text, content='', tokenize='porter unicode61')",
    "CREATE TABLE labels(name TEXT PRIMARY KEY, known TEXT)",
    "CREATE TABLE quarantine(source INTEGER, name TEXT, reason TEXT, PRIMARY KEY(source, name))",
    "CREATE TABLE texts(row INTEGER PRIMARY KEY, source INTEGER, id TEXT UNIQUE, language TEXT, turns TEXT)",
    "CREATE VIRTUAL TABLE text_words USING fts5(text, content='', tokenize='porter unicode61')",
)


@pytest.mark.parametrize("made", range(1, len(VERSION_1) + 1))
def test_a_store_that_was_killed_while_it_was_made_is_a_store(tmp_path: Path, made: int) -> None:
    base = sqlite3.connect(tmp_path / "a.store")
    base.executescript(";".join(VERSION_1[:made]))
    base.close()
    with ClipIndex(tmp_path / "a.store") as index:
        index.add(index.source("/sounds", "own"), [clip("a")])
        assert [hit.clip.id for hit in index.search("siren")] == ["a"]


def test_a_kill_while_a_store_is_made_leaves_nothing_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(schema, "TABLES", schema.TABLES + "no statement")
        with pytest.raises(OutsideError, match="cannot open"):
            ClipIndex(tmp_path / "a.store")
    base = sqlite3.connect(tmp_path / "a.store")
    assert base.execute("SELECT COUNT(*) FROM sqlite_master").fetchone() == (0,)
    base.close()
    assert len(ClipIndex(tmp_path / "a.store")) == 0


def test_an_older_store_keeps_its_texts_and_takes_those_it_had_refused(tmp_path: Path) -> None:
    base = sqlite3.connect(tmp_path / "a.store")
    base.executescript(";".join(VERSION_1))
    base.execute("INSERT INTO sources VALUES (1, '/a/train.jsonl', 'texts')")
    base.execute("""INSERT INTO texts VALUES (7, 1, 'train/1', 'en', '[["sky", "x"]]')""")
    base.execute("INSERT INTO text_words(rowid, text) VALUES (7, 'sky x')")
    base.commit()
    base.close()
    with ClipIndex(tmp_path / "a.store") as index:
        assert [text.turns for text in index.search_texts("sky")] == [(("sky", "x"),)]
        iron = Conversation("train/1", "en", (("magnets", "x"),))
        assert index.add_texts(index.source("/b/train.jsonl", "texts"), [iron]) == 1
    with ClipIndex(tmp_path / "a.store") as index:
        assert len(index.search_texts("x")) == 2


def test_the_sum_changes_with_a_row_and_not_with_a_search() -> None:
    one, other = filled(clip("a")), filled(clip("a", seconds=3.0))
    before = one.sha256()
    one.search("siren")
    assert one.sha256() == before != other.sha256() and filled(clip("a")).sha256() == before


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database, but long enough to have a header" * 9, encoding="utf-8")
    with pytest.raises(InputError, match="no clip store"):
        ClipIndex(tmp_path / "text")
    base = sqlite3.connect(tmp_path / "other")
    base.execute("CREATE TABLE a(b)")
    base.close()
    with pytest.raises(InputError, match="another program"):
        ClipIndex(tmp_path / "other")
    with pytest.raises(OutsideError, match="cannot open"):
        ClipIndex(tmp_path / "no" / "folder")
