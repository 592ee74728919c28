"""Hand-made timelines for the tests of this folder."""

from __future__ import annotations

from soundflow.data.timeline import Decision, Reply, StreamEvent, Timeline, cue_of


def event(onset: float, end: float, decision: Decision, label: str = "siren", recording: str = "r") -> StreamEvent:
    """A foreground event; its cue is where ruling 1 puts it."""
    reply = Reply("That is a siren.", "urgent") if decision == "respond" else None
    cue = cue_of(onset, end, early=True)
    return StreamEvent(
        onset, end, cue, label, "event", "foreground", decision, reply, "c", recording, "CC0-1.0", "test", 0.0
    )


def timeline(*events: StreamEvent, seconds: float = 20.0) -> Timeline:
    """A proactive stream of these events."""
    return Timeline(seconds, 0.4, None, "proactive", events)
