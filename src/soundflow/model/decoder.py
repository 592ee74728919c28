"""The causal decoder, Qwen2's architecture: RMSNorm, rotary grouped-query attention, SwiGLU.

Parameter names are those of `transformers`' Qwen2. The cache is passed in; the weights hold no running state.
Tests: tests/model/test_decoder.py.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundflow.model.cache import Cache, attention, rotary_table, rotate
from soundflow.model.config import DecoderConfig


class RMSNorm(nn.Module):
    """Root-mean-square norm, computed in float32."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Any shape, normed over the last dimension."""
        wide = x.float()
        wide = wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.eps)
        return (wide * self.weight).to(x.dtype)


class SelfAttention(nn.Module):
    """Causal grouped-query attention with rotary positions."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.heads = config.num_attention_heads
        self.groups = config.num_key_value_heads
        self.head_dim = config.head_dim
        self.q_proj = nn.Linear(config.hidden_size, self.heads * self.head_dim)
        self.k_proj = nn.Linear(config.hidden_size, self.groups * self.head_dim)
        self.v_proj = nn.Linear(config.hidden_size, self.groups * self.head_dim)
        self.o_proj = nn.Linear(self.heads * self.head_dim, config.hidden_size, bias=False)

    def forward(self, x: Tensor, rotary: tuple[Tensor, Tensor], cache: Cache | None, layer: int) -> Tensor:
        """[batch, positions, width] to the same shape."""
        batch, positions, _ = x.shape
        q = self.q_proj(x).view(batch, positions, self.heads, self.head_dim).transpose(1, 2)
        k = self.k_proj(x).view(batch, positions, self.groups, self.head_dim).transpose(1, 2)
        v = self.v_proj(x).view(batch, positions, self.groups, self.head_dim).transpose(1, 2)
        q, k = rotate(q, *rotary).to(v.dtype), rotate(k, *rotary).to(v.dtype)
        mixed = attention(q, k, v, None) if cache is None else cache.attend(layer, q, k, v)
        return self.o_proj(mixed.transpose(1, 2).reshape(batch, positions, -1))  # type: ignore[no-any-return]


class FeedForward(nn.Module):
    """SwiGLU."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, positions, width] to the same shape."""
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))  # type: ignore[no-any-return]


class DecoderLayer(nn.Module):
    """Pre-norm attention and feed-forward, each with its residual."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.input_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.self_attn = SelfAttention(config)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.mlp = FeedForward(config)

    def forward(self, x: Tensor, rotary: tuple[Tensor, Tensor], cache: Cache | None, layer: int) -> Tensor:
        """[batch, positions, width] to the same shape."""
        x = x + self.self_attn(self.input_layernorm(x), rotary, cache, layer)
        return x + self.mlp(self.post_attention_layernorm(x))  # type: ignore[no-any-return]


class Decoder(nn.Module):
    """Embedding table, layers and final norm; the head lives in the network that owns this."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.num_hidden_layers))
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)

    def forward(self, inputs_embeds: Tensor, cache: Cache | None = None) -> Tensor:
        """Run new positions, behind those in the cache when there is one.

        Args:
            inputs_embeds: [batch, positions, width].
            cache: extended in place by `positions`.

        Returns:
            [batch, positions, width] after the final norm.

        Raises:
            InputError: the cache has no room for the new positions.
        """
        positions = inputs_embeds.shape[1]
        rotary = _rotary_rows(self.config, cache, inputs_embeds)
        x = inputs_embeds
        for i, layer in enumerate(self.layers):
            x = layer(x, rotary, cache, i)
        if cache is not None:
            cache.advance(positions)
        return self.norm(x)  # type: ignore[no-any-return]


def _rotary_rows(config: DecoderConfig, cache: Cache | None, x: Tensor) -> tuple[Tensor, Tensor]:
    if cache is None:
        return rotary_table(torch.arange(x.shape[1], device=x.device), config)
    return cache.rows(x.shape[1])
