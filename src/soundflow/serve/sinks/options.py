"""Alerts out of what a user wrote on the command line. Tests: tests/serve/sinks/test_options.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from soundflow.serve.sinks.alerts import Alerts
from soundflow.serve.sinks.command import Command
from soundflow.serve.sinks.courier import Complain
from soundflow.serve.sinks.record import Record
from soundflow.serve.sinks.rules import COOL_DOWN_SECONDS, Rules, read_quiet_hours
from soundflow.serve.sinks.sink import Sink
from soundflow.serve.sinks.spool import Spool
from soundflow.serve.sinks.webhook import SECRET_VARIABLE, Webhook


@dataclass(frozen=True)
class AlertOptions:
    """Where alerts go, None where they do not, and which. Secrets come from the environment."""

    webhook: str | None = None
    mqtt: str | None = None
    command: str | None = None
    record: Path | None = None
    cool_down_seconds: float | None = None  # the usual ones
    quiet_hours: str | None = None
    spool: Path | None = None

    @property
    def is_any_wanted(self) -> bool:
        """Whether there is a sink."""
        return any(place is not None for place in (self.webhook, self.mqtt, self.command, self.record))

    @property
    def details(self) -> dict[str, object]:
        """What is said of alerts beside where they go, by its option."""
        told = {"--cool-down": self.cool_down_seconds, "--quiet-hours": self.quiet_hours, "--spool": self.spool}
        return {option: value for option, value in told.items() if value is not None}


def open_alerts(options: AlertOptions, spool: Path, environment: Mapping[str, str], complain: Complain) -> Alerts:
    """Check every option, then open the sinks.

    Args:
        spool: the file to use where the options name none.

    Raises:
        UsageError: an option makes no sense, or the spool is in use.
        OutsideError: the spool cannot be made.
    """
    quiet = None if options.quiet_hours is None else read_quiet_hours(options.quiet_hours)
    rules = Rules(COOL_DOWN_SECONDS if options.cool_down_seconds is None else options.cool_down_seconds, quiet)
    sinks: list[Sink] = []
    if options.record is not None:
        sinks.append(Record(options.record))
    if options.webhook is not None:
        sinks.append(Webhook(options.webhook, environment.get(SECRET_VARIABLE, "")))
    if options.command is not None:
        sinks.append(Command(options.command, environment=environment))
    kept = Spool(options.spool or spool)
    if options.mqtt is not None:
        from soundflow.serve.sinks.mqtt import PASSWORD_VARIABLE, Mqtt, read_broker

        sinks.append(Mqtt(read_broker(options.mqtt, environment.get(PASSWORD_VARIABLE, ""))))
    return Alerts(sinks, kept, rules, complain)
