"""Hand-made timelines and a model that never stops talking, for the tests of this folder."""

from __future__ import annotations

from soundflow.data.timeline import Decision, Reply, StreamEvent, Timeline, cue_of
from soundflow.testing.model import Script, ScriptedReply

ALWAYS = Script({k: ScriptedReply("That is a siren.") for k in range(400)})


def event(
    onset: float,
    end: float,
    decision: Decision,
    label: str = "siren",
    recording: str = "r",
    synthetic: bool = False,
) -> StreamEvent:
    """A foreground event; its cue is where ruling 1 puts it."""
    return StreamEvent(
        onset=onset,
        end=end,
        cue=cue_of(onset, end, early=True),
        label=label,
        kind="event",
        role="foreground",
        decision=decision,
        reply=Reply("That is a siren.", "urgent") if decision == "respond" else None,
        clip="c",
        recording=recording,
        licence="CC0-1.0",
        source="test",
        gain_db=0.0,
        synthetic=synthetic,
    )


def timeline(*events: StreamEvent, seconds: float = 20.0) -> Timeline:
    """A proactive stream of these events."""
    return Timeline(seconds, 0.4, None, "proactive", events)
