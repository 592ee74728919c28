"""Matrices in four bits: groups of 32 weights share a scale and a middle, and torch multiplies them as they are packed.

Half of int8's memory and traffic, which helps where one row meets many weights (a word of a reply); over the rows of a
whole chunk int8 is faster. Tests: tests/model/test_int4.py.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from soundflow.model.network import AudioInteractionModel
from soundflow.model.quantize import fuse, keep_choice_rows

GROUP = 32  # weights that share a scale; the smallest that the kernel takes
_ROWS = 16  # rows of a matrix must be a multiple of this; the kernel's
_LEVELS = 15  # steps between the least and the greatest weight of a group
_MIDDLE = 8  # the level that stands for a group's middle, as the kernel counts


def int4_supported() -> bool:
    """Whether this build of torch has the kernel for processors."""
    return hasattr(torch.ops.aten, "_weight_int4pack_mm_for_cpu")


def can_be_int4(weight: Tensor) -> bool:
    """Whether a matrix has a shape that the kernel takes."""
    return bool(weight.dim() == 2 and weight.shape[0] % _ROWS == 0 and weight.shape[1] % GROUP == 0)


def to_int4(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Levels and grid of a matrix, rounded to the nearest level.

    Args:
        weight: float [rows, columns], columns a multiple of 32.

    Returns:
        uint8 [rows, columns] levels 0..15, and bfloat16 [rows, columns / 32, 2] with scale and middle of each group.
        Done again to what `from_int4` gives, it gives the same.
    """
    groups = weight.float().unflatten(1, (-1, GROUP))
    least, greatest = groups.amin(-1), groups.amax(-1)
    scale = ((greatest - least) / _LEVELS).clamp(min=1e-6).bfloat16()
    middle = (least + _MIDDLE * scale.float()).bfloat16()
    levels = (groups - middle.float()[..., None]) / scale.float()[..., None] + _MIDDLE
    return levels.round().clamp(0, _LEVELS).to(torch.uint8).flatten(1), torch.stack([scale, middle], dim=-1)


def from_int4(levels: Tensor, grid: Tensor) -> Tensor:
    """The float32 matrix that levels and grid stand for."""
    scale, middle = grid.float().unbind(-1)
    groups = levels.unflatten(1, (-1, GROUP)).float() - _MIDDLE
    return torch.addcmul(middle[..., None], groups, scale[..., None]).flatten(1)


class Int4Linear(nn.Module):
    """A linear layer over packed levels; rounds its input to bfloat16, as the kernel needs.

    Raises:
        ValueError: its columns are no multiple of 32, or its rows of 16.
    """

    def __init__(self, plain: nn.Linear) -> None:
        super().__init__()
        if not can_be_int4(plain.weight):
            raise ValueError(f"{plain.out_features} rows of {plain.in_features} columns: no multiples of 16 and 32")
        levels, grid = to_int4(plain.weight)
        self.in_features, self.out_features = plain.in_features, plain.out_features
        packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(levels.int(), 1)
        self.register_buffer("packed", packed)
        self.register_buffer("grid", grid.transpose(0, 1).contiguous())  # [groups, rows, 2]
        self.bias = plain.bias

    bias: Tensor | None

    def forward(self, x: Tensor) -> Tensor:
        """[..., columns] to [..., rows], in the input's type."""
        rows = x.reshape(-1, self.in_features).bfloat16()
        product: Tensor = torch.ops.aten._weight_int4pack_mm_for_cpu(rows, self.packed, GROUP, self.grid)
        out = product.to(x.dtype).view(*x.shape[:-1], self.out_features)
        return out if self.bias is None else out + self.bias


def make_int4(module: nn.Module) -> None:
    """Fuse a layer, or what is left of a network, and put its matrices into four bits, in place.

    Matrices that cannot be packed stay as they are.
    """
    if isinstance(module, AudioInteractionModel):
        keep_choice_rows(module)
    fuse(module)
    for part in list(module.modules()):
        for name, child in part.named_children():
            if type(child) is nn.Linear and can_be_int4(child.weight):
                setattr(part, name, Int4Linear(child))
