"""The encoder: shapes at every chunk length, Whisper's position table, each chunk alone."""

from __future__ import annotations

import pytest
import torch

from soundflow.model.encoder import AudioEncoder, sinusoids
from tests.model.conftest import small_config


@pytest.mark.parametrize(("frames", "positions"), [(20, 10), (40, 20), (60, 30), (80, 40)])
def test_two_frames_become_one_position(frames: int, positions: int) -> None:
    config = small_config().encoder
    encoded = AudioEncoder(config, frames)(torch.zeros(3, config.num_mel_bins, frames))
    assert encoded.shape == (3, positions, config.d_model)


def test_the_position_table_is_sines_then_cosines() -> None:
    table = sinusoids(3, 4)
    angles = torch.tensor([1.0, 1e-4])  # rates 10000^(-j / (channels / 2 - 1)), j = 0, 1
    expected = torch.cat([torch.sin(2 * angles), torch.cos(2 * angles)])
    torch.testing.assert_close(table[2], expected)
    assert table[0].tolist() == [0, 0, 1, 1]


def test_the_position_table_is_no_weight() -> None:
    encoder = AudioEncoder(small_config().encoder, 40)
    assert "positions" not in encoder.state_dict()


def test_a_chunk_hears_nothing_of_its_neighbours() -> None:
    config = small_config().encoder
    torch.manual_seed(0)
    encoder = AudioEncoder(config, 40).eval()
    mel = torch.randn(2, config.num_mel_bins, 40)
    other = torch.stack([mel[0], torch.randn(config.num_mel_bins, 40)])
    with torch.no_grad():
        torch.testing.assert_close(encoder(mel)[0], encoder(other)[0])
