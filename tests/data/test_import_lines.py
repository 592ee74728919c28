"""Other people's lines become timelines, and a bad one stops nothing."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from soundflow.data.import_lines import form_of, import_file
from soundflow.data.timeline import Timeline, chunk_of
from soundflow.data.voices.dialogues import from_messages
from soundflow.errors import InputError, OutsideError
from tests.data.test_published_lines import line

RATE = 16_000


def nothing() -> None:
    """Hears of a line."""


def sounds(folder: Path, *names: str, seconds: float = 1.0, rate: int = RATE) -> None:
    """Soft noise under some names."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / name, np.random.default_rng(0).normal(0, 0.01, round(seconds * rate)), rate)


def published(folder: Path, *lines: dict[str, Any]) -> Path:
    """A file of lines with the sounds of the sample."""
    sounds(folder, "voice_chatting/000123/turn_0.wav", "voice_chatting/000123/turn_1.wav")
    path = folder / "lines.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    return path


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a file."""
    return [json.loads(text) for text in path.read_text(encoding="utf-8").split("\n") if text]


def test_a_published_line_becomes_a_stream_of_turns_with_gaps(tmp_path: Path) -> None:
    done = import_file(published(tmp_path, line()), tmp_path / "out.jsonl", None, None, nothing)
    assert (done.form, done.lines, done.rejected) == ("streamaudio", 1, {})
    (row,) = read(tmp_path / "out.jsonl")
    timeline = Timeline.from_json(json.dumps(row["timeline"]))
    assert row["key"] == "voice_chatting_000123" and timeline.task == "voice_chatting"
    first, second = timeline.events
    assert (first.decision, second.decision) == ("respond", "ignore") and first.clip.endswith("turn_0.wav")
    assert first.reply is not None and first.reply.text == "Dimmed." and first.reply.emotion == "normal"
    assert 0.8 <= first.onset <= 2.4 and 0.8 <= second.onset - first.end <= 2.4  # the release's 20 to 60 frames
    assert timeline.seconds * 10 % 4 == pytest.approx(0) and first.end - first.onset == pytest.approx(1.0, abs=0.04)
    assert timeline.responses[0][0] == chunk_of(first.cue, 0.4) == int(round(first.end / 0.04) // 10)


def test_the_same_lines_give_the_same_streams(tmp_path: Path) -> None:
    path = published(tmp_path, line(), line(id="voice_chatting_000124"))
    for name in ("a", "b"):
        import_file(path, tmp_path / name, None, None, nothing)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    one, two = read(tmp_path / "a")
    assert one["timeline"]["events"][0]["onset"] != two["timeline"]["events"][0]["onset"]


def test_noise_stands_between_turns_as_the_release_draws_it(tmp_path: Path) -> None:
    sounds(tmp_path / "noise", "hum.wav", seconds=5.0)
    import_file(published(tmp_path, line()), tmp_path / "out", None, tmp_path / "noise", nothing)
    events = read(tmp_path / "out")[0]["timeline"]["events"]
    assert [event["role"] for event in events] == ["background", "foreground"] * 2 + ["background"]
    assert all(event["clip"].endswith("hum.wav") for event in events[::2])
    assert all(before["end"] == after["onset"] for before, after in pairwise(events))


def test_the_releases_lines_in_both_shapes(tmp_path: Path) -> None:
    sounds(tmp_path / "sounds", "a.wav", "b.flac", rate=22_050)
    talk = [
        {"audio_path": "a.wav", "assistant": "Hi.", "emotion": "HAPPY"},
        {"audio_path": "b.flac", "assistant": "<No need to response>"},
    ]
    path = tmp_path / "train.jsonl"
    path.write_text(
        json.dumps({"conversation": talk}) + "\n" + json.dumps({"merge_path": "a.wav", "assistant": "Yes."}),
        encoding="utf-8",
    )
    done = import_file(path, tmp_path / "out", tmp_path / "sounds", None, nothing)
    two, one = read(tmp_path / "out")
    assert done.form == "release" and [two["key"], one["key"]] == ["train_000001", "train_000002"]
    assert [event["reply"] for event in two["timeline"]["events"]] == [{"text": "Hi.", "emotion": "happy"}, None]
    assert one["timeline"]["events"][0]["reply"] == {"text": "Yes.", "emotion": "normal"}


def test_a_record_keeps_its_draws(tmp_path: Path) -> None:
    turn = {"audio_path": "a.wav", "assistant": "Hi.", "audio_frames": 25, "leading_silence_frames": 20}
    noise = {"leading_noise_path": "n.wav", "leading_noise_start_s": 1.5}
    record = {
        "turns": [{**turn, **noise}],
        "tail_silence_frames": 30,
        "tail_noise_path": "n.wav",
        "tail_noise_start_s": 0.0,
    }
    (tmp_path / "r.jsonl").write_text(json.dumps(record), encoding="utf-8")
    assert import_file(tmp_path / "r.jsonl", tmp_path / "out", None, None, nothing).form == "record"
    noise_event, heard, _ = read(tmp_path / "out")[0]["timeline"]["events"]
    assert (noise_event["clip_offset"], heard["onset"], heard["end"]) == (1.5, 0.8, 1.8)


def test_text_sources_become_messages(tmp_path: Path) -> None:
    path = tmp_path / "moss.jsonl"
    path.write_text(
        '{"conversation": [{"human": "Hi.", "assistant": "Hello."}]}\n{"conversation": []}\n', encoding="utf-8"
    )
    done = import_file(path, tmp_path / "out.jsonl", None, None, nothing)
    assert (done.form, done.lines) == ("text", 1) and "line 2" in done.rejected[2]
    (dialogue,) = from_messages(tmp_path / "out.jsonl", "m")
    assert not isinstance(dialogue, InputError) and dialogue.turns == ("Hi.",)


def test_a_bad_line_is_told_and_the_others_are_kept(tmp_path: Path) -> None:
    elsewhere = line(id="x")
    elsewhere["turns"][0] = {**elsewhere["turns"][0], "audio_path": "../secret.wav"}
    missing = line(id="y")
    missing["turns"][1] = {**missing["turns"][1], "audio_path": "gone.wav"}
    path = published(tmp_path, line(), elsewhere, missing, line(num_turns=5))
    with path.open("a", encoding="utf-8") as file:
        file.write("{broken\n[1]\n")
    done = import_file(path, tmp_path / "out", None, None, nothing)
    assert done.lines == 1 and list(done.rejected) == [2, 3, 4, 5, 6]
    for number, says in {2: "leads out of", 3: "gone.wav", 4: "num_turns", 5: "not JSON", 6: "no object"}.items():
        assert says in done.rejected[number]


def test_forms_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="token ids"):
        form_of({"input_ids": [1], "labels": [1]})
    with pytest.raises(InputError, match="only colour"):
        form_of({"colour": "red"})
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    with pytest.raises(InputError, match="holds no line"):
        import_file(tmp_path / "empty", tmp_path / "out", None, None, nothing)
    with pytest.raises(InputError, match="cannot read"):
        import_file(tmp_path / "none", tmp_path / "out", None, None, nothing)


def test_nothing_is_left_behind_when_nothing_could_be_used(tmp_path: Path) -> None:
    path = published(tmp_path, line(num_turns=9))
    before = set(tmp_path.iterdir())
    with pytest.raises(InputError, match=r"no line of .* could be used; line 1"):
        import_file(path, tmp_path / "out", None, None, nothing)
    assert set(tmp_path.iterdir()) == before
    with pytest.raises(OutsideError, match="cannot write"):
        import_file(published(tmp_path, line()), path / "out", None, None, nothing)
