"""The ears stage: how clips are placed, what it leaves behind, and going on after a stop."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from soundflow.data.augment import AugmentConfig
from soundflow.data.clips import Clip, ClipStore
from soundflow.errors import InputError
from soundflow.model.encoder import AudioEncoder
from soundflow.train.ears import EarsConfig, placed, train_ears
from tests.model.conftest import small_config

CONFIG = EarsConfig(steps=4, batch_size=4, checkpoint_every=2, workers=0, threads=1)


@given(st.integers(1, 300), st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_a_clip_is_placed_in_exactly_the_window(count: int, length: int, seed: int) -> None:
    samples = np.arange(1, count + 1, dtype=np.float32)
    window = placed(samples, length, np.random.default_rng(seed))
    assert len(window) == length
    assert np.count_nonzero(window) == min(count, length)


@pytest.fixture
def store(tmp_path: Path) -> ClipStore:
    """Two kinds of tone and a background, twelve clips."""
    folder, lines = tmp_path / "clips", []
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(12):
        label, kind = [("siren", "event"), ("cow", "event"), ("background_noise", "background")][i % 3]
        tone = np.sin(np.arange(16_000) * (0.3, 0.05, 0.0)[i % 3]) * 0.3 + rng.normal(0, 0.02, 16_000)
        soundfile.write(folder / f"{i}.wav", tone.astype(np.float32), 16_000)
        proactive = {"siren": "true", "cow": "false"}.get(label, "false")
        lines.append(
            f'{{"id": "c{i}", "path": "{i}.wav", "seconds": 1.0, "label": "{label}", "kind": "{kind}", '
            f'"proactive": {proactive}, "split": "train", "recording": "r{i}"}}'
        )
    (folder / "clips.jsonl").write_text("\n".join(lines))
    return ClipStore(folder, tmp_path / "cache")


def _start() -> dict[str, torch.Tensor]:
    torch.manual_seed(5)
    return AudioEncoder(small_config().encoder, 40).state_dict()


def test_it_leaves_encoder_and_adapter_and_goes_on_exactly(store: ClipStore, tmp_path: Path) -> None:
    whole = train_ears(CONFIG, small_config(), _start(), store, AugmentConfig(), tmp_path / "whole")
    half = dataclasses.replace(CONFIG, steps=4)
    cut = tmp_path / "cut"
    train_ears(half, small_config(), _start(), store, AugmentConfig(), cut)
    kept = load_file(whole)
    assert all(name.startswith(("encoder.", "adapter.")) for name in kept)
    assert not torch.equal(kept["encoder.conv1.weight"], _start()["conv1.weight"])
    again = load_file(cut / "ears.safetensors")
    assert all(torch.equal(kept[n], again[n]) for n in kept)


def test_without_a_background_noise_stands_behind_the_sounds(store: ClipStore, tmp_path: Path) -> None:
    rows = (store.folder / "clips.jsonl").read_text().splitlines()
    (store.folder / "clips.jsonl").write_text("\n".join(row for row in rows if '"background"' not in row))
    alone, config = ClipStore(store.folder, tmp_path / "other"), dataclasses.replace(CONFIG, clean_share=0.0)
    assert train_ears(config, small_config(), _start(), alone, AugmentConfig(), tmp_path / "ears").is_file()


def test_a_damaged_checkpoint_is_one_line(store: ClipStore, tmp_path: Path) -> None:
    (tmp_path / "ears.state.pt").write_bytes(b"no checkpoint")
    with pytest.raises(InputError, match=r"ears.state.pt cannot be read: .* — remove it"):
        train_ears(CONFIG, small_config(), _start(), store, AugmentConfig(), tmp_path)


def test_progress_leaves_standard_output_alone(
    store: ClipStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train_ears(dataclasses.replace(CONFIG, steps=1), small_config(), _start(), store, AugmentConfig(), tmp_path)
    told = capsys.readouterr()
    assert told.out == "" and "ears" in told.err


def test_a_fault_in_another_process_is_one_clear_line(
    store: ClipStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(self: ClipStore, clip: Clip) -> np.ndarray[Any, np.dtype[np.float32]]:
        raise InputError("clips.unusable", f"clip {clip.id} cannot be used", "leave it out")

    store.prepare("train")
    monkeypatch.setattr(ClipStore, "audio", gone)
    monkeypatch.setattr(ClipStore, "tfjp_audio", gone)
    config = dataclasses.replace(CONFIG, workers=1)
    with pytest.raises(InputError, match="cannot be used — leave it out"):
        train_ears(config, small_config(), _start(), store, AugmentConfig(), tmp_path / "out")
