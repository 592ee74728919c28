"""Clips without samples for tests of tasks."""

from __future__ import annotations

from soundflow.data.clips import Clip, Label
from soundflow.data.tasks.phrases import Phrases, phrases_of


def clip(label: str, proactive: bool | None = False, kind: str = "event", name: str = "") -> Clip:
    return Clip(id=name or label, path="none", label=label, kind=kind, proactive=proactive)


def book(label: str) -> Phrases:
    return phrases_of(Label(label, label.replace("_", " ").capitalize()))
