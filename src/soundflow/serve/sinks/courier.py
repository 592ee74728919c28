"""Brings the alerts of one sink there, again and again until they have arrived, and never in anybody's way.

`Courier` decides, with the time handed in; `Walker` is the thread around it. Tests: tests/serve/sinks/test_courier.py.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from soundflow.errors import OutsideError, SoundflowError
from soundflow.serve.sinks.alert import Alert
from soundflow.serve.sinks.shelf import Shelf
from soundflow.serve.sinks.sink import Sink, UndeliveredError
from soundflow.serve.sinks.spool import Owed, Spool
from soundflow.stream.clock import Clock

_log = logging.getLogger(__name__)

_AFTER_A_FAULT_SECONDS = 60.0  # of ours; chosen

Complain = Callable[[SoundflowError], None]


@dataclass(frozen=True)
class Patience:
    """How long to wait between attempts, and when to give up. All chosen.

    A receiver that is away is tried for ever: the spool bounds how much waits for it. What one refuses that is well is
    given up after so many refusals, three quarters of an hour with the pauses below.
    """

    first_seconds: float = 1.0
    longest_seconds: float = 60.0
    most_refusals: int = 50

    def pause(self, failures: int, chance: random.Random) -> float:
        """Seconds after so many failures in a row: doubled each time up to the longest, and half of it by chance."""
        whole = min(self.longest_seconds, self.first_seconds * 2.0 ** min(failures - 1, 32))
        return whole * (0.5 + 0.5 * chance.random())


class Courier:
    """Delivers what is owed to one sink, one alert a step.

    Args:
        sink: where it goes.
        spools: where it comes from, in this order.
        clock: pauses are measured by it.
        complain: told once when the sink begins to fail, and of each alert that is refused or given up.
        chance: pauses differ by it, so that many senders do not come back at one moment.
    """

    def __init__(
        self,
        sink: Sink,
        spools: Sequence[Spool],
        clock: Clock,
        complain: Complain,
        patience: Patience | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self.delivered = 0
        self._sink = sink
        self._shelves = tuple(Shelf(spool, sink.key) for spool in spools)
        self._clock = clock
        self._complain = complain
        self._patience = patience or Patience()
        self._chance = chance or random.Random()
        self._failures = 0  # of the sink, in a row
        self._faults = 0  # of the spools, in a row
        self._paused_until = 0.0

    def step(self) -> float | None:
        """Deliver one alert, if one is due and the sink is not being left alone.

        Returns:
            Seconds until the next step is of use; None when nothing is owed.
        """
        now = self._clock.now()
        if now < self._paused_until:
            return self._paused_until - now
        dues: list[float] = []
        fault: OutsideError | None = None
        for shelf in self._shelves:
            try:
                owed = shelf.next(now)
                if owed is not None:
                    self._attempt(shelf, owed)
                    return max(0.0, self._paused_until - self._clock.now())
                shelf.write_down()
                dues += [due] if (due := shelf.next_due()) is not None else []
            except OutsideError as failure:  # a disk that fails must not hold up what waits in memory
                fault = fault or failure
        if fault is None:
            self._faults = 0
        else:
            dues.append(now + self._pause_of(fault))
        return max(0.0, min(dues) - now) if dues else None

    def _pause_of(self, fault: OutsideError) -> float:
        """Seconds until a spool that failed is looked at again; no alert is held up by it meanwhile."""
        self._faults += 1
        if self._faults == 1:
            self._complain(fault)
        return self._patience.pause(self._faults, self._chance)

    def _attempt(self, shelf: Shelf, owed: Owed) -> None:
        try:
            self._deliver(owed.alert)
        except UndeliveredError as failure:
            if failure.is_refused:
                self._refused(shelf, owed, failure)
            else:
                self._pause(failure)
        else:
            self.delivered += 1
            self._failures = 0
            shelf.done(owed.number)

    def _deliver(self, alert: Alert) -> None:
        try:
            self._sink.deliver(alert)
        except UndeliveredError:
            raise
        except Exception as fault:  # a sink with a bug must not end the thread that serves it
            _log.exception("a sink broke", extra={"sink": self._sink.kind})
            raise UndeliveredError(self._sink.kind, f"the sink broke: {type(fault).__name__}: {fault}") from fault

    def _refused(self, shelf: Shelf, owed: Owed, failure: UndeliveredError) -> None:
        refusals = owed.refusals + 1
        if refusals >= self._patience.most_refusals:
            shelf.done(owed.number)
            found = f"alert {owed.alert.id} was refused {refusals} times: {failure.message}"
            self._complain(OutsideError("alerts.given_up", found, "it is lost to this receiver"))
            return
        shelf.later(owed, self._clock.now() + self._patience.pause(refusals, self._chance))
        if refusals == 1:
            self._complain(failure)

    def _pause(self, failure: OutsideError) -> None:
        self._failures += 1
        if self._failures == 1:
            self._complain(failure)
        seconds = self._patience.pause(self._failures, self._chance)
        self._paused_until = self._clock.now() + seconds
        _log.info("a sink failed", extra={"sink": self._sink.kind, "code": failure.code})


class Walker:
    """The thread that takes a courier's steps."""

    def __init__(self, courier: Courier, name: str) -> None:
        self._courier = courier
        self._changed = threading.Condition()
        self._has_news = False
        self._is_resting = False
        self._is_stopped = False
        self._thread = threading.Thread(target=self._walk, name=f"soundflow-{name}", daemon=True)
        self._thread.start()

    def call(self) -> None:
        """There is something new to deliver."""
        with self._changed:
            self._has_news, self._is_resting = True, False
            self._changed.notify_all()

    def rest(self, seconds: float) -> bool:
        """Wait, at most so long, until all is delivered that can be now; whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: self._is_resting, seconds)

    def stop(self, seconds: float) -> bool:
        """Ask the thread to end and wait so long for it; whether it has. A sink may hold it until its time-out."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _step(self) -> float | None:
        try:
            return self._courier.step()
        except Exception:  # such as a complaint to a standard error that is closed
            _log.exception("a courier broke")
            return _AFTER_A_FAULT_SECONDS

    def _walk(self) -> None:
        while not self._is_stopped:
            with self._changed:
                self._has_news = self._is_resting = False
            wait = self._step()
            if wait == 0:
                continue
            with self._changed:
                if not self._has_news and not self._is_stopped:
                    self._is_resting = True
                    self._changed.notify_all()
                    self._changed.wait(wait)
