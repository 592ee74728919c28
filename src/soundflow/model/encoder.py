"""The audio encoder: one chunk of log-mel in, one row per encoder position out. It has no state between chunks.

Parameter names are those of `transformers`' Qwen2.5-Omni audio encoder, which are Whisper's.
Tests: tests/model/test_encoder.py.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundflow.model.config import EncoderConfig


def sinusoids(length: int, channels: int) -> Tensor:
    """Whisper's fixed position table, [length, channels]: sines in the first half, cosines in the second."""
    step = math.log(10_000) / (channels // 2 - 1)
    # on the processor whatever device is set: torch computes on `meta` with a compiler that takes a second to import
    rates = torch.exp(-step * torch.arange(channels // 2, device="cpu").float())
    angles = torch.arange(length, device="cpu").float()[:, None] * rates[None, :]
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class EncoderAttention(nn.Module):
    """Full attention inside one chunk."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        width = config.d_model
        self.heads = config.encoder_attention_heads
        self.q_proj = nn.Linear(width, width)
        self.k_proj = nn.Linear(width, width, bias=False)
        self.v_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """[chunks, positions, width] to the same shape."""
        chunks, positions, width = x.shape
        split = (chunks, positions, self.heads, width // self.heads)
        q, k, v = (p(x).view(split).transpose(1, 2) for p in (self.q_proj, self.k_proj, self.v_proj))
        mixed = F.scaled_dot_product_attention(q, k, v)  # [chunks, heads, positions, head_dim]
        return self.out_proj(mixed.transpose(1, 2).reshape(chunks, positions, width))  # type: ignore[no-any-return]


class EncoderLayer(nn.Module):
    """Pre-norm attention and a GELU feed-forward, each with its residual."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.self_attn_layer_norm = nn.LayerNorm(config.d_model)
        self.self_attn = EncoderAttention(config)
        self.final_layer_norm = nn.LayerNorm(config.d_model)
        self.fc1 = nn.Linear(config.d_model, config.encoder_ffn_dim)
        self.fc2 = nn.Linear(config.encoder_ffn_dim, config.d_model)

    def forward(self, x: Tensor) -> Tensor:
        """[chunks, positions, width] to the same shape."""
        x = x + self.self_attn(self.self_attn_layer_norm(x))
        return x + self.fc2(F.gelu(self.fc1(self.final_layer_norm(x))))  # type: ignore[no-any-return]


class AudioEncoder(nn.Module):
    """Two convolutions, a position table that restarts with each chunk, and the layers."""

    positions: Tensor

    def __init__(self, config: EncoderConfig, chunk_frames: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(config.num_mel_bins, config.d_model, kernel_size=3, padding=1)
        self.conv2 = nn.Conv1d(config.d_model, config.d_model, kernel_size=3, stride=2, padding=1)
        self.register_buffer("positions", sinusoids((chunk_frames + 1) // 2, config.d_model), persistent=False)
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.encoder_layers))

    def forward(self, mel: Tensor) -> Tensor:
        """Encode chunks, each alone.

        Args:
            mel: [chunks, mel bins, frames] normalised log-mel.

        Returns:
            [chunks, frames / 2, width], before any pooling or final norm.
        """
        x = F.gelu(self.conv2(F.gelu(self.conv1(mel)))).transpose(1, 2)
        x = x + self._position_rows(x)
        for layer in self.layers:
            x = layer(x)
        return x

    def _position_rows(self, x: Tensor) -> Tensor:
        """[positions, width] for [chunks, positions, width]; the stored table covers a chunk, more continue it."""
        length, width = x.shape[1:]
        return self.positions[:length] if length <= len(self.positions) else sinusoids(length, width).to(x)
