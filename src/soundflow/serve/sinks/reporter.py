"""Turns the events of one stream into alerts. Tests: tests/serve/sinks/test_reporter.py."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

from soundflow.serve.sinks.alert import MOST_TEXT, Alert
from soundflow.serve.sinks.rules import Gate, Rules
from soundflow.stream.events import Event, ReplyEnd, ReplyStart


class Reporter:
    """Follows one stream and hands on what its rules let through.

    Args:
        source: what is heard, for the alert.
        rules: what is worth telling.
        tell: takes an alert that is; must not wait.
        now: the local time, with its offset.
        name: gives each alert its id; None draws them.
    """

    def __init__(
        self,
        source: str,
        rules: Rules,
        tell: Callable[[Alert], None],
        now: Callable[[], datetime],
        name: Callable[[], str] | None = None,
    ) -> None:
        self._source = source
        self._gate = Gate(rules)
        self._tell = tell
        self._now = now
        self._name = name or (lambda: uuid.uuid4().hex)
        self._said_at: dict[int, float] = {}

    def hear(self, event: Event) -> None:
        """Take one event of the stream in, in their order."""
        match event:
            case ReplyStart():
                self._said_at[event.reply] = event.at
            case ReplyEnd():
                self._judge(event, self._said_at.pop(event.reply, 0.0))
            case _:
                pass

    def _judge(self, event: ReplyEnd, at: float) -> None:
        text = event.text.strip()[:MOST_TEXT]
        if not text:
            return
        now = self._now()
        moment = now.isoformat(timespec="milliseconds")
        alert = Alert(self._name(), moment, self._source, round(at, 3), event.emotion, text)
        if self._gate.judge(alert, now.time()) == "told":
            self._tell(alert)
