"""StreamAudio-2M's lines: read strictly, written back field for field."""

from __future__ import annotations

from typing import Any

import pytest

from soundflow.data.published_lines import SILENT, published_line
from soundflow.data.timeline import Reply
from soundflow.errors import InputError


def line(**more: Any) -> dict[str, Any]:
    """The sample that is printed on the data set's page, in its form, with words of our own."""
    turn = {"user": "Dim the light.", "assistant": "Dimmed.", "emotion": "normal", "scene_type": "Home Smart"}
    turns = [
        {**turn, "audio_path": "voice_chatting/000123/turn_0.wav"},
        {**turn, "assistant": SILENT, "audio_path": "voice_chatting/000123/turn_1.wav"},
    ]
    return {"id": "voice_chatting_000123", "stream_scene_type": "Home Smart", "num_turns": 2, "turns": turns, **more}


def test_a_line_comes_back_as_it_was() -> None:
    made = published_line(line())
    assert made.to_dict() == line() and list(made.to_dict()) == list(line())
    assert made.capability == "voice_chatting"
    assert [turn.online.reply for turn in made.turns] == [Reply("Dimmed.", "normal"), None]


def test_our_own_field_is_kept_and_left_out_where_it_is_not() -> None:
    assert published_line(line(instruction="Count.")).to_dict() == line(instruction="Count.")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"num_turns": 3}, "`num_turns` is 3, there are 2 turns"),
        ({"turns": []}, "no list with a turn"),
        ({"turns": ["hi"], "num_turns": 1}, "turn 0 is no object"),
        ({"turns": [{"user": "a"}], "num_turns": 1}, "turn 0 has no `assistant`"),
        ({"id": 7}, "`id` is 7, expected a text"),
        ({"speaker": "ann"}, "a field `speaker` that is not published"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(change: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        published_line(line(**change))


def test_a_line_without_an_id() -> None:
    values = line()
    del values["id"]
    with pytest.raises(InputError, match="the line has no `id`"):
        published_line(values)
