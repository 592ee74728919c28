"""A sink that remembers and fails when told to, and alerts to give it."""

from __future__ import annotations

from soundflow.serve.sinks.alert import Alert
from soundflow.serve.sinks.sink import UndeliveredError


def alert(number: int = 0, text: str = "I hear glass breaking. Put on shoes.", emotion: str | None = "urgent") -> Alert:
    """An alert whose id is its number."""
    return Alert(f"id{number}", "2026-11-21T14:10:00.000+00:00", "kitchen", float(number), emotion, text)


class FakeSink:
    """Fails as often as `failures` says; refuses the ids in `refused` for ever."""

    kind = "fake"

    def __init__(self, key: str = "fake:1") -> None:
        self.key = key
        self.failures = 0
        self.refused: set[str] = set()
        self.arrived: list[str] = []
        self.attempts = 0
        self.is_closed = False

    def deliver(self, alert: Alert) -> None:
        self.attempts += 1
        if alert.id in self.refused:
            raise UndeliveredError(self.kind, f"no {alert.id} here", is_refused=True)
        if self.failures:
            self.failures -= 1
            raise UndeliveredError(self.kind, "nobody is there")
        self.arrived.append(alert.id)

    def close(self) -> None:
        self.is_closed = True
