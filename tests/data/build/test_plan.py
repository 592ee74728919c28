"""The forecast: near what the build then makes, and plain about what cannot be built."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundflow.data.build.plan import free_bytes, plan
from soundflow.data.build.run import build
from tests.data.build.clips import order


def test_a_forecast_of_few_streams_is_what_the_build_makes(tmp_path: Path) -> None:
    told, made = plan(order(tmp_path)), build(order(tmp_path))
    assert (told.streams, told.shards, told.cannot) == (made.streams, made.shards, {})
    assert told.hours == pytest.approx(made.hours, abs=2e-3)
    assert set(told.licences) == {"CC0-1.0"} and told.licences["CC0-1.0"] == 1.0
    assert sum(told.sub_tasks.values()) == 6 and told.core_hours > 0


def test_what_cannot_be_built_is_said(tmp_path: Path) -> None:
    from tests.data.test_clips import write_folder

    write_folder(tmp_path / "clips", [{"id": "a", "path": "a.wav", "label": "cow", "split": "train"}])
    told = plan(order(tmp_path, streams=2, tasks={"asr_mandarin": 1.0}))
    assert told.streams == 0 and "no speech" in told.cannot["asr_mandarin"]


def test_free_space_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "a" / "b") > 0
