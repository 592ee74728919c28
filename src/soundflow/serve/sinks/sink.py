"""What a sink must do, and how it says that it could not. Tests: tests/serve/sinks/test_courier.py."""

from __future__ import annotations

from typing import Protocol

from soundflow.errors import OutsideError
from soundflow.serve.sinks.alert import Alert


class UndeliveredError(OutsideError):
    """An alert did not arrive; it is tried again.

    `is_refused`: the receiver is well and will not have this one; others behind it need not wait.
    """

    def __init__(self, sink: str, message: str, hint: str = "it is tried again", is_refused: bool = False) -> None:
        super().__init__(f"alerts.{sink}", message, hint)
        self.is_refused = is_refused


class Sink(Protocol):
    """Somewhere alerts go."""

    kind: str  # `webhook`, `mqtt`, `exec`, `file`: what its errors and log lines call it
    key: str  # names it in the spool over restarts: its kind and a hash of where it leads, without any secret

    def deliver(self, alert: Alert) -> None:
        """Return when the alert has arrived; may take as long as the sink's own time-out.

        Raises:
            UndeliveredError: it has not, or nobody knows.
        """

    def close(self) -> None:
        """Let go of what is held."""
