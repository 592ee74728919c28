"""The key/value cache of one session: its memory is decided at construction and never grows.

Evicting a span turns the keys behind it back by the span's length, so positions stay inside what training saw
(docs/decisions/0004). Tests: tests/model/test_cache.py.
"""

from __future__ import annotations

import torch
from torch import Tensor

from soundflow.errors import InputError
from soundflow.model.config import DecoderConfig


def rotary_table(positions: Tensor, config: DecoderConfig) -> tuple[Tensor, Tensor]:
    """Cosines and sines of rotary angles, float32 [positions, head_dim] each; pairs are (j, j + head_dim / 2).

    With `position_dtype` float16 the index is rounded as the release rounds it (its `build_rope_cache`).
    """
    half = torch.arange(0, config.head_dim, 2, device=positions.device).float() / config.head_dim
    index = positions.to(torch.float16).float() if config.position_dtype == "float16" else positions.float()
    angles = index[:, None] * (1.0 / config.rope_theta**half)[None, :]
    angles = torch.cat([angles, angles], dim=-1)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn [..., positions, head_dim] by the angles of [positions, head_dim]."""
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-second, first], dim=-1) * sin


class KVCache:
    """Keys and values of every layer, [layers, batch, key-value heads, capacity, head_dim], with a fill mark."""

    def __init__(
        self,
        config: DecoderConfig,
        capacity: int,
        batch: int = 1,
        dtype: torch.dtype = torch.float32,
        device: torch.device | None = None,
    ) -> None:
        shape = (config.num_hidden_layers, batch, config.num_key_value_heads, capacity, config.head_dim)
        self.keys = torch.zeros(shape, dtype=dtype, device=device)
        self.values = torch.zeros(shape, dtype=dtype, device=device)
        self.capacity = capacity
        self.length = 0
        self._config = config
        cos, sin = rotary_table(torch.arange(capacity), config)
        self.cos, self.sin = cos.to(device, dtype), sin.to(device, dtype)

    def rows(self, positions: int) -> tuple[Tensor, Tensor]:
        """Cosines and sines, [positions, head_dim] each, of the next places.

        Raises:
            InputError: more positions than the capacity (`cache.full`).
        """
        end = self.length + positions
        if end > self.capacity:
            raise InputError(
                "cache.full", f"{end} positions for a cache of {self.capacity}", "evict before the next step"
            )
        return self.cos[self.length : end], self.sin[self.length : end]

    def append(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Store new rotated keys and values of one layer and return all that are there, the new ones included.

        Args:
            keys, values: [batch, key-value heads, new positions, head_dim]; `rows` said that they fit.
        """
        end = self.length + keys.shape[2]
        self.keys[layer, :, :, self.length : end] = keys
        self.values[layer, :, :, self.length : end] = values
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]

    def evict(self, start: int, count: int) -> None:
        """Forget positions [start, start + count); what stood behind moves up, its keys turned to their new places."""
        end = start + count
        if not 0 <= start <= end <= self.length:
            raise InputError("cache.evict", f"positions {start}..{end} of {self.length}", "evict what is there")
        kept = self.length - end
        # a rotation by -count is the table row of `count` with its sine turned round
        cos, sin = rotary_table(torch.tensor([count]), self._config)
        cos, sin = cos.to(self.keys.device), sin.to(self.keys.device)
        moved = rotate(self.keys[:, :, :, end : self.length].float(), cos, -sin).to(self.keys.dtype)
        self.keys[:, :, :, start : start + kept] = moved
        self.values[:, :, :, start : start + kept] = self.values[:, :, :, end : self.length].clone()
        self.length = start + kept
