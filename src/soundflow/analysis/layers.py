"""The decoder from the inside: every layer's rows, single heads taken away, and the margin of a decision.

Nothing here changes a network: what is taken away is there again afterwards, bit for bit. Tests:
tests/analysis/test_layers.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from soundflow.errors import UsageError
from soundflow.model.cache import rotary_table
from soundflow.model.decoder import DecoderLayer
from soundflow.model.network import AudioInteractionModel

HEADS_AT_ONCE = 8  # heads of a layer whose absence is computed side by side; chosen


@dataclass(frozen=True, order=True)
class Head:
    """One attention head of the decoder, both numbers from 0; written as the paper writes it: L35H14."""

    layer: int
    head: int

    def __str__(self) -> str:
        return f"L{self.layer}H{self.head}"


def all_heads(network: AudioInteractionModel) -> tuple[Head, ...]:
    """Every head of the decoder, layer by layer."""
    shape = network.config.decoder
    return tuple(Head(i, j) for i in range(shape.num_hidden_layers) for j in range(shape.num_attention_heads))


def layer_of(network: AudioInteractionModel, index: int) -> DecoderLayer:
    """One layer of the decoder; a fused one has the same calls."""
    return cast(DecoderLayer, network.decoder.layers[index])


def through(network: AudioInteractionModel, rows: Tensor) -> list[Tensor]:
    """Rows before each layer and behind the last one (before the final norm), [batch, positions, width] each.

    Args:
        rows: [batch, positions, width], the decoder's input.
    """
    rotary = _rotary(network, rows)
    found = [rows]
    for index, layer in enumerate(_layers(network)):
        found.append(layer(found[-1], rotary, None, index))
    return found


def rest_of(network: AudioInteractionModel, rows: Tensor, layer: int) -> Tensor:
    """Hidden rows behind the final norm, from rows that stand before `layer`; both [batch, positions, width]."""
    rotary = _rotary(network, rows)
    for index, part in enumerate(_layers(network)[layer:], start=layer):
        rows = part(rows, rotary, None, index)
    normed: Tensor = network.decoder.norm(rows)
    return normed


def margins(network: AudioInteractionModel, hidden: Tensor) -> Tensor:
    """Logit of <response> less that of <silent>, float32 [...], of hidden rows [..., width]; p is its sigmoid."""
    control = network.config.control
    rows = network.choice_rows
    if rows is None:
        rows = network.lm_head.weight[[control.silent, control.response]]
    silent, response = rows
    # two products and then the difference, in float32: as a session does it
    difference: Tensor = (hidden @ response).float() - (hidden @ silent).float()
    return difference


@contextmanager
def without(network: AudioInteractionModel, heads: Sequence[Head]) -> Iterator[None]:
    """The network as if these heads gave zeros, as long as the block lasts; other threads see it so, too.

    Raises:
        UsageError: there is no such head (`analysis.head`).
    """
    by_layer: dict[int, list[int]] = defaultdict(list)
    for head in heads:
        by_layer[_checked(network, head).layer].append(head.head)
    count = network.config.decoder.num_attention_heads
    handles = []
    try:
        for layer, gone in by_layer.items():
            kept = torch.ones(count, 1)
            kept[gone] = 0
            handles.append(_joined(network, layer).register_forward_pre_hook(_scaling(kept)))
        yield
    finally:
        for handle in handles:
            handle.remove()


def margins_without_each(network: AudioInteractionModel, rows: Tensor, layer: int, decisions: Tensor) -> Tensor:
    """Margins of decisions as each head of one layer is taken away in turn, float32 [heads, decisions].

    Args:
        rows: [positions, width] before that layer.
        decisions: int64 [decisions], places among the positions.
    """
    count = network.config.decoder.num_attention_heads
    found = []
    for gone in torch.arange(count).split(HEADS_AT_ONCE):
        kept = torch.ones(len(gone), 1, count, 1)
        kept[torch.arange(len(gone)), :, gone] = 0
        handle = _joined(network, layer).register_forward_pre_hook(_scaling(kept))
        try:
            hidden = rest_of(network, rows.expand(len(gone), -1, -1), layer)
        finally:
            handle.remove()
        found.append(margins(network, hidden[:, decisions.to(hidden.device)]))
    return torch.cat(found)


def _scaling(kept: Tensor) -> Any:
    """A hook that multiplies the joined heads by [..., heads, 1] before they are projected."""

    def scale(module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor]:
        (mixed,) = inputs  # [batch, positions, heads · head_dim]
        return ((mixed.unflatten(-1, (kept.shape[-2], -1)) * kept.to(mixed)).flatten(-2),)

    return scale


def _joined(network: AudioInteractionModel, layer: int) -> nn.Module:
    """The projection in front of which a layer's heads stand side by side."""
    return layer_of(network, layer).self_attn.o_proj


def _layers(network: AudioInteractionModel) -> list[DecoderLayer]:
    return [layer_of(network, index) for index in range(len(network.decoder.layers))]


def _rotary(network: AudioInteractionModel, rows: Tensor) -> tuple[Tensor, Tensor]:
    return rotary_table(torch.arange(rows.shape[1], device=rows.device), network.config.decoder)


def _checked(network: AudioInteractionModel, head: Head) -> Head:
    shape = network.config.decoder
    if not (0 <= head.layer < shape.num_hidden_layers and 0 <= head.head < shape.num_attention_heads):
        hint = f"layers 0 to {shape.num_hidden_layers - 1}, heads 0 to {shape.num_attention_heads - 1}"
        raise UsageError("analysis.head", f"there is no head {head}", hint)
    return head
