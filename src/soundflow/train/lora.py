"""Low-rank adaptation: matrices that stand still learn through two thin ones beside them (Hu and others, 2021).

Own lines rather than a library: two matrices, a sum, and folding them in. Tests: tests/train/test_lora.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ALPHA = 2.0  # what the thin matrices add is scaled by it, whatever their rank; the usual choice of alpha = 2 · rank


class LowRank(nn.Module):
    """A linear layer that stands still, and what is learned beside it: y = W x + b + 2 · up (down x)."""

    def __init__(self, base: nn.Linear, rank: int, generator: torch.Generator) -> None:
        super().__init__()
        rows, columns = base.weight.shape
        self.base = base.requires_grad_(False)
        drawn = torch.empty(rank, columns).uniform_(-1, 1, generator=generator) / math.sqrt(columns)
        self.down = nn.Parameter(drawn.to(base.weight.device))
        self.up = nn.Parameter(torch.zeros(rows, rank, device=base.weight.device))  # so that nothing changes at first

    def forward(self, x: Tensor) -> Tensor:
        """[..., columns] to [..., rows]."""
        beside = F.linear(F.linear(x, self.down), self.up)
        return self.base(x) + ALPHA * beside  # type: ignore[no-any-return]


def add_low_rank(module: nn.Module, rank: int, seed: int) -> None:
    """Put thin matrices beside every linear layer inside a module; the same seed draws the same ones."""
    generator = torch.Generator().manual_seed(seed)
    found = [(parent, name, child) for parent in module.modules() for name, child in parent.named_children()]
    for parent, name, child in found:
        if isinstance(child, nn.Linear):
            setattr(parent, name, LowRank(child, rank, generator))


def folded(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors by name with every pair of thin matrices added to its matrix, under the names of a plain network."""
    plain: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        start, base, last = name.rpartition(".base.")
        if base:
            beside = ALPHA * tensors[f"{start}.up"].float() @ tensors[f"{start}.down"].float()
            plain[f"{start}.{last}"] = tensor + beside.to(tensor.dtype) if last == "weight" else tensor
        elif name.rpartition(".")[2] not in ("up", "down"):
            plain[name] = tensor
    return plain
