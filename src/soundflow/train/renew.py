"""A new decoder behind old ears: its weights are drawn afresh, and what it hears comes to it evenly spread.

What an encoder hears varies along few directions much and along many a little, and words lie in the many
(docs/decisions/0015). The adapter's projection begins as the principal directions, each brought to one deviation.
Tests: tests/train/test_renew.py.
"""

from __future__ import annotations

import copy
import dataclasses

import torch
from torch import Tensor

from soundflow.model.bundle import Bundle
from soundflow.model.network import initialise

LEAST_VARIANCE = 0.02  # of a direction after `ln_post`, below which it is not turned up further; chosen


def renewed(bundle: Bundle, pooled: Tensor, deviation: float, seed: int) -> Bundle:
    """The same encoder and vocabulary, with a decoder drawn anew and an adapter that whitens.

    Args:
        pooled: float32 [chunks, positions, pooled width], what the encoder heard of sounds to learn from.
        deviation: of each of the adapter's outputs over these sounds.
        seed: draws the weights.
    """
    network = copy.deepcopy(bundle.network)
    generator = torch.Generator().manual_seed(seed)
    initialise(network, generator)
    network.encoder.load_state_dict(bundle.network.encoder.state_dict())
    network.adapter.ln_post.load_state_dict(bundle.network.adapter.ln_post.state_dict())
    with torch.no_grad():
        weight, bias = whitening(
            network.adapter.ln_post(pooled).flatten(0, 1), len(network.adapter.proj.bias), generator
        )
        network.adapter.proj.weight.copy_(weight * deviation)
        network.adapter.proj.bias.copy_(bias * deviation)
    return dataclasses.replace(bundle, network=network)


def whitening(rows: Tensor, width: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Weight [width, features] and bias [width] that spread rows [n, features] evenly over `width` outputs.

    The outputs are a random turn of the principal components, so that no output is a component of its own.
    """
    variance, directions = torch.linalg.eigh(torch.cov(rows.T))
    variance, directions = variance.flip(0)[:width], directions.flip(1)[:, :width]
    turn = torch.linalg.qr(torch.randn(width, len(variance), generator=generator)).Q
    weight = turn @ (directions / (variance.clamp(min=0) + LEAST_VARIANCE).sqrt()).T
    return weight, -weight @ rows.mean(0)
