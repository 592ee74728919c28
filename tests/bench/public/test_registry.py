"""The benchmarks by name: the seven of the paper besides its own, in ten runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundflow.bench.judge import stand_in_judge
from soundflow.bench.public.registry import BENCHMARKS, Means, benchmark
from soundflow.bench.rows import Answers
from soundflow.cli.bench_run import BenchmarkName
from soundflow.errors import UsageError


def test_the_command_line_knows_every_benchmark() -> None:
    assert {name.value for name in BenchmarkName} == set(BENCHMARKS)


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(UsageError) as error:
        benchmark("glue")
    assert "librispeech_clean" in error.value.hint


def test_sd_qa_asks_for_its_classifier(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="PEDANT"):
        benchmark("sd_qa").score((), Answers({}), Means(stand_in_judge(), tmp_path / "v.jsonl"))
