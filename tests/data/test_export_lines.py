"""Imported lines go out as they came; a corpus goes out cut into turns whose sounds joined are the stream."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from soundflow.data.build.corpus import corpus_sha256, streams
from soundflow.data.build.run import build
from soundflow.data.export_lines import export_corpus, export_imported, pieces
from soundflow.data.import_lines import import_file
from soundflow.data.published_lines import SILENT, published_line
from soundflow.data.timeline import Reply, Timeline, Turn
from soundflow.errors import InputError, OutsideError
from tests.data.build.clips import order
from tests.data.test_import_lines import nothing, published, read, sounds
from tests.data.test_published_lines import line

EMOTIONS = st.sampled_from(["happy", "normal", "urgent"])


@given(
    turns=st.lists(
        st.tuples(st.text(min_size=1).filter(lambda t: t.strip()), st.booleans(), EMOTIONS), min_size=1, max_size=4
    ),
    noisy=st.booleans(),
)
def test_a_line_goes_out_as_it_came(
    tmp_path_factory: pytest.TempPathFactory, turns: list[tuple[str, bool, str]], noisy: bool
) -> None:
    folder = tmp_path_factory.mktemp("lines")
    sounds(folder / "noise", "hum.wav", seconds=4.0)
    given_line = line(num_turns=len(turns))
    given_line["turns"] = [
        {
            "user": text,
            "assistant": text if speaks else SILENT,
            "emotion": emotion,
            "scene_type": text[::-1],
            "audio_path": "voice_chatting/000123/turn_0.wav",
        }
        for text, speaks, emotion in turns
    ]
    path = published(folder, given_line)
    import_file(path, folder / "ours.jsonl", None, folder / "noise" if noisy else None, nothing)
    export_imported(folder / "ours.jsonl", folder / "back.jsonl", "streamaudio", nothing)
    assert read(folder / "back.jsonl") == [given_line]


def test_the_releases_lines_go_out_as_they_came(tmp_path: Path) -> None:
    sounds(tmp_path, "a.wav")
    talk = [
        {"audio_path": "a.wav", "assistant": "Hi.", "emotion": "happy"},
        {"audio_path": "a.wav", "assistant": SILENT, "emotion": "normal"},
    ]
    (tmp_path / "in.jsonl").write_text(json.dumps({"conversation": talk}) + "\n", encoding="utf-8")
    import_file(tmp_path / "in.jsonl", tmp_path / "ours", None, None, nothing)
    done = export_imported(tmp_path / "ours", tmp_path / "back", "release", nothing)
    assert read(tmp_path / "back") == [{"conversation": talk}] and (done.lines, done.turns) == (1, 2)


def test_one_form_goes_out_as_the_other(tmp_path: Path) -> None:
    import_file(published(tmp_path, line()), tmp_path / "ours", None, None, nothing)
    export_imported(tmp_path / "ours", tmp_path / "out", "release", nothing)
    assert [turn["assistant"] for turn in read(tmp_path / "out")[0]["conversation"]] == ["Dimmed.", SILENT]


def spoken(replies: list[tuple[float, str]], seconds: float = 8.0) -> Timeline:
    """A stream in which something is said at some moments."""
    return Timeline(seconds, 0.4, None, "narration", (), turns=tuple(Turn(at, Reply(text), 0) for at, text in replies))


def test_a_stream_is_cut_behind_each_chunk_that_is_answered() -> None:
    found = pieces(spoken([(1.0, "one"), (1.1, "and"), (4.0, "two")]))
    assert [(piece.start, piece.end, piece.turn[0]) for piece in found] == [
        (0.0, pytest.approx(1.2), "one and"),
        (pytest.approx(1.2), pytest.approx(4.0), "two"),
        (pytest.approx(4.0), 8.0, SILENT),
    ]
    assert [piece.turn for piece in pieces(spoken([]))] == [(SILENT, "normal")]


@given(st.lists(st.floats(0, 8.0), max_size=8))
def test_pieces_cover_a_stream_without_a_hole(moments: list[float]) -> None:
    found = pieces(spoken([(at, "x") for at in moments]))
    assert found[0].start == 0 and found[-1].end == 8.0
    assert all(before.end == after.start < after.end for before, after in pairwise(found))
    assert sum(len(piece.replies) for piece in found) == len(moments)


def test_a_corpus_goes_out_and_comes_back(tmp_path: Path) -> None:
    corpus = order(tmp_path, streams=4)
    build(corpus)
    out = tmp_path / "published"
    done = export_corpus(Path(corpus.out), out, "streamaudio", nothing)
    lines = [published_line(row) for row in read(out / "lines.jsonl")]
    originals = list(streams(Path(corpus.out)))
    assert done.lines == len(lines) == len(originals) > 0
    for made, stream in zip(lines, originals, strict=True):
        joined = np.concatenate([soundfile.read(out / turn.audio_path, dtype="int16")[0] for turn in made.turns])
        assert np.array_equal(joined, np.rint(stream.samples * 32767).astype(np.int16)) or len(joined) == len(
            stream.samples
        )
        said = [turn.assistant for turn in made.turns if turn.assistant != SILENT]
        assert " ".join(said).split() == " ".join(r.text for _, r, _ in stream.timeline.responses).split()
        assert made.instruction == stream.timeline.instruction
    imported = import_file(out / "lines.jsonl", tmp_path / "ours", None, None, nothing)
    assert not imported.rejected
    export_imported(tmp_path / "ours", tmp_path / "back", "streamaudio", nothing)
    assert read(tmp_path / "back") == read(out / "lines.jsonl")


def test_sounds_of_another_corpus_are_not_taken_for_these(tmp_path: Path) -> None:
    corpora = [order(tmp_path / name, streams=2, seed=seed) for seed, name in enumerate("ab")]
    first, second = (build(corpus) for corpus in corpora)
    assert first.sha256 == corpus_sha256(Path(first.out)) != second.sha256
    out = tmp_path / "published"
    export_corpus(Path(first.out), out, "streamaudio", nothing)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(InputError, match="of another corpus"):
        export_corpus(Path(second.out), out, "streamaudio", nothing)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    one = next(out.rglob("turn_0.wav"))
    one.unlink()  # stopped: the same corpus goes on, in either form
    assert export_corpus(Path(first.out), out, "release", nothing).lines == 2
    assert one.read_bytes() == before[one]
    (out / "export.json").unlink()
    with pytest.raises(InputError, match="of another corpus"):
        export_corpus(Path(first.out), out, "streamaudio", nothing)


def test_a_corpus_that_is_not_finished_has_no_sum(tmp_path: Path) -> None:
    built = build(order(tmp_path, streams=2))
    next(Path(built.out).glob("shard-*.jsonl")).unlink()
    with pytest.raises(InputError, match="not finished"):
        corpus_sha256(Path(built.out))


def test_what_is_no_imported_line_is_told(tmp_path: Path) -> None:
    import_file(published(tmp_path, line()), tmp_path / "ours", None, None, nothing)
    with (tmp_path / "ours").open("a", encoding="utf-8") as file:
        file.write('{"key": "a"}\n{broken\n')
    done = export_imported(tmp_path / "ours", tmp_path / "out", "streamaudio", nothing)
    assert done.lines == 1 and list(done.rejected) == ["line 2", "line 3"]
    (tmp_path / "other").write_text('{"key": "a"}\n', encoding="utf-8")
    with pytest.raises(InputError, match="holds no imported line"):
        export_imported(tmp_path / "other", tmp_path / "none", "streamaudio", nothing)
    assert not (tmp_path / "none").exists()
    with pytest.raises(InputError, match="cannot read"):
        export_imported(tmp_path / "gone", tmp_path / "none", "streamaudio", nothing)
    with pytest.raises(OutsideError, match="cannot write"):
        export_imported(tmp_path / "ours", tmp_path / "ours" / "out", "streamaudio", nothing)
