"""Streams by number: the same again, cut into the model's chunks, and without TFJP as recorded."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from soundflow.analysis.ablation_streams import CorpusStreams, Pool
from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from tests.data.build.clips import write_clips

CORPUS = {"turns": [3, 4], "tasks": {"safety_alert": 1, "history_review": 1}}


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    return Pool(write_clips(tmp_path / "clips"), tmp_path / "cache", "train", CORPUS)


def test_a_number_and_a_seed_are_one_stream(pool: Pool, bundle: Bundle) -> None:
    once, again, other = (CorpusStreams(pool, seed, bundle, 0.5) for seed in (1, 1, 2))
    assert np.array_equal(once(3).samples, again(3).samples)
    assert np.array_equal(once(3).tokens.input_ids, again(3).tokens.input_ids)
    assert not np.array_equal(once(3).samples[:6400], other(3).samples[:6400])


@pytest.mark.parametrize("chunk_seconds", [0.2, 0.8])
def test_the_same_sound_in_other_chunks(pool: Pool, bundle: Bundle, chunk_seconds: float) -> None:
    config = dataclasses.replace(bundle.config, chunk_seconds=chunk_seconds)
    usual = CorpusStreams(pool, 1, bundle, 1.0)(0)
    made = CorpusStreams(pool, 1, dataclasses.replace(bundle, config=config), 1.0)(0)
    assert len(made.samples) == len(made.heard) * config.chunk_samples
    shorter = min(len(made.samples), len(usual.samples))
    assert np.array_equal(made.samples[:shorter], usual.samples[:shorter])
    assert made.timeline.chunk_seconds == chunk_seconds
    assert (made.tokens.y_lm >= 0).sum() == (usual.tokens.y_lm >= 0).sum()


def test_a_sub_task_that_nothing_is_there_for_is_said(tmp_path: Path, bundle: Bundle) -> None:
    folder = write_clips(tmp_path / "clips")
    lines = [line for line in (folder / "clips.jsonl").read_text().splitlines() if '"kind": "music"' not in line]
    (folder / "clips.jsonl").write_text("\n".join(lines))
    pool = Pool(folder, tmp_path / "cache", "train", {"tasks": {"music_qa_open": 1}})
    with pytest.raises(InputError, match="stream 0 cannot be made"):
        CorpusStreams(pool, 1, bundle, 1.0)(0)
