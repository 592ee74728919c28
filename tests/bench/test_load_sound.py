"""What is played: recordings of a folder in an order that a seed draws, broken ones left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from soundflow.audio.decode import write_wav
from soundflow.bench.load_sound import gather_sound, sound_files
from soundflow.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "below").mkdir()
    for i, name in enumerate(("a.wav", "below/b.wav", "below/c.wav")):
        write_wav(tmp_path / name, np.full(1600, 0.1 * (i + 1), np.float32))
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    (tmp_path / "notes.txt").write_text("no sound either")
    return tmp_path


def test_the_seed_draws_the_order(folder: Path) -> None:
    orders = {tuple(path.name for path in sound_files(folder, seed)) for seed in range(20)}
    assert len(orders) > 1 and {frozenset(order) for order in orders} == {
        frozenset({"a.wav", "b.wav", "c.wav", "broken.wav"})
    }
    assert sound_files(folder, 3) == sound_files(folder, 3)


def test_recordings_stand_behind_each_other_up_to_a_length(folder: Path) -> None:
    files = sound_files(folder, 0)
    assert len(gather_sound(files, 60.0)) == 3 * 1600
    assert len(gather_sound(files, 0.15)) == 2400


def test_a_folder_without_sound_is_an_error(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        gather_sound([folder / "broken.wav"], 60.0)
    with pytest.raises(InputError):
        sound_files(tmp_path / "nowhere", 0)
