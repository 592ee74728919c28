"""The plan: what is counted, and what it says."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from soundflow.train.forecast import Forecast, _available, activation_bytes, supervised_count
from soundflow.train.learner import log_mels
from soundflow.train.packing import packed
from tests.train.corpora import STAGE, documents, small_start

FOUND = Forecast(
    *(2, 4, 12_000_000, 5_000_000, 960, 48_000_000, 60_000_000, 20_000_000, 10**9, True),
    *(0.5, 0.1, 1.25, 140.0, 1e11, 1e12, 0.2),
)


def test_it_says_whether_it_fits_and_how_long() -> None:
    said = str(FOUND)
    assert "5.00 of 12.00 M weights learn" in said and "0.13 of 1.0 GB a process, it fits" in said
    assert "1.25 h to go at 140 audio-hours an hour, 20 % of 1000 GFLOP/s" in said
    assert said.startswith("stage 2 (the paper's 4): ")
    assert "IT WILL NOT FIT" in str(dataclasses.replace(FOUND, fits=False))


def test_memory_that_can_be_given_up_is_free() -> None:
    if not Path("/proc/meminfo").exists():
        pytest.skip("this machine does not tell")
    told = dict(line.split()[:2] for line in Path("/proc/meminfo").read_text().splitlines())
    free = _available(torch.device("cpu"))
    assert free is not None and abs(free - int(told["MemAvailable:"]) * 1024) < 0.1 * int(told["MemTotal:"]) * 1024


def test_checkpointing_and_short_numbers_need_less(corpus: Path) -> None:
    source, bundle = documents(corpus), small_start()
    row = packed([source[0], source[1]], log_mels(bundle.network, [source[0], source[1]]))
    whole = activation_bytes(bundle.config, STAGE, row)
    assert activation_bytes(bundle.config, dataclasses.replace(STAGE, checkpointing=True), row) < whole
    assert activation_bytes(bundle.config, dataclasses.replace(STAGE, bfloat16=True), row) < whole
    assert supervised_count(row) > 10
