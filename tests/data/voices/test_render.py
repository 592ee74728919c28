"""Voices: one a dialogue, two retries, a dialogue whole or not at all, and what was made says so for ever."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from soundflow.data.clips import ClipStore
from soundflow.data.voices.choosing import said_often
from soundflow.data.voices.dialogues import Dialogue, from_messages, packaged
from soundflow.data.voices.engine import Samples, Voice
from soundflow.data.voices.render import Studio, named_voices, render_dialogues, split_of
from soundflow.errors import InputError
from tests.data.test_clips import tone


class Parrot:
    """A speaker that hums, and a listener that knows what was asked; `slips` are misheard so many times."""

    name = "parrot"
    voices = tuple(Voice(name, "en", "CC0-1.0") for name in ("ann", "bob", "cy"))

    def __init__(self, slips: dict[str, int] | None = None) -> None:
        self.slips, self.said, self.used = slips or {}, "", list[str]()

    def say(self, text: str, voice: Voice, attempt: int) -> Samples:
        self.said = text
        self.used.append(voice.name)
        return np.concatenate([np.zeros(8000, np.float32), tone(1.0), np.zeros(8000, np.float32)])

    def write_down(self, samples: Samples, language: str) -> str:
        if self.slips.get(self.said, 0):
            self.slips[self.said] -= 1
            return "something else entirely"
        return self.said


DIALOGUES = [Dialogue("d/0", "en", ("good morning", "how are you")), Dialogue("d/1", "en", ("good night",))]


def quiet(what: str, seconds: float) -> None:
    """Tell nobody."""


def rows(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "clips.jsonl").read_text().splitlines()]


def test_a_dialogue_has_one_voice_and_its_turns_are_clips(tmp_path: Path) -> None:
    parrot = Parrot()
    outcome = render_dialogues(DIALOGUES, Studio(parrot, parrot, tmp_path), quiet)
    assert (outcome.written, outcome.turns, outcome.retried) == (2, 3, 0)
    found = rows(tmp_path)
    assert [row["line"] for row in found] == ["d/0/0", "d/0/1", "d/1/0"]
    assert found[0]["speaker"] == found[1]["speaker"]
    assert all(row["synthetic"] and row["asr_checked"] and row["word_error_rate"] == 0 for row in found)
    store = ClipStore(tmp_path, tmp_path / "cache")
    assert store.seconds(store.clips()[0]) == pytest.approx(1.1, abs=0.02)  # trimmed to speech and 50 ms


def test_a_slip_is_said_again_and_three_drop_the_whole_dialogue(tmp_path: Path) -> None:
    parrot = Parrot({"good night": 2, "how are you": 3})
    outcome = render_dialogues(DIALOGUES, Studio(parrot, parrot, tmp_path), quiet)
    assert (outcome.written, outcome.retried) == (1, 4)
    assert "100% wrong" in outcome.dropped["d/0"]
    assert [row["line"] for row in rows(tmp_path)] == ["d/1/0"]
    assert outcome.to_dict()["drop_rate"] == 0.5


def test_what_is_there_is_kept_and_a_language_nobody_checks_is_flagged(tmp_path: Path) -> None:
    parrot = Parrot()
    first = render_dialogues(DIALOGUES[:1], Studio(parrot, None, tmp_path), quiet)
    assert first.unchecked == 1 and not rows(tmp_path)[0]["asr_checked"]
    again = render_dialogues(DIALOGUES, Studio(parrot, None, tmp_path), quiet)
    assert (again.kept, again.written) == (1, 1) and len(rows(tmp_path)) == 3
    other = render_dialogues([Dialogue("f/0", "fi", ("hei",))], Studio(parrot, None, tmp_path), quiet)
    assert "no voice for 'fi'" in other.dropped["f/0"]


def test_a_voice_stands_in_one_split(tmp_path: Path) -> None:
    parrot = Parrot()
    many = [Dialogue(f"d/{i}", "en", ("hello",)) for i in range(12)]
    render_dialogues(many, Studio(parrot, None, tmp_path), quiet)
    splits: dict[str, set[str]] = {}
    for row in rows(tmp_path):
        splits.setdefault(row["speaker"], set()).add(row["split"])
    assert all(found == {split_of(Voice(voice, "en", ""))} for voice, found in splits.items())


def test_each_take_is_the_next_voices_and_none_is_lost(tmp_path: Path) -> None:
    parrot = Parrot()
    outcome = render_dialogues(said_often(DIALOGUES, 4), Studio(parrot, None, tmp_path), quiet)
    found = rows(tmp_path)
    assert (outcome.written, len(found), len({row["id"] for row in found})) == (8, 12, 12)
    assert len({row["path"] for row in found}) == 12
    speakers = [row["speaker"] for row in found if row["line"] == "d/1/0"]
    assert set(speakers) == {"ann", "bob", "cy"} and len(speakers) == 4
    first = [row["speaker"] for row in found if not row["path"].partition("~")[1]]
    render_dialogues(DIALOGUES, Studio(parrot, None, tmp_path / "once"), quiet)
    assert first == [row["speaker"] for row in rows(tmp_path / "once")]


def test_only_named_voices_speak_and_an_unknown_one_is_told(tmp_path: Path) -> None:
    parrot = Parrot()
    names, languages = named_voices(parrot, ["bob", "bob"])
    assert languages == ("en",) == named_voices(parrot, [])[1]
    many = said_often(DIALOGUES, 3)
    render_dialogues(many, Studio(parrot, None, tmp_path, names=names), quiet)
    assert {row["speaker"] for row in rows(tmp_path)} == {"bob"}
    with pytest.raises(InputError, match="no voice 'dan'"):
        named_voices(parrot, ["dan"])


def test_a_voices_own_split_stands_above_the_drawn_one() -> None:
    assert split_of(Voice("ann", "en", "", split="valid")) == "valid" != split_of(Voice("ann", "en", ""))


def test_what_a_text_asks_for_stands_in_its_row(tmp_path: Path) -> None:
    order = Dialogue(
        "orders/0", "en", ("a latte",), label="speech_coffee_order", facts={"slots": {"coffeeDrink": "latte"}}
    )
    render_dialogues([order], Studio(Parrot(), None, tmp_path), quiet)
    (row,) = rows(tmp_path)
    assert (row["label"], row["slots"]) == ("speech_coffee_order", {"coffeeDrink": "latte"})


def test_packaged_texts_have_names_of_their_own() -> None:
    names = [dialogue.name for dialogue in packaged()]
    assert len(names) == len(set(names)) > 50


def test_messages_are_rewritten_as_they_are_spoken_and_bad_lines_are_told(tmp_path: Path) -> None:
    lines = [
        {"messages": [{"role": "user", "content": "I have **3** cats"}, {"role": "assistant", "content": "Nice"}]},
        {"conversations": [{"from": "human", "value": "你好"}, {"from": "gpt", "value": "你好"}]},
        {"instruction": "Say hi", "input": "", "output": "Hi"},
        {"messages": []},
    ]
    (tmp_path / "m.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + "{no json\n")
    found = list(from_messages(tmp_path / "m.jsonl", "m"))
    assert [d.turns for d in found if isinstance(d, Dialogue)] == [("I have three cats",), ("你好",), ("Say hi",)]
    assert [d.language for d in found if isinstance(d, Dialogue)] == ["en", "zh", "en"]
    assert sum(isinstance(d, InputError) for d in found) == 2
