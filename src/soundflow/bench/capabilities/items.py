"""What a stream of a corpus asks, one item for each answer that is due. Knows nothing of replies or scores.

Tests: tests/bench/capabilities/test_items.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from soundflow.bench.capabilities.words import speaks_of_absent
from soundflow.data.tasks.phrases import known_phrases
from soundflow.data.tasks.registry import CAPABILITIES, SILENT_SUB_TASK
from soundflow.data.timeline import StreamEvent, Timeline, said_of

Column = Literal["text", "spoken", "none"]
Kind = Literal["reply", "utterance", "silence"]

MIXED_IN_ALARM = "mixed_in_alarm"  # a sound that is answered under any instruction
MIXED_IN_REVIEW = "mixed_in_review"  # a question at the end about what came first
_MIXED_IN = {"voice_chatting": (MIXED_IN_REVIEW,), "proactive_respond": (MIXED_IN_ALARM,)}
TASKS: Mapping[str, tuple[str, ...]] = {
    name: (*tasks, *_MIXED_IN.get(name, ())) for name, tasks in CAPABILITIES.items()
}  # by capability: its sub-tasks, and what of it is mixed into streams of others
_LAST_SOUND = "audio_grounded_chat"
_REVIEW_OPENS = "The first sound was"
_ANSWERS_SOUNDS = frozenset({"emotional_chat", *CAPABILITIES["audio_agent"]})  # sounds are items of their own there


@dataclass(frozen=True)
class Asked:
    """A stream as it is scored.

    `column` says how the instruction came: as text, spoken in the stream, or not at all. `unsound` are items that no
    listener could get right: their reference speaks of a sound that is not in the stream.
    """

    key: str
    sub_task: str
    column: Column
    timeline: Timeline
    items: tuple[Item, ...]
    unsound: tuple[Item, ...] = ()


@dataclass(frozen=True)
class Item:
    """One answer that is due.

    `kind` is `reply` (one, at an event), `utterance` (an event whose words come one by one), or `silence` (the whole
    stream, where any reply is wrong). `event` is an index into the timeline; `heard` are the labels of the stream.
    """

    sub_task: str
    kind: Kind
    event: int
    reference: str
    label: str
    recording: str
    synthetic: bool
    heard: tuple[str, ...] = ()


def asked(key: str, annotation: Mapping[str, Any], timeline: Timeline) -> Asked:
    """A stream of a corpus with its items.

    Args:
        annotation: what stands beside the sound in its shard; `sub_task`, `mix_ins` and `spoken_instruction` are read.
    """
    sub_task = str(annotation.get("sub_task") or timeline.task)
    mixed_in = tuple(annotation.get("mix_ins") or ())
    items = list(_items(key, sub_task, mixed_in, timeline))
    unsound = tuple(item for item in items if _is_unsound(item))
    sound = tuple(item for item in items if not _is_unsound(item))
    return Asked(key, sub_task, _column(annotation, timeline), timeline, sound, unsound)


def _items(key: str, sub_task: str, mixed_in: Sequence[str], timeline: Timeline) -> Iterator[Item]:
    if sub_task == SILENT_SUB_TASK:
        made = any(event.synthetic for event in timeline.events)
        yield Item(sub_task, "silence", -1, "", "", key, made)
        return
    labels = tuple(dict.fromkeys(event.label for event in timeline.events if event.role == "foreground"))
    spelled = {turn.event for turn in timeline.turns}
    for at, event in enumerate(timeline.events):
        if event.role != "foreground" or event.decision != "respond":
            continue
        if at in spelled:
            text = said_of(timeline, at)
            yield Item(sub_task, "utterance", at, text, event.label, event.recording, event.synthetic, labels)
        elif event.reply is not None:
            task = _task_of(event, sub_task, mixed_in)
            yield Item(task, "reply", at, event.reply.text, event.label, event.recording, event.synthetic, labels)


def _task_of(event: StreamEvent, sub_task: str, mixed_in: Sequence[str]) -> str:
    """The stream's sub-task, or what was mixed into it: told by the kind of the event and by what is answered."""
    text = event.reply.text if event.reply else ""
    if "history_review" in mixed_in and text.startswith(_REVIEW_OPENS):
        return MIXED_IN_REVIEW
    if "proactive" not in mixed_in or event.kind != "event" or sub_task in CAPABILITIES["proactive_respond"]:
        return sub_task
    return MIXED_IN_ALARM if sub_task not in _ANSWERS_SOUNDS or _is_advice(event, text) else sub_task


def _is_unsound(item: Item) -> bool:
    """Whether the sound asked about is missing, as where a stream that was too long was shortened."""
    is_about_sounds = item.sub_task == _LAST_SOUND or item.reference.startswith(_REVIEW_OPENS)
    return is_about_sounds and speaks_of_absent(item.reference, item.heard)


def _is_advice(event: StreamEvent, text: str) -> bool:
    known = known_phrases().get(event.label)
    return known is not None and text in known.replies


def _column(annotation: Mapping[str, Any], timeline: Timeline) -> Column:
    if annotation.get("spoken_instruction"):
        return "spoken"
    return "none" if timeline.instruction is None else "text"
