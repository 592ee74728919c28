"""Streams out of a folder, out of recordings, and a source's first seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from soundflow.analysis.sounds import beginning, composed_streams, gathered, recorded_streams, timeline_beside
from soundflow.api import example_path
from soundflow.bench.listening import Setting
from soundflow.data.clips import ClipStore
from soundflow.errors import InputError
from tests.bench.conftest import store

__all__ = ["store"]  # the fixture of the benchmarks' tests


def test_composed_streams_are_the_benchmarks(store: ClipStore) -> None:
    streams = composed_streams(Setting(store, "test", 3), 2)
    one, again = streams.make(1), streams.make(1)
    assert (one.samples == again.samples).all() and one.timeline == again.timeline
    assert one.timeline is not None and one.timeline.events and one.instruction is None
    assert streams.identity != composed_streams(Setting(store, "test", 4), 2).identity
    assert streams.identity != composed_streams(Setting(store, "test", 3, "standing"), 2).identity
    with pytest.raises(InputError, match="no split 'dev'"):
        composed_streams(Setting(store, "dev", 0), 1)


def test_recordings_have_their_timeline_where_there_is_one() -> None:
    path = example_path("kitchen")
    assert path is not None
    streams = recorded_streams([path])
    sound = streams.make(0)
    assert sound.name == "kitchen" and sound.timeline is not None and streams.count == 1
    assert len(sound.samples) == pytest.approx(sound.timeline.seconds * 16_000, abs=2)
    assert timeline_beside(Path("nowhere.wav")) is None


def blocks(count: int) -> Iterator[NDArray[np.float32]]:
    for at in range(count):
        yield np.full(1000, at, np.float32)


def test_only_the_beginning_is_read() -> None:
    source = blocks(1000)
    assert len(beginning(source, 0.1)) == 1600
    assert next(source)[0] == 2, "the third block was not touched"
    assert len(beginning(blocks(1), 9.0)) == 1000 and len(beginning(blocks(0), 1.0)) == 0


def test_more_than_an_hour_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soundflow.analysis.sounds.MOST_SECONDS", 1.0)
    assert len(gathered(blocks(16))) == 16_000
    with pytest.raises(InputError, match="more than 1 s"):
        gathered(blocks(17))
