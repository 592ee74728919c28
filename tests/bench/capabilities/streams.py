"""Hand-made streams with an instruction, what is due in them, and the replies that give it, for this folder's tests."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from soundflow.bench.capabilities.items import Asked, Item, asked
from soundflow.bench.scoring import SpokenReply
from soundflow.data.timeline import Reply, StreamEvent, Timeline, Turn
from tests.bench.streams import event


def due(onset: float, end: float, text: str, label: str = "siren", **more: Any) -> StreamEvent:
    """A foreground event that calls for these words; it can be known at its end unless `cue` is given."""
    made = event(onset, end, "respond", label, more.pop("recording", f"{label} {onset}"))
    return dataclasses.replace(made, **{"reply": Reply(text), "cue": end, **more})


def speech(onset: float, end: float, label: str = "speech_prompt", **more: Any) -> StreamEvent:
    """Words that are written down while they are said."""
    made = event(onset, end, "respond", label, more.pop("recording", f"{label} {onset}"))
    return dataclasses.replace(made, **{"reply": None, "cue": end, "kind": "speech", **more})


def let_pass(onset: float, end: float, label: str = "cow") -> StreamEvent:
    """A sound that calls for nothing."""
    return event(onset, end, "ignore", label, f"{label} {onset}")


def stream(
    sub_task: str,
    *events: StreamEvent,
    turns: Sequence[Turn] = (),
    instruction: str | None = "Do it.",
    mix_ins: Sequence[str] = (),
    spoken: bool = False,
    key: str = "000000000",
) -> Asked:
    """A stream of 20 s."""
    line = Timeline(20.0, 0.4, instruction, sub_task, events, turns=tuple(turns))
    return asked(key, {"sub_task": sub_task, "mix_ins": list(mix_ins), "spoken_instruction": spoken}, line)


def words(event: int, *said: tuple[float, str]) -> list[Turn]:
    """What is written down of one event: moment and words."""
    return [Turn(at, Reply(text), event) for at, text in said]


def references(made: Asked) -> list[SpokenReply]:
    """Every reference at the end of the chunk in which it is due."""
    line = made.timeline
    return [SpokenReply((chunk + 1) * line.chunk_seconds, reply.text) for chunk, reply, _ in line.responses]


def item(sub_task: str, reference: str, label: str = "siren", heard: Sequence[str] = ()) -> Item:
    """One answer that is due."""
    return Item(sub_task, "reply", 0, reference, label, "r", False, (*heard, label))
