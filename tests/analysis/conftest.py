"""A small model with random weights, and short streams for it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from soundflow.analysis.sounds import Sound, Streams
from soundflow.model.bundle import Bundle
from soundflow.model.network import AudioInteractionModel, initialise
from soundflow.model.tokens import TextTokenizer
from tests.model.conftest import TEXTS, small_config
from tests.stream.conftest import noise

NEVER = 1.0  # a threshold that no probability of a random network reaches: it only listens


def small(seed: int = 1, max_chunks: int = 12) -> Bundle:
    """A shrunk nano of two layers with four heads; replies of four tokens at most."""
    tokenizer = TextTokenizer.train(TEXTS, 300)
    config = small_config(max_reply_tokens=4, max_chunks=max_chunks)
    config = dataclasses.replace(config, decoder=dataclasses.replace(config.decoder, vocab_size=tokenizer.vocab_size))
    network = AudioInteractionModel(config)
    initialise(network, torch.Generator().manual_seed(seed))
    with torch.no_grad():  # larger than a fresh network's, so that what is taken away can be seen
        for layer in network.decoder.layers:
            for weight in layer.parameters():
                weight.mul_(4 if weight.dim() == 2 else 1)
    network.eval().requires_grad_(False)
    return Bundle(network, tokenizer, config, "small")


@pytest.fixture
def bundle() -> Bundle:
    """The small model."""
    return small()


def one_stream(samples: NDArray[np.float32]) -> Streams:
    """A single stream of these samples."""
    return Streams("one", "one", 1, lambda index: Sound("one", samples))


def noises(count: int, chunks: float = 5.0) -> Streams:
    """Streams of noise."""
    return Streams("noise", "noise", count, lambda index: Sound(f"noise {index}", noise(chunks, seed=index)))
