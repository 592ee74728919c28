"""LibriSpeech: folders as published, gold and silence."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from soundflow.bench.public import librispeech
from soundflow.bench.rows import Answers, read_answers
from soundflow.errors import InputError
from tests.bench.public.made import Talker, write_sounds
from tests.bench.published import benchmarks


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One chapter of test-clean with two utterances, and another of test-other."""
    for split, name in (("test-clean", "1-2"), ("test-other", "3-4")):
        chapter = tmp_path / "LibriSpeech" / split / name.replace("-", "/")
        chapter.mkdir(parents=True)
        (chapter / f"{name}.trans.txt").write_text(f"{name}-0000 HE HOPED\n{name}-0001 FOR STEW\n")
    return tmp_path


def test_gold_has_no_error_and_silence_nothing_else(folder: Path) -> None:
    items = librispeech.load(folder, "test-clean")
    assert [item.id for item in items] == ["1-2-0000", "1-2-0001"]
    assert librispeech.score(items, Answers({item.id: item.fields["ref"].lower() for item in items}))["wer"] == 0
    nothing = librispeech.score(items, Answers({}))
    assert nothing["wer"] == 1 and len(nothing["missing"]) == 2


def test_pieces_of_a_stream_are_joined_with_blanks(folder: Path) -> None:
    chapter = folder / "LibriSpeech" / "test-other" / "3" / "4"
    write_sounds(chapter, "a.wav")
    for number in range(2):
        shutil.copy(chapter / "a.wav", chapter / f"3-4-000{number}.flac")  # the content tells the format
    items = librispeech.load(folder, "test-other")
    list(librispeech.run(Talker("he", "hoped"), items, folder / "out.jsonl"))
    found = librispeech.score(items, read_answers(folder / "out.jsonl"))
    assert (found["hits"], found["sub"], found["wer"]) == (2, 2, 0.5)


def test_a_folder_without_transcripts_is_refused(tmp_path: Path) -> None:
    (tmp_path / "test-clean").mkdir()
    with pytest.raises(InputError, match=r"no \*\.trans\.txt"):
        librispeech.load(tmp_path, "test-clean")


def test_another_split_is_not_taken_for_it(folder: Path) -> None:
    shutil.rmtree(folder / "LibriSpeech" / "test-clean")
    for root in (folder, folder / "LibriSpeech", folder / "LibriSpeech" / "test-other"):
        with pytest.raises(InputError, match="no test-clean"):
            librispeech.load(root, "test-clean")
        assert len(librispeech.load(root, "test-other")) == 2


def test_a_transcript_that_is_no_text_is_named(folder: Path) -> None:
    path = folder / "LibriSpeech" / "test-clean" / "1" / "2" / "1-2.trans.txt"
    path.write_bytes(b"1-2-0000 \xff\n")
    with pytest.raises(InputError, match=r"1-2\.trans\.txt"):
        librispeech.load(folder, "test-clean")


def test_the_published_sample_loads(tmp_path: Path) -> None:
    chapter = tmp_path / "test-clean" / "1089" / "134686"
    chapter.mkdir(parents=True)
    shutil.copy(benchmarks() / "samples" / "librispeech_1089-134686.trans.txt", chapter / "1089-134686.trans.txt")
    assert len(librispeech.load(tmp_path, "test-clean")) == 10
