"""Small models with random weights for the tests of this folder."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from soundflow.model.bundle import Bundle
from soundflow.model.config import ModelConfig, nano
from soundflow.model.network import AudioInteractionModel, initialise
from soundflow.model.tokens import TextTokenizer, own_control_tokens

TEXTS = ["A dog is barking.", "Describe what you hear", "Glass broke nearby. Keep your feet clear of the shards."]


def small_config(**changes: object) -> ModelConfig:
    """Nano's shape, shrunk; `changes` replace fields of the whole config."""
    base = nano(300, own_control_tokens())
    encoder = dataclasses.replace(base.encoder, d_model=32, encoder_attention_heads=4, encoder_ffn_dim=64)
    decoder = dataclasses.replace(
        base.decoder,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        intermediate_size=48,
    )
    return dataclasses.replace(base, encoder=encoder, decoder=decoder, **changes)  # type: ignore[arg-type]


@pytest.fixture
def small_bundle() -> Bundle:
    """A shrunk nano with random weights and a tokenizer of three sentences."""
    tokenizer = TextTokenizer.train(TEXTS, 300)
    config = small_config()
    config = dataclasses.replace(config, decoder=dataclasses.replace(config.decoder, vocab_size=tokenizer.vocab_size))
    network = AudioInteractionModel(config)
    initialise(network, torch.Generator().manual_seed(1))
    network.eval().requires_grad_(False)
    return Bundle(network, tokenizer, config, "small")
