"""The whole of it: replies in, sinks served, nothing waited for, nothing lost."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from soundflow.errors import OutsideError, SoundflowError
from soundflow.serve.sinks.alert import Alert
from soundflow.serve.sinks.alerts import Alerts
from soundflow.serve.sinks.rules import Rules
from soundflow.serve.sinks.spool import Spool
from tests.serve.sinks.fakes import FakeSink, alert
from tests.serve.sinks.test_reporter import reply


def codes(complaints: list[SoundflowError]) -> list[str]:
    return [failure.code for failure in complaints]


def test_every_sink_is_told_and_closed(tmp_path: Path) -> None:
    one, other, complaints = FakeSink("a:1"), FakeSink("b:1"), list[SoundflowError]()
    alerts = Alerts([one, other], Spool(tmp_path / "s"), Rules(), complaints.append)
    reporter = alerts.reporter("kitchen")
    for event in reply(0, "A dog barks.", 1.0) + reply(1, "Glass broke.", 2.0):
        reporter.hear(event)
    alerts.close(20.0)
    assert len(one.arrived) == 2 and one.arrived == other.arrived
    assert one.is_closed and other.is_closed and complaints == []


def test_a_sink_that_hangs_holds_up_neither_the_stream_nor_another_sink(tmp_path: Path) -> None:
    class Hanging(FakeSink):
        def deliver(self, alert: Alert) -> None:
            released.wait(20.0)
            super().deliver(alert)

    released = threading.Event()
    slow, quick = Hanging("slow:1"), FakeSink("quick:1")
    alerts = Alerts([slow, quick], Spool(tmp_path / "s"), Rules(), lambda failure: None)
    for number in range(100):
        alerts.tell(alert(number))
    assert alerts._walkers[1].rest(20.0) and len(quick.arrived) == 100
    assert slow.arrived == []
    released.set()
    alerts.close(20.0)
    assert len(slow.arrived) == 100


def test_what_did_not_arrive_waits_for_the_next_start(tmp_path: Path) -> None:
    sink, complaints = FakeSink(), list[SoundflowError]()
    sink.failures = 10**6
    alerts = Alerts([sink], Spool(tmp_path / "s"), Rules(), complaints.append)
    alerts.tell(alert(0))
    assert alerts.waiting() == 1
    alerts.close(20.0)
    assert codes(complaints) == ["alerts.fake", "alerts.waiting"] and "1 alerts" in str(complaints[-1])
    again = FakeSink()
    Alerts([again], Spool(tmp_path / "s"), Rules(), complaints.append).close(20.0)
    assert again.arrived == ["id0"]


def test_what_waits_for_other_receivers_is_not_said_to_wait_for_these(tmp_path: Path) -> None:
    broken, other, complaints = FakeSink("broken:1"), FakeSink("other:1"), list[SoundflowError]()
    broken.failures = 10**6
    alerts = Alerts([broken], Spool(tmp_path / "s"), Rules(), lambda failure: None)
    alerts.tell(alert(0))
    alerts.close(20.0)
    again = Alerts([other], Spool(tmp_path / "s"), Rules(), complaints.append)
    again.tell(alert(1))
    again.close(20.0)
    assert other.arrived == ["id1"] and codes(complaints) == ["alerts.other_receivers"]
    assert "1 alerts of earlier runs" in complaints[0].message and "same options" not in str(complaints[0])
    assert str(tmp_path / "s") in complaints[0].message and "remove the file" in (complaints[0].hint or "")


def test_with_a_full_disk_alerts_still_arrive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OutsideError("alerts.spool", "the disk is full")

    sink, complaints, spool = FakeSink(), list[SoundflowError](), Spool(tmp_path / "s")
    monkeypatch.setattr(spool, "put", full)
    alerts = Alerts([sink], spool, Rules(), complaints.append)
    alerts.tell(alert(0))
    alerts.close(20.0)
    assert sink.arrived == ["id0"] and codes(complaints) == ["alerts.spool"]


def test_an_alert_that_had_to_make_room_is_told_of(tmp_path: Path) -> None:
    sink, complaints = FakeSink(), list[SoundflowError]()
    sink.failures = 10**6
    alerts = Alerts([sink], Spool(tmp_path / "s", most=2), Rules(), complaints.append)
    for number in range(3):
        alerts.tell(alert(number))
    alerts.close(20.0)
    assert "alerts.spool_full" in codes(complaints)
