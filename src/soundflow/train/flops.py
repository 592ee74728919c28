"""Floating-point operations of a training pass, counted from shapes: multiplications and additions of matrices only.

What gradient checkpointing computes a second time is not counted: it is no progress. Tests: tests/train/test_flops.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from soundflow.model.config import CONV_STRIDE, HOP_LENGTH, DecoderConfig, ModelConfig
from soundflow.train.stages import Stage


def pass_flops(config: ModelConfig, stage: Stage, lengths: Sequence[int], supervised: int, chunks: int) -> float:
    """Forward and backward of one packed row.

    Args:
        lengths: positions of its streams.
        supervised: rows whose logits are needed.
        chunks: that the encoder hears; 0 where its features are kept.
    """
    decoder, positions = config.decoder, sum(lengths)
    learns_lm = "lm" in stage.trains and not stage.lora_rank
    learns_head = learns_lm or "head" in stage.trains
    matrices = 2.0 * positions * decoder_matrices(decoder)
    attention = sum(2.0 * n * n * decoder.num_attention_heads * decoder.head_dim for n in lengths)
    attention *= decoder.num_hidden_layers
    head = 2.0 * supervised * decoder.hidden_size * decoder.vocab_size
    encoder = chunks * chunk_flops(config) * (3 if "encoder" in stage.trains else 1)
    # the gradient passes through the whole decoder in every stage, for what learns lies below it
    return encoder + matrices * (3 if learns_lm else 2) + attention * 3 + head * (3 if learns_head else 2)


def decoder_matrices(decoder: DecoderConfig) -> int:
    """Numbers in the matrices of the decoder's layers."""
    queries = decoder.num_attention_heads * decoder.head_dim
    values = decoder.num_key_value_heads * decoder.head_dim
    layer = 2 * queries * decoder.hidden_size + 2 * values * decoder.hidden_size
    layer += 3 * decoder.hidden_size * decoder.intermediate_size
    return layer * decoder.num_hidden_layers


def chunk_flops(config: ModelConfig) -> float:
    """The encoder's forward pass over one chunk."""
    encoder, frames = config.encoder, config.chunk_samples // HOP_LENGTH
    positions, width = frames // CONV_STRIDE, encoder.d_model
    convolutions = 2.0 * 3 * width * (frames * encoder.num_mel_bins + positions * width)
    layer = 2.0 * positions * (4 * width * width + 2 * width * encoder.encoder_ffn_dim) + 4.0 * positions**2 * width
    return convolutions + layer * encoder.encoder_layers
