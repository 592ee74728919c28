"""Which replies are worth an alert: not the same sound again and again, and at night only what is urgent.

Pure: stream time and the time of day are handed in. Tests: tests/serve/sinks/test_rules.py.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from datetime import time
from typing import Literal

from soundflow.errors import UsageError
from soundflow.serve.sinks.alert import Alert, is_same_sound, sound_of

COOL_DOWN_SECONDS = 60.0  # chosen: a barking dog is one message a minute
_MOST_SOUNDS = 64  # kinds of sound remembered for one source; the oldest go first; chosen

Verdict = Literal["told", "cool_down", "quiet"]


@dataclass(frozen=True)
class QuietHours:
    """A part of the day, from `start` up to and without `end`; it may run over midnight."""

    start: time
    end: time

    def holds(self, now: time) -> bool:
        """Whether it is quiet at this time of day."""
        if self.start <= self.end:
            return self.start <= now < self.end
        return now >= self.start or now < self.end


def read_quiet_hours(text: str) -> QuietHours:
    """`22:00-07:00` as quiet hours.

    Raises:
        UsageError: something else (`alerts.quiet_hours`).
    """
    found = re.fullmatch(r"(\d\d?:\d\d)\s*-\s*(\d\d?:\d\d)", text.strip())
    try:
        if found is None:
            raise ValueError
        start, end = (time(int(hour), int(minute)) for hour, minute in (part.split(":") for part in found.groups()))
    except ValueError as e:
        raise UsageError("alerts.quiet_hours", f"no hours: {text[:40]!r}", "write them as 22:00-07:00") from e
    if start == end:
        raise UsageError("alerts.quiet_hours", f"{text[:40]!r} is no time at all", "leave the option out")
    return QuietHours(start, end)


@dataclass(frozen=True)
class Rules:
    """What is told: each sound of a source once in `cool_down_seconds` of stream; in quiet hours only urgent ones."""

    cool_down_seconds: float = COOL_DOWN_SECONDS
    quiet: QuietHours | None = None

    def __post_init__(self) -> None:
        if not self.cool_down_seconds >= 0:
            found = f"a cool-down of {self.cool_down_seconds} s"
            raise UsageError("alerts.cool_down", found, "give a number of seconds from 0")


class Gate:
    """Applies the rules to one source, whose alerts come in the order of its stream."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._told: deque[tuple[float, frozenset[str]]] = deque(maxlen=_MOST_SOUNDS)

    def judge(self, alert: Alert, now: time) -> Verdict:
        """Whether the alert is told; one that is not starts no cool-down."""
        if self._rules.quiet is not None and not alert.is_urgent and self._rules.quiet.holds(now):
            return "quiet"
        sound = sound_of(alert.text)
        while self._told and alert.at - self._told[0][0] >= self._rules.cool_down_seconds:
            self._told.popleft()
        if any(is_same_sound(sound, told) for _, told in self._told):
            return "cool_down"
        if self._rules.cool_down_seconds > 0:
            self._told.append((alert.at, sound))
        return "told"
