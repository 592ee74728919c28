"""Alerts, put together: what a verb opens, tells replies to, and closes. Tests: tests/serve/sinks/test_alerts.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from soundflow.errors import OutsideError, SoundflowError
from soundflow.serve.sinks.alert import Alert
from soundflow.serve.sinks.courier import Complain, Courier, Walker
from soundflow.serve.sinks.reporter import Reporter
from soundflow.serve.sinks.rules import Rules
from soundflow.serve.sinks.sink import Sink
from soundflow.serve.sinks.spool import Spool
from soundflow.stream.clock import Clock, WallClock

DRAIN_SECONDS = 5.0  # at the end, for what can be delivered at once; the rest waits for the next start; chosen


class Alerts:
    """Takes replies and lets them arrive. No call waits for a sink; one write to the spool is all a stream pays.

    Args:
        sinks: where alerts go; each has a thread of its own, so that one which hangs holds up no other.
        spool: where they wait.
        rules: which replies become alerts.
        complain: told in one error each time something fails; must not wait.
        clock: of the pauses between attempts.
        now: the local time, with its offset.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        spool: Spool,
        rules: Rules,
        complain: Complain,
        clock: Clock | None = None,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        self._sinks = sinks
        self._spool = spool
        self._beside = Spool(None, most=1000)  # takes what the disk does not; chosen
        self._rules = rules
        self._complain = complain
        self._now = now
        couriers = [Courier(sink, (spool, self._beside), clock or WallClock(), complain) for sink in sinks]
        self._walkers = [Walker(courier, sink.kind) for courier, sink in zip(couriers, sinks, strict=True)]

    def reporter(self, source: str) -> Reporter:
        """Something that follows one stream's events."""
        return Reporter(source, self._rules, self.tell, self._now)

    def tell(self, alert: Alert) -> None:
        """Keep an alert and have it delivered; returns at once."""
        keys = [sink.key for sink in self._sinks]
        try:
            dropped = self._spool.put(alert, keys)
        except OutsideError as failure:
            self._complain(failure)
            dropped = self._beside.put(alert, keys)  # memory does not fail
        if dropped:
            found = f"{dropped} alerts that could not be delivered made room for newer ones"
            self._complain(OutsideError("alerts.spool_full", found, "see that the receiver is there"))
        for walker in self._walkers:
            walker.call()

    def waiting(self) -> int:
        """Alerts that have not arrived, counted once for each sink; those of sinks of earlier runs too."""
        return sum(sum(spool.waiting().values()) for spool in (self._spool, self._beside))

    def close(self, seconds: float = DRAIN_SECONDS) -> None:
        """Deliver what can be delivered at once, for at most so long, and leave the rest on disk."""
        limit = WallClock()
        end = limit.now() + seconds
        for walker in self._walkers:
            walker.rest(max(0.0, end - limit.now()))
        has_ended = [walker.stop(max(0.1, end - limit.now())) for walker in self._walkers]
        self._tell_what_waits()
        for sink in self._sinks:
            sink.close()
        if all(has_ended):  # else its thread may still want to write; the process ends and the file with it
            self._spool.close()
            self._beside.close()

    def _tell_what_waits(self) -> None:
        try:
            waiting, lost = self._spool.waiting(), sum(self._beside.waiting().values())
        except SoundflowError as failure:
            self._complain(failure)
            return
        here = sum(waiting.pop(key, 0) for key in {sink.key for sink in self._sinks})
        if here:
            found = f"{here} alerts have not arrived yet; they wait in {self._spool.path}"
            self._complain(OutsideError("alerts.waiting", found, "start again with the same options to deliver them"))
        if elsewhere := sum(waiting.values()):  # of sinks of earlier runs: this run's options would not deliver them
            found = f"{elsewhere} alerts of earlier runs wait in {self._spool.path} for other receivers"
            hint = "start with those receivers' options to deliver them, or remove the file"
            self._complain(OutsideError("alerts.other_receivers", found, hint))
        if lost:
            found = f"{lost} alerts could neither be delivered nor written down"
            self._complain(OutsideError("alerts.lost", found, "check the disk and the receiver"))
