"""Words for recordings that came without any."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from soundflow.data.clips import ClipStore
from soundflow.data.voices.transcribe import HEARD_NAME, transcribe, wordless
from soundflow.errors import InputError, OutsideError

ORDER = {"kind": "speech", "label": "speech_coffee_order", "split": "train"}


class Ear:
    """Says for each clip, in their order, what it was told to; an exception is raised."""

    name = "ear"

    def __init__(self, *said: str | Exception) -> None:
        self._said = list(said)

    def write_down(self, samples: NDArray[np.float32], language: str) -> str:
        said = self._said.pop(0)
        if isinstance(said, Exception):
            raise said
        return said


@pytest.fixture
def store(tmp_path: Path) -> ClipStore:
    folder = tmp_path / "clips"
    (folder / "sounds").mkdir(parents=True)
    rows: list[dict[str, Any]] = [
        ORDER | {"id": "a", "slots": {"coffeeDrink": "latte"}},
        ORDER | {"id": "b", "slots": {"coffeeDrink": "mocha"}},
        ORDER | {"id": "c", "transcript": "a latte"},
        {"id": "d", "kind": "event", "label": "dog_bark", "split": "train"},
    ]
    for row in rows:
        row["path"] = f"sounds/{row['id']}.wav"
        soundfile.write(folder / row["path"], np.random.default_rng(0).normal(0, 0.1, 8000), 16_000)
    (folder / "clips.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "labels.json").write_text("{}")
    return ClipStore(folder, tmp_path / "cache")


def test_only_speech_without_words_is_chosen(store: ClipStore) -> None:
    assert [clip.id for clip in wordless(store)] == ["a", "b"]
    with pytest.raises(InputError, match="without words"):
        wordless(store, label="speech_digit")


def test_words_stand_in_the_new_folder_and_wrong_ones_do_not(store: ClipStore, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = transcribe(store, wordless(store), Ear("A latte, please.", "a locker"), "en", out)
    assert done.to_dict() == {"written": 2, "kept": 0, "refused": 1}
    made = ClipStore(out, tmp_path / "cache2")
    assert {clip.id: clip.content for clip in made.clips()} == {
        "a": "A latte, please.",
        "b": None,
        "c": "a latte",
        "d": None,
    }
    assert made.clips()[0].extra["transcribed_by"] == "ear" and (out / "labels.json").is_file()
    assert np.array_equal(made.audio(made.clips()[0]), store.audio(store.clips()[0]))


def test_nothing_is_heard_twice(store: ClipStore, tmp_path: Path) -> None:
    out, clips = tmp_path / "out", wordless(store)
    with pytest.raises(OutsideError):
        transcribe(store, clips, Ear("a latte", OutsideError("ear", "gone", "")), "en", out)
    with (out / HEARD_NAME).open("a") as file:
        file.write('{"id": "b", "te')  # the machine went down
    done = transcribe(store, clips, Ear("a mocha"), "en", out)
    assert (done.kept, done.written, done.refused) == (1, 1, 0)


def test_a_row_that_cannot_be_read_costs_no_other_and_one_without_a_name_gets_its_words(
    store: ClipStore, tmp_path: Path
) -> None:
    with (store.folder / "clips.jsonl").open("a") as file:
        file.write('no JSON\n{"path": "sounds/a.wav", "kind": "speech", "label": "speech_x"}\n')
    again = ClipStore(store.folder, tmp_path / "cache3")
    transcribe(again, wordless(again, "speech_x"), Ear("hello"), "en", tmp_path / "out")
    made = ClipStore(tmp_path / "out", tmp_path / "cache4")
    assert [clip.content for clip in made.clips(label="speech_x")] == ["hello"]
