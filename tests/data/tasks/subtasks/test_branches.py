"""A builder that has several ways takes one there are clips for, and no more sounds than the recipe's turns."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from soundflow.data.build.run import open_workshop
from soundflow.data.clips import ClipStore
from soundflow.data.library import Library
from soundflow.data.tasks.material import Material, Quiet
from soundflow.data.tasks.script import Script
from soundflow.data.tasks.subtasks import BUILDERS
from soundflow.errors import InputError
from tests.data.build.clips import order
from tests.data.test_clips import row, write_folder

Rows = Callable[[], list[dict[str, Any]]]


def heard(name: str, label: str, kind: str = "event", **more: Any) -> dict[str, Any]:
    return row(name, kind=kind, split="train", **more) | {"label": label}


def voiced(line: str, **more: Any) -> dict[str, Any]:
    return heard(line.replace("/", "-"), "speech_voice", "speech", line=line, speaker="anna", language="en", **more)


def orders() -> list[dict[str, Any]]:
    return [heard(f"o{n}", "speech_coffee_order", "speech", slots={"coffeeDrink": "latte"}) for n in range(2)]


def digits() -> list[dict[str, Any]]:
    return [heard(f"d{word}", "speech_digit", "speech", transcript=word) for word in ("one", "two")]


def wake_words() -> list[dict[str, Any]]:
    return [heard("w", "speech_wake_word", "speech", transcript="jarvis")]


def facts() -> list[dict[str, Any]]:
    return [voiced(f"facts-en/{n}/0") for n in range(4)]


def messages() -> list[dict[str, Any]]:
    return [voiced(f"mine/1/{n}", reply="Good.", **({"review": True} if n == 3 else {})) for n in range(4)]


def commands() -> list[dict[str, Any]]:
    return [voiced("commands-en/0/0", transcript="Turn the living room lights down.")]


def probes() -> list[dict[str, Any]]:
    return [voiced("heard/0/0"), voiced("probes-first/0/0")]


def animals() -> list[dict[str, Any]]:
    return [heard(f"{label}{n}", label, proactive=False) for label in ("cow", "rooster", "laughing") for n in range(3)]


def notes() -> list[dict[str, Any]]:
    return [heard(f"n{name}", "instrument_note", "music", instrument=name) for name in ("oboe", "cello", "flute")]


def tune() -> list[dict[str, Any]]:
    return [heard("tune", "music", "music")]


def material_of(folder: Path, *rows: Rows, **more: Any) -> Material:
    write_folder(folder / "clips", [row for some in rows for row in some()])
    return Material(Library([ClipStore(folder / "clips", folder / "cache")], "train"), **more)


def scripts(material: Material, task: str, count: int = 24) -> list[Script]:
    return [BUILDERS[task](material, np.random.default_rng(seed)) for seed in range(count)]


@pytest.mark.parametrize(
    ("task", "rows"),
    [
        ("environment_aware_assistance", (orders,)),
        ("environment_aware_assistance", (commands,)),
        ("environment_aware_assistance", (orders, commands)),
        ("multi_turn_dialogue", (messages,)),
        ("multi_turn_dialogue", (orders,)),
        ("factual_spoken_qa", (facts,)),
        ("factual_spoken_qa", (digits,)),
        ("audio_grounded_chat", (animals, probes)),
        ("audio_grounded_chat", (animals, wake_words)),
        ("history_review", (messages,)),
        ("history_review", (animals, messages)),
        ("music_qa_open", (notes,)),
        ("music_qa_open", (tune, animals)),
        ("music_qa_open", (tune, notes)),
        ("music_in_conversation", (tune, orders)),
        ("music_in_conversation", (tune, wake_words)),
    ],
)
def test_only_ways_there_are_clips_for_are_taken(tmp_path: Path, task: str, rows: tuple[Rows, ...]) -> None:
    for script in scripts(material_of(tmp_path, *rows), task):
        assert script.replies


def test_a_house_without_sounds_obeys_commands(tmp_path: Path) -> None:
    for script in scripts(material_of(tmp_path, commands), "environment_aware_assistance"):
        replies = [part.choice.reply for part in script.parts]
        assert replies and all(reply and json.loads(reply.text)["name"] == "set_light" for reply in replies)


def test_a_recipe_may_want_orders_alone(tmp_path: Path) -> None:
    for script in scripts(material_of(tmp_path, orders, commands, calls=("orders",)), "environment_aware_assistance"):
        assert {part.clip.label for part in script.parts} == {"speech_coffee_order"}
    with pytest.raises(InputError, match="there is no order —"):
        scripts(material_of(tmp_path / "other", commands, calls=("orders",)), "environment_aware_assistance")


def test_a_house_with_nothing_to_act_on_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no order, no command") as raised:
        scripts(material_of(tmp_path, animals), "environment_aware_assistance")
    assert raised.value.code == "material.no_calls"


def test_silence_is_made_of_what_is_there(tmp_path: Path) -> None:
    material = material_of(tmp_path, tune, quiet=Quiet(1, 1, 1, 0))
    assert {part.clip.label for script in scripts(material, "keep_silent") for part in script.parts} == {"music"}


def test_there_is_nothing_to_count_without_events(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no sound to count"):
        scripts(material_of(tmp_path, orders), "event_counting")


def test_a_question_about_a_lone_sound_is_about_the_first(tmp_path: Path) -> None:
    def lone() -> list[dict[str, Any]]:
        return [heard("a", "cow", proactive=False)]

    material = material_of(tmp_path, lone, turns=(1, 1))
    asked = {script.instruction for script in scripts(material, "audio_qa_open")}
    assert all(asked) and not any("right after" in text or "follows" in text for text in asked if text)


@pytest.mark.parametrize(
    ("task", "fewest"),
    [("audio_qa_open", 2), ("audio_description", 2), ("audio_qa_choice", 1), ("audio_grounded_chat", 1)],
)
def test_scenes_of_questions_follow_the_turns(tmp_path_factory: pytest.TempPathFactory, task: str, fewest: int) -> None:
    material = open_workshop(order(tmp_path_factory.mktemp("turns"), turns=(1, 2))).material
    sounds = [[part for part in script.parts if part.clip.kind == "event"] for script in scripts(material, task)]
    assert {len(parts) for parts in sounds} == set(range(fewest, 3))


@pytest.mark.parametrize("rows", [orders, wake_words, animals, notes, tune])
def test_a_builder_without_clips_says_so_and_never_breaks(tmp_path: Path, rows: Rows) -> None:
    material = material_of(tmp_path, rows, turns=(1, 2))
    for task in BUILDERS:
        for seed in range(6):
            with suppress(InputError):
                BUILDERS[task](material, np.random.default_rng(seed))
