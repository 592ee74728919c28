"""A file is there whole or not at all."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from soundflow.atomic import replacing, try_place, write_text


def test_text_is_there_and_nothing_else(tmp_path: Path) -> None:
    write_text(tmp_path / "words.txt", "früh\u2028spät\n")
    assert (tmp_path / "words.txt").read_text(encoding="utf-8") == "früh\u2028spät\n"
    assert [path.name for path in tmp_path.iterdir()] == ["words.txt"]


@pytest.mark.parametrize("letter", ["n", "é"])
def test_a_name_may_be_as_long_as_the_disk_allows(tmp_path: Path, letter: str) -> None:
    path = tmp_path / (letter * (255 // len(letter.encode())))
    write_text(path, "words")
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_block_that_fails_leaves_what_was_there(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "words.txt"
    write_text(path, "before")
    with pytest.raises(error), replacing(path) as temporary:
        temporary.write_text("half")
        raise error
    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["words.txt"]


def test_a_block_that_wrote_nothing_is_an_error_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "words.txt"):
        pass


def test_two_threads_that_write_one_file_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    names: list[Path] = []
    both = threading.Barrier(2, timeout=10)

    def write(text: str) -> None:
        with replacing(path) as temporary:
            names.append(temporary)
            both.wait()
            temporary.write_text(text)

    threads = [threading.Thread(target=write, args=(letter * 1000,)) for letter in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(names)) == 2
    assert path.read_text() in ("a" * 1000, "b" * 1000)


@pytest.mark.parametrize("place", ["file/words.txt", "file/deep/words.txt", "."])
def test_a_place_that_takes_no_file_is_told_beforehand(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(OSError):
        try_place(tmp_path / place)


def test_trying_a_place_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("old")
    for place in ("words.txt", "new/deep/words.txt"):
        try_place(tmp_path / place)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("words.txt", "old")]
