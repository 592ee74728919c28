"""What a user wrote becomes sinks, or one clear error before anything is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundflow.errors import SoundflowError, UsageError
from soundflow.serve.sinks.alert import read_alert
from soundflow.serve.sinks.options import AlertOptions, open_alerts
from tests.serve.sinks.fakes import alert
from tests.serve.sinks.receiver import receiving


def test_without_a_sink_nothing_is_wanted() -> None:
    assert not AlertOptions(quiet_hours="22:00-07:00").is_any_wanted
    assert AlertOptions(record=Path("x")).is_any_wanted


def test_two_sinks_get_one_alert(tmp_path: Path) -> None:
    complaints: list[SoundflowError] = []
    with receiving() as receiver:
        options = AlertOptions(webhook=receiver.url, record=tmp_path / "a.jsonl")
        secret = {"SOUNDFLOW_WEBHOOK_SECRET": "s3cret"}
        alerts = open_alerts(options, tmp_path / "spool", secret, complaints.append)
        alerts.tell(alert(5))
        alerts.close(20.0)
    assert read_alert((tmp_path / "a.jsonl").read_text()) == alert(5) == read_alert(receiver.bodies[0].decode())
    assert "webhook-signature" in receiver.headers[0] and complaints == []


@pytest.mark.parametrize(
    "options",
    [
        AlertOptions(webhook="ftp://x"),
        AlertOptions(command="no-such-program-anywhere"),
        AlertOptions(record=Path("x"), quiet_hours="late"),
        AlertOptions(record=Path("x"), cool_down_seconds=-1.0),
    ],
)
def test_an_option_that_makes_no_sense_opens_nothing(options: AlertOptions, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        open_alerts(options, tmp_path / "spool", {}, print)
    assert not (tmp_path / "spool").exists()
