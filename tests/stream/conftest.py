"""Small real and scripted models for the tests of this folder."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from soundflow.model.bundle import Bundle
from soundflow.model.network import AudioInteractionModel, initialise
from soundflow.model.tokens import own_control_tokens
from soundflow.testing.model import byte_tokenizer, small_config

CHUNK = 6400  # samples of 0.4 s


def noise(chunks: float, seed: int = 0) -> NDArray[np.float32]:
    """So many chunks of noise whose loudness changes."""
    rng = np.random.default_rng(seed)
    samples = rng.standard_normal(round(chunks * CHUNK)) * 0.1
    shaped: NDArray[np.float32] = (samples * (1 + np.sin(np.arange(len(samples)) / 9000.0))).astype(np.float32)
    return shaped


@pytest.fixture
def small_bundle() -> Bundle:
    """Random weights, a byte tokenizer, a window of eight chunks."""
    tokenizer = byte_tokenizer()
    config = small_config(tokenizer.vocab_size, own_control_tokens(), max_chunks=8)
    config = dataclasses.replace(config, max_reply_tokens=6)
    network = AudioInteractionModel(config)
    initialise(network, torch.Generator().manual_seed(7))
    network.eval().requires_grad_(False)
    return Bundle(network, tokenizer, config, "small")
