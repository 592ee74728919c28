"""Products in 8 bits whose result for a row does not depend on the rows beside it.

torch's dynamic product takes one scale for all rows it is given, so that a stream's numbers would change with the
streams that share its pass. Here every row has its own scale and the sums are exact integers: a row of a batch is bit
for bit what it is alone (docs/decisions/0012). Tests: tests/model/test_row_int8.py.
"""

from __future__ import annotations

import torch
import torch.ao.nn.quantized.dynamic as dynamic
from torch import Tensor, nn

_STEPS = 63  # 7 bits and a sign: more would overflow the 16-bit sums of processors without VNNI (torch's own choice)
_TINY = 1e-30  # a row of zeros is divided by this


def scale_by_row(module: nn.Module) -> None:
    """Replace every dynamically quantised layer inside a module by one with a scale for each row, in place.

    A float convolution over log-mel is wrapped to take one chunk at a time, for its kernel depends on their number.
    """
    for part in list(module.modules()):
        for name, child in part.named_children():
            if type(child) is dynamic.Linear:
                setattr(part, name, RowLinear(child))
            elif type(child) is nn.Conv1d:
                setattr(part, name, OneByOne(child))


class RowLinear(nn.Module):
    """A linear layer with int8 weights, a scale for each of their rows, and one for each row of its input."""

    def __init__(self, plain: dynamic.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = plain.in_features, plain.out_features
        self.bias: Tensor | None = plain.bias()
        weight = plain.weight()
        self._packed = torch.ops.quantized.linear_prepack(weight, None)

    def forward(self, x: Tensor) -> Tensor:
        """[..., in] to [..., out]."""
        peak = x.abs().amax(-1, keepdim=True).clamp_(min=_TINY)
        product: Tensor = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32(
            x / peak, 1.0 / _STEPS, _STEPS + 1, self._packed
        )
        return product.mul_(peak) if self.bias is None else torch.addcmul(self.bias, product, peak)


class OneByOne(nn.Module):
    """Gives the items of a batch to a layer one at a time."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        """[items, ...] to [items, ...]."""
        return torch.cat([self.layer(item) for item in x.split(1)])
