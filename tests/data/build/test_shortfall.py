"""A sub-task that mostly failed is told, with why; one that lost a stream or two is not."""

from __future__ import annotations

from soundflow.data.build.recipe import Recipe
from soundflow.data.build.shortfall import shortfalls
from soundflow.data.build.stream import sub_task_of

TASKS = {"event_counting": 1.0, "event_narration": 1.0}


def test_only_what_came_short_is_told() -> None:
    recipe = Recipe(streams=20, tasks=TASKS)
    asked = [sub_task_of(recipe, 0, index) for index in range(20)]
    counted, told = asked.count("event_counting"), asked.count("event_narration")
    rows = [{"sub_task": "event_counting"}] * (counted - 1) + [{"sub_task": "event_narration"}] * 2
    rejected = [
        {"sub_task": "event_narration", "code": "cue"},
        *[{"sub_task": "event_narration", "code": "stream.too_long"}] * 2,
        *[{"sub_task": "event_counting", "code": "cue"}] * 9,
        {"clip": "a", "code": "licence"},
    ]
    (found,) = shortfalls(recipe, 0, rows, rejected)
    assert (found.sub_task, found.made, found.asked, found.code) == ("event_narration", 2, told, "stream.too_long")
    assert str(found) == f"event_narration came short: 2 of {told} streams, mostly stream.too_long"


def test_a_whole_corpus_has_none() -> None:
    recipe = Recipe(streams=20, tasks=TASKS)
    rows = [{"sub_task": sub_task_of(recipe, 3, index)} for index in range(20)]
    assert shortfalls(recipe, 3, rows, []) == ()
