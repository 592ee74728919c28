"""Options about alerts that verbs share, and the alerts they open. Tests: tests/cli/test_listen.py."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from soundflow.serve.sinks.alerts import Alerts
    from soundflow.serve.sinks.courier import Complain
    from soundflow.serve.sinks.options import AlertOptions

WebhookOption = Annotated[
    str | None, typer.Option("--webhook", metavar="URL", help="Post each reply there as signed JSON.")
]
MqttOption = Annotated[
    str | None, typer.Option("--mqtt", metavar="URL", help="Publish at mqtt://HOST/TOPIC; Home Assistant finds it.")
]
ExecOption = Annotated[
    str | None, typer.Option("--exec", metavar="CMD", help="Run for each reply, which is JSON on its stdin.")
]
AlertsOption = Annotated[Path | None, typer.Option("--alerts", metavar="FILE", help="Append replies as JSON lines.")]
CoolDownOption = Annotated[
    float | None,
    typer.Option("--cool-down", metavar="S", min=0.0, help="Seconds until a sound is told again.", show_default="60"),
]
QuietHoursOption = Annotated[
    str | None, typer.Option("--quiet-hours", metavar="HH:MM-HH:MM", help="When only urgent replies are told.")
]
SpoolOption = Annotated[
    Path | None, typer.Option("--spool", metavar="FILE", help="Where alerts wait until they have arrived.")
]


@contextmanager
def alerts_for(options: AlertOptions, complain: Complain) -> Iterator[Alerts | None]:
    """The alerts a user asked for, while they are followed; None where there are none.

    Raises:
        UsageError: it is said how they are told, and not where (`alerts.no_way`); or as in `open_alerts`.
    """
    if not options.is_any_wanted:
        if options.details:
            from soundflow.errors import UsageError

            found = f"{', '.join(options.details)} without a way for alerts to go"
            raise UsageError("alerts.no_way", found, "add --webhook, --mqtt, --exec or --alerts")
        yield None
        return
    from soundflow.cli.needs import need
    from soundflow.serve.sinks.options import open_alerts

    if options.mqtt is not None:
        need("serve", "paho")
    alerts = open_alerts(options, Path(typer.get_app_dir("soundflow")) / "alerts.sqlite3", os.environ, complain)
    try:
        yield alerts
    finally:
        alerts.close()
