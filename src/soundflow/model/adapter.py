"""The adapter: pools encoder positions and projects them into the decoder's width.

The release averages pairs, norms and projects; nano keeps mean and deviation of ten positions
(docs/decisions/0001). Tests: tests/model/test_adapter.py.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from soundflow.model.config import EncoderConfig


class Adapter(nn.Module):
    """Pool, `ln_post`, `proj`: the last three steps of the release's audio tower."""

    def __init__(self, config: EncoderConfig, hidden_size: int) -> None:
        super().__init__()
        width = config.d_model * len(config.pool_statistics)
        self.pool = config.pool
        self.statistics = config.pool_statistics
        self.ln_post = nn.LayerNorm(width)
        self.proj = nn.Linear(width, hidden_size)

    def forward(self, encoded: Tensor) -> Tensor:
        """[chunks, positions, encoder width] to [chunks, positions / pool, decoder width]."""
        return self.proj(self.ln_post(self.pooled(encoded)))  # type: ignore[no-any-return]

    def pooled(self, encoded: Tensor) -> Tensor:
        """[chunks, positions, width] to [chunks, positions / pool, width · statistics]."""
        chunks, positions, width = encoded.shape
        groups = encoded.view(chunks, positions // self.pool, self.pool, width)
        mean = groups.mean(dim=2)
        if self.statistics == ("mean",):
            return mean
        # the small constant keeps the gradient finite where a group does not vary (digital silence)
        std = (groups - mean.unsqueeze(2)).square().mean(dim=2).add(1e-6).sqrt()
        return torch.cat([{"mean": mean, "std": std}[s] for s in self.statistics], dim=-1)
