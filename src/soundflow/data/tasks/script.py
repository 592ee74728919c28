"""What a sub-task makes of its clips: who sounds in which order, and what is said when. Plain values, no samples.

Tests: tests/data/build/test_stream.py.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from soundflow.data.clips import Clip
from soundflow.data.tasks.plan import IGNORE, Choice
from soundflow.data.timeline import Reply, Role

LONGEST_EVENT_SECONDS = 5.0  # of an event in a stream, as in the bench's


@dataclass(frozen=True)
class Said:
    """A reply at a share of a part's sounding time: 0 is its start, 1 its end.

    Several that fall into one chunk become one reply.
    """

    share: float
    reply: Reply


@dataclass(frozen=True)
class Part:
    """One clip of a stream and what it calls for."""

    clip: Clip
    choice: Choice = IGNORE
    said: tuple[Said, ...] = ()
    role: Role = "foreground"
    longest_seconds: float = LONGEST_EVENT_SECONDS
    note: str = ""  # what it was mixed in as, in a word; empty where the sub-task itself brought it

    @property
    def is_answered(self) -> bool:
        """Whether it calls for a word."""
        return self.choice.reply is not None or bool(self.said)


@dataclass(frozen=True)
class Script:
    """A stream before it sounds. `snr_db` and `gap_seconds` stand above the recipe's where a task needs its own."""

    instruction: str | None
    parts: tuple[Part, ...]
    place: str = ""
    snr_db: tuple[float, float] | None = None
    gap_seconds: tuple[float, float] | None = None
    ambience: tuple[str, ...] = ()  # labels of backgrounds that fit the place
    asked_aloud: bool = False  # the first part says the instruction; there is no other
    in_turn: bool = False  # an answer builds on those before it: only the last ones can be left out

    @property
    def notes(self) -> tuple[str, ...]:
        """What was mixed in and is there."""
        return tuple(part.note for part in self.parts if part.note)

    @property
    def replies(self) -> int:
        """How many parts call for a word."""
        return sum(part.is_answered for part in self.parts)

    def asked_by(self, voice: Part) -> Script:
        """The same with its instruction said in the stream, before everything else."""
        return dataclasses.replace(self, instruction=None, parts=(voice, *self.parts), asked_aloud=True)

    def with_part(self, at: int, part: Part, note: str) -> Script:
        """The same with one part more."""
        parts = (*self.parts[:at], dataclasses.replace(part, note=note), *self.parts[at:])
        return dataclasses.replace(self, parts=parts)
