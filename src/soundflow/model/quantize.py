"""The network as it runs on a CPU: 8-bit matrix products, and few large ones in place of many small ones.

Training and checkpoints know only the plain network. Why int8: docs/decisions/0003. Tests:
tests/model/test_quantize.py.
"""

from __future__ import annotations

import copy
import dataclasses
import gc
import warnings
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundflow.model.bundle import Bundle
from soundflow.model.cache import Cache, attention, rotate
from soundflow.model.decoder import FeedForward, SelfAttention
from soundflow.model.encoder import EncoderAttention
from soundflow.model.network import AudioInteractionModel
from soundflow.model.row_int8 import scale_by_row

_LARGE = 10**7  # parameters of a layer from which its float weights are cleared away at once; chosen


def int8_supported() -> bool:
    """Whether this build of torch has an int8 engine for this processor."""
    return any(engine != "none" for engine in torch.backends.quantized.supported_engines)


def int8_bundle(bundle: Bundle) -> Bundle:
    """The same model, fused and with its matrices in int8, one scale a row; the original is left as it is."""
    network = _with_the_same_tensors(bundle.network)
    make_int8(network)
    return dataclasses.replace(bundle, network=network)


def fused(network: AudioInteractionModel) -> AudioInteractionModel:
    """A copy that computes the same with fewer matrix products; it has other weight names and is for inference only."""
    network = _with_the_same_tensors(network)
    fuse(network)
    return network.eval()


def make_int8(module: nn.Module) -> None:
    """Fuse a layer, or what is left of a network, and put its matrices into int8, in place.

    Done layer by layer while a model loads, no more than one layer ever stands in memory beside its int8 form.
    """
    size = sum(p.numel() for p in module.parameters())
    if isinstance(module, AudioInteractionModel):
        keep_choice_rows(module)
    fuse(module)
    with warnings.catch_warnings():
        # torch renames this module to torchao, which is slower than float32 on CPUs without AMX
        warnings.simplefilter("ignore")
        # rows that are stacked must not share one scale, and weights are stored with a scale a row
        recipe = {nn.Linear: torch.ao.quantization.per_channel_dynamic_qconfig}
        torch.ao.quantization.quantize_dynamic(module, recipe, dtype=torch.qint8, inplace=True)
    scale_by_row(module)
    if size > _LARGE:
        gc.collect()  # torch leaves the float weights in a cycle, and their end would come too late


def fuse(module: nn.Module) -> None:
    """Replace attention, feed-forward and second convolution inside a module by their forms with fewer products."""
    if isinstance(module, AudioInteractionModel) and isinstance(module.encoder.conv2, nn.Conv1d):
        # not the first convolution: it is small, and in int8 it would hear log-mel in steps of over half a decibel
        module.encoder.conv2 = _UnfoldedConv(module.encoder.conv2)  # type: ignore[assignment]
    for part in list(module.modules()):
        for name, child in part.named_children():
            if (kind := _FUSED.get(type(child))) is not None:
                setattr(part, name, kind(child))


def keep_choice_rows(network: AudioInteractionModel) -> None:
    """Keep the head's two rows that decide, unrounded, before the head itself changes its form."""
    if isinstance(network.lm_head, nn.Linear):
        control = network.config.control
        rows = network.lm_head.weight[[control.silent, control.response]].detach().clone()
        network.choice_rows = rows


def _with_the_same_tensors(network: AudioInteractionModel) -> AudioInteractionModel:
    """A copy of the structure that shares every tensor: what changes in it is replaced, never written to."""
    shared = {id(tensor): tensor for tensor in (*network.parameters(), *network.buffers())}
    return copy.deepcopy(network, shared)


class _UnfoldedConv(nn.Module):
    """A convolution as one product over its unfolded input, for torch has no int8 convolution with float input."""

    def __init__(self, plain: nn.Conv1d) -> None:
        super().__init__()
        (self.taps,), (self.stride,), self.padding = plain.kernel_size, plain.stride, int(plain.padding[0])
        self.product = _linear(plain.weight.transpose(1, 2).flatten(1), plain.bias)

    def forward(self, x: Tensor) -> Tensor:
        """[chunks, channels, frames] to [chunks, channels out, frames / stride]."""
        rows = F.pad(x.transpose(1, 2), (0, 0, self.padding, self.padding)).unfold(1, self.taps, self.stride)
        return self.product(rows.transpose(2, 3).flatten(2)).transpose(1, 2)  # type: ignore[no-any-return]


class _EncoderAttention(nn.Module):
    """`EncoderAttention` with one product for queries, keys and values."""

    def __init__(self, plain: EncoderAttention) -> None:
        super().__init__()
        self.heads = plain.heads
        self.qkv_proj = _stacked(plain.q_proj, plain.k_proj, plain.v_proj)
        self.out_proj = plain.out_proj

    def forward(self, x: Tensor) -> Tensor:
        """[chunks, positions, width] to the same shape."""
        q, k, v = self.qkv_proj(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return self.out_proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


class _SelfAttention(nn.Module):
    """`SelfAttention` with one product for queries, keys and values, and one turn for queries and keys."""

    def __init__(self, plain: SelfAttention) -> None:
        super().__init__()
        self.heads, self.groups, self.head_dim = plain.heads, plain.groups, plain.head_dim
        self.qkv_proj = _stacked(plain.q_proj, plain.k_proj, plain.v_proj)
        self.o_proj = plain.o_proj

    def forward(self, x: Tensor, rotary: tuple[Tensor, Tensor], cache: Cache | None, layer: int) -> Tensor:
        """As `SelfAttention.forward`."""
        rows = self.qkv_proj(x).unflatten(-1, (-1, self.head_dim)).transpose(1, 2)
        turned, v = rows.split([self.heads + self.groups, self.groups], dim=1)
        q, k = rotate(turned, *rotary).split([self.heads, self.groups], dim=1)
        mixed = attention(q, k, v, None) if cache is None else cache.attend(layer, q, k, v)
        return self.o_proj(mixed.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


class _FeedForward(nn.Module):
    """`FeedForward` with one product for gate and value."""

    def __init__(self, plain: FeedForward) -> None:
        super().__init__()
        self.gate_up_proj = _stacked(plain.gate_proj, plain.up_proj)
        self.down_proj = plain.down_proj

    def forward(self, x: Tensor) -> Tensor:
        """[batch, positions, width] to the same shape."""
        gate, up = self.gate_up_proj(x).chunk(2, dim=-1)
        return self.down_proj(F.silu(gate) * up)  # type: ignore[no-any-return]


_FUSED: dict[type[nn.Module], Callable[[Any], nn.Module]] = {
    EncoderAttention: _EncoderAttention,
    SelfAttention: _SelfAttention,
    FeedForward: _FeedForward,
}


def _stacked(*parts: nn.Linear) -> nn.Linear:
    """One layer whose output is that of the parts, one behind the other."""
    weight = torch.cat([part.weight for part in parts])
    biases: list[Tensor | None] = [part.bias for part in parts]
    if not any(bias is not None for bias in biases):
        return _linear(weight, None)
    sizes = [part.out_features for part in parts]
    filled = [weight.new_zeros(n) if bias is None else bias for n, bias in zip(sizes, biases, strict=True)]
    return _linear(weight, torch.cat(filled))


def _linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    """A layer that holds these [out, in] and [out] tensors, without gradients."""
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias is not None, device="meta")
    layer.weight = nn.Parameter(weight, requires_grad=False)
    layer.bias = None if bias is None else nn.Parameter(bias, requires_grad=False)  # type: ignore[assignment]
    return layer
