"""A recording as one vector: its width, that it is the same twice, and that padding and order do not leak."""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from soundflow.data.store.embedders import Hearer, Reader
from soundflow.model.bundle import Bundle
from soundflow.model.embedding import EncoderMean
from soundflow.model.network import AudioInteractionModel, initialise
from soundflow.model.tokens import own_control_tokens
from soundflow.testing.model import byte_tokenizer, small_config


@pytest.fixture(scope="module")
def ears() -> EncoderMean:
    """A small model with random weights."""
    tokenizer = byte_tokenizer()
    config = small_config(tokenizer.vocab_size, own_control_tokens(), max_chunks=8)
    network = AudioInteractionModel(config)
    initialise(network, torch.Generator().manual_seed(3))
    return EncoderMean(Bundle(network.eval(), tokenizer, config, "tiny", Path("tiny")))


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    """Soft noise."""
    return np.random.default_rng(seed).normal(0, 0.05, round(seconds * 16_000)).astype(np.float32)


def test_one_vector_a_recording(ears: EncoderMean) -> None:
    sounds = [noise(1.0), noise(0.1, 1), noise(2.5, 2)]
    found = ears.of_sounds(sounds)
    assert found.shape == (3, ears.width) and found.dtype == np.float32 and np.isfinite(found).all()
    assert ears.name == "encoder:tiny"
    kinds: object = ears
    assert isinstance(kinds, Hearer) and not isinstance(kinds, Reader)


def test_it_depends_on_the_recording_alone(ears: EncoderMean) -> None:
    one, other = noise(1.3), noise(0.7, 1)
    assert np.array_equal(ears.of_sounds([one, other])[0], ears.of_sounds([one])[0])
    assert not np.array_equal(ears.of_sounds([one])[0], ears.of_sounds([other])[0])


class _Elsewhere(nn.Module):
    """An encoder on another device, which notes where its input lies."""

    def __init__(self) -> None:
        super().__init__()
        self.positions = torch.empty(0, device="meta")
        self.heard_on: list[str] = []

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        """Zeros, [chunks, 1, 2]."""
        self.heard_on.append(mel.device.type)
        return torch.zeros(len(mel), 1, 2)


def test_sound_goes_to_the_models_device(ears: EncoderMean) -> None:
    network, elsewhere = copy.deepcopy(ears._bundle.network), _Elsewhere()
    network.encoder = elsewhere  # type: ignore[assignment]
    EncoderMean(dataclasses.replace(ears._bundle, network=network)).of_sounds([noise(0.4)])
    assert elsewhere.heard_on == ["meta"]


def test_a_part_of_a_chunk_is_filled_with_silence(ears: EncoderMean) -> None:
    short = noise(0.5)
    padded = np.pad(short, (0, 12_800 - len(short)))
    assert np.array_equal(ears.of_sounds([short]), ears.of_sounds([padded]))
