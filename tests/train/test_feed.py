"""Who learns from what, when: the same streams at a step whatever the number of processes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.errors import InputError, UsageError
from soundflow.train.feed import passes_of, positions_of, steps
from tests.train.corpora import STAGE, documents, write_corpus


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.integers(0, 9))
def test_the_processes_share_a_step_out(micro: int, processes: int, passes: int, step: int) -> None:
    stage = dataclasses.replace(STAGE, batch_size=micro * processes * passes, micro_batch=micro)
    shares = [positions_of(stage, step, rank, processes) for rank in range(processes)]
    assert all(len(share) == passes == passes_of(stage, processes) for share in shares)
    assert all(len(one) == micro for share in shares for one in share)
    everything = sorted(position for share in shares for one in share for position in one)
    assert everything == list(range(step * stage.batch_size, (step + 1) * stage.batch_size))


def test_what_cannot_be_shared_out_is_refused() -> None:
    with pytest.raises(UsageError, match="a multiple of 6"):
        passes_of(dataclasses.replace(STAGE, batch_size=8, micro_batch=2), 3)


def test_a_later_start_meets_the_same_documents(corpus: Path) -> None:
    source = documents(corpus)
    whole = list(steps(source, 0, 0, 1, 0))
    late = list(steps(source, 2, 0, 1, 0))
    assert len(whole) == STAGE.steps and [len(p) for p in whole[0]] == [2, 2]
    for ours, theirs in zip(whole[2:], late, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            assert [d.key for d in a] == [d.key for d in b]
            assert all(np.array_equal(x.tokens.input_ids, y.tokens.input_ids) for x, y in zip(a, b, strict=True))


def test_sound_prepared_by_another_process_is_the_same(corpus: Path) -> None:
    source = documents(corpus)
    here, there = (next(steps(source, 1, 0, 1, workers)) for workers in (0, 1))
    for a, b in zip(here, there, strict=True):
        assert all(np.array_equal(x.samples, y.samples) for x, y in zip(a, b, strict=True))


def test_a_damaged_shard_is_the_same_error_here_and_in_another_process(tmp_path: Path) -> None:
    folder = write_corpus(tmp_path / "corpus")
    source = documents(folder)
    for shard in folder.glob("shard-*.tar"):
        data = shard.read_bytes()
        shard.write_bytes(data.replace(b"fLaC", b"none"))
    for workers in (0, 1):
        with pytest.raises(InputError, match=r"^stream \d+ in \S+ is not whole: .* — build the corpus again") as caught:
            list(steps(source, 0, 0, 1, workers))
        assert caught.value.code == "shards.stream" and "\n" not in str(caught.value)


def test_a_late_start_of_a_long_run_is_at_once(corpus: Path) -> None:
    long = dataclasses.replace(STAGE, steps=10**9)
    first = next(steps(documents(corpus, long), 10**9 - 1, 0, 1, 0))
    assert [len(documents_of_pass) for documents_of_pass in first] == [2, 2]
