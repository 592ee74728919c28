"""The first Ctrl-C asks, the second stops."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from soundflow.cli.interrupt import Interrupt


def test_values_pass_through() -> None:
    with Interrupt() as interrupt:
        assert list(interrupt.until_set(iter([1, 2, 3]))) == [1, 2, 3]
    assert not interrupt.is_set


def test_a_signal_while_waiting_ends_the_values() -> None:
    def values() -> Iterator[int]:
        yield 1
        signal.raise_signal(signal.SIGINT)
        yield 2

    with Interrupt() as interrupt:
        assert list(interrupt.until_set(values())) == [1]
    assert interrupt.is_set


def test_a_signal_during_work_lets_the_work_finish() -> None:
    seen = []
    with Interrupt() as interrupt:
        for value in interrupt.until_set(iter([1, 2, 3])):
            signal.raise_signal(signal.SIGINT)
            seen.append(value)
    assert seen == [1] and interrupt.is_set


def test_a_second_signal_stops_at_once() -> None:
    with Interrupt(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)


def test_outside_the_main_thread_nothing_is_installed() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[int] = []

    def work() -> None:
        with Interrupt() as interrupt:
            seen.extend(interrupt.until_set(iter([1, 2])))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [1, 2] and signal.getsignal(signal.SIGINT) is before
