"""The key/value cache of one session: its memory is decided at construction and never grows.

Evicting a span turns the keys behind it back by the span's length, so positions stay inside what training saw
(docs/decisions/0004). Tests: tests/model/test_cache.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from soundflow.errors import InputError
from soundflow.model import pages
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


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Each new position's mix of the values it may look at, [batch, heads, positions, head_dim].

    Args:
        q, k, v: [batch, heads or key-value heads, positions, head_dim].
        mask: bool [positions of q, positions of k], True where one may look; None is causal.
    """
    is_causal = mask is None and q.shape[2] > 1
    return F.scaled_dot_product_attention(
        q, k, v, attn_mask=mask, is_causal=is_causal, enable_gqa=q.shape[1] != k.shape[1]
    )


class Cache(Protocol):
    """What a pass of the decoder asks of the past: one stream's, or several streams' side by side."""

    def rows(self, positions: int) -> tuple[Tensor, Tensor]:
        """Cosines and sines, [positions, head_dim] each, of the next places."""
        ...

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Store one layer's new rotated keys and values and mix what each new position may see.

        Args:
            q, k, v: [batch, heads or key-value heads, new positions, head_dim].

        Returns:
            As `q`.
        """
        ...

    def advance(self, positions: int) -> None:
        """The pass is over: these positions are there now."""
        ...


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
        self.keys = pages.zeros(shape, dtype, device)
        self.values = pages.zeros(shape, dtype, device)
        self.capacity = capacity
        self.length = 0
        self._config = config
        self._mask: Tensor | None = None
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

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """As `Cache.attend`."""
        positions = q.shape[2]
        mask = None
        if self.length and positions > 1:
            if self._mask is None or self._mask.shape != (positions, self.length + positions):
                self._mask = causal_mask(self.length, positions, q.device)
            mask = self._mask  # the same in every layer of a pass
        return attention(q, *self.append(layer, k, v), mask)

    def advance(self, positions: int) -> None:
        """As `Cache.advance`."""
        self.length += positions

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


class RaggedCache:
    """Several streams' caches side by side for one pass: their new positions stand in one line, [1, all positions].

    Products see one matrix; each stream looks at its own past alone, by the very operations of a pass of its own.

    Args:
        parts: each stream's cache and how many new positions it brings.
    """

    def __init__(self, parts: Sequence[tuple[KVCache, int]]) -> None:
        self.parts = parts
        self._counts = [count for _, count in parts]

    def rows(self, positions: int) -> tuple[Tensor, Tensor]:
        """As `Cache.rows`, for `positions` in all."""
        cos, sin = zip(*(cache.rows(count) for cache, count in self.parts), strict=True)
        return torch.cat(cos), torch.cat(sin)

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """As `Cache.attend`."""
        new = zip(*(x.split(self._counts, dim=2) for x in (q, k, v)), strict=True)
        return torch.cat([cache.attend(layer, *x) for (cache, _), x in zip(self.parts, new, strict=True)], dim=2)

    def advance(self, positions: int) -> None:
        """As `Cache.advance`, for `positions` in all."""
        for cache, count in self.parts:
            cache.advance(count)


def causal_mask(start: int, positions: int, device: torch.device) -> Tensor:
    """[positions, start + positions], True where a new position behind `start` others may look."""
    return torch.ones(positions, start + positions, dtype=torch.bool, device=device).tril(diagonal=start)
