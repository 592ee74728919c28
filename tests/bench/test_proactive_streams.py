"""Single and Multiple: every item once, among its own category, and each reply charged to one item."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from soundflow.audio.decode import write_wav
from soundflow.bench.proactive import Item
from soundflow.bench.proactive_streams import (
    compose_stream,
    decisions,
    hear_items,
    multiple_streams,
    single_streams,
    sounds_below,
)
from soundflow.bench.rows import read_answers
from soundflow.bench.scorers.tags import read_output
from soundflow.bench.scoring import SpokenReply
from soundflow.errors import InputError, UsageError


def items_of(counts: Sequence[int]) -> list[Item]:
    return [
        Item(f"{macro}-{n}", f"./psb/M{macro}/m/IGNORE/{macro}-{n}.wav", "", "IGNORE", f"M{macro}", "m")
        for macro, count in enumerate(counts)
        for n in range(count)
    ]


@given(st.lists(st.integers(1, 20), min_size=1, max_size=4), st.integers(0, 9), st.integers(2, 5))
def test_multiple_holds_each_item_once_among_its_own(counts: list[int], seed: int, size: int) -> None:
    items = items_of(counts)
    streams = multiple_streams(items, seed, size)
    assert Counter(item.id for stream in streams for item in stream) == Counter(item.id for item in items)
    for stream in streams:
        assert len({item.macro for item in stream}) == 1
        assert 2 <= len(stream) <= size + 1 or counts[int(stream[0].macro[1:])] == 1
    assert streams == multiple_streams(items[::-1], seed, size), "the order of the rows does not matter"


def test_another_seed_is_another_order() -> None:
    items = items_of([30])
    assert multiple_streams(items, 0) != multiple_streams(items, 1)


def test_a_stream_of_one_is_refused() -> None:
    with pytest.raises(UsageError):
        multiple_streams(items_of([3]), 0, 1)


def test_a_reply_belongs_to_the_span_it_starts_in() -> None:
    stream = items_of([3])
    _, spans = compose_stream(stream, [np.zeros(16_000, np.float32)] * 3)
    assert [(span.start, span.end) for span in spans] == [(0, 3), (3, 6), (6, 9)]
    said = [SpokenReply(3.0, "a"), SpokenReply(3.2, "b"), SpokenReply(5.9, "c"), SpokenReply(9.2, "d")]
    assert decisions(spans, said) == {"0-0": "a", "0-1": "b", "0-2": "d"}, "a chunk's end belongs to what it heard"
    assert decisions(spans, []) == {"0-0": None, "0-1": None, "0-2": None}


class Speaker:
    """Speaks at the end of every second item it hears; counts how often it was asked."""

    def __init__(self) -> None:
        self.heard = 0

    def __call__(self, samples: NDArray[np.float32]) -> list[SpokenReply]:
        self.heard += 1
        return [SpokenReply(0.4, "Careful.")] if self.heard % 2 else []


def test_silence_is_written_as_ignore_and_a_second_run_goes_on(tmp_path: Path) -> None:
    items = items_of([4])
    for item in items[:3]:  # the fourth recording is not there
        (tmp_path / "psb/M0/m/IGNORE").mkdir(parents=True, exist_ok=True)
        write_wav(tmp_path / item.path, np.zeros(1600, np.float32))
    out, model = tmp_path / "out.jsonl", Speaker()
    assert list(hear_items(model, single_streams(items[:2]), sounds_below(tmp_path, items), out)) == items[:2]
    assert list(hear_items(model, single_streams(items), sounds_below(tmp_path, items), out, {"model": "m"})) == items
    assert model.heard == 3, "two, then only what was left"
    said = {name: read_output(text).decision for name, text in read_answers(out).outputs.items()}
    assert said == {"0-0": "RESPOND", "0-1": "IGNORE", "0-2": "RESPOND"}, "the fourth stays missing"


def test_a_folder_without_any_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no recording"):
        sounds_below(tmp_path, items_of([1]))
