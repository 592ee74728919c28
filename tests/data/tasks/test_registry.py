"""The 28 sub-tasks: all there, all built."""

from __future__ import annotations

from soundflow.data.tasks.registry import CAPABILITIES, SUB_TASKS, capability_of
from soundflow.data.tasks.subtasks import BUILDERS


def test_seven_capabilities_and_28_sub_tasks_each_with_a_builder() -> None:
    assert len(CAPABILITIES) == 7 and len(SUB_TASKS) == len(set(SUB_TASKS)) == 28
    assert set(BUILDERS) == set(SUB_TASKS)
    assert [len(tasks) for tasks in CAPABILITIES.values()] == [5, 4, 5, 6, 3, 4, 1]
    assert capability_of("event_counting") == "streaming_audio_understanding" and capability_of("x") == "other"
