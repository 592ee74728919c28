"""Where a decision looks: the attention of every head from the place at which one chunk is decided.

Weights are computed again from what each layer is given, by the decoder's own projections and turns. Source: paper,
additional analysis (attention maps). Tests: tests/analysis/test_attention.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from soundflow.analysis.layers import Head, layer_of, through
from soundflow.analysis.walk import Passage, Walk, decision_passage
from soundflow.errors import UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.cache import rotary_table, rotate
from soundflow.model.decoder import SelfAttention
from soundflow.model.network import AudioInteractionModel


@dataclass(frozen=True, eq=False)
class DecisionAttention:
    """What the decision on `chunk` looked at; the window begins with chunk `first`.

    weights: float32 [layers, heads, positions], each row sums to 1.
    prefix: positions of the instruction in front.
    sound: int64 [chunks, audio positions], the places of each chunk's sound; the rest is grammar and replies.
    """

    chunk: int
    first: int
    p_response: float
    weights: NDArray[np.float32]
    prefix: int
    sound: NDArray[np.int64]

    @property
    def by_chunk(self) -> NDArray[np.float32]:
        """Attention on each chunk's sound, float32 [layers, heads, chunks]."""
        return np.asarray(self.weights[:, :, self.sound].sum(axis=-1), np.float32)

    @property
    def on_instruction(self) -> NDArray[np.float32]:
        """Attention on the prefix, float32 [layers, heads]."""
        return np.asarray(self.weights[:, :, : self.prefix].sum(axis=-1), np.float32)

    def heads_by_sound(self) -> list[Head]:
        """Heads, first the one that looks most at sound."""
        on_sound = self.by_chunk.sum(axis=-1)
        order = np.argsort(-on_sound, axis=None, kind="stable")
        return [Head(int(i) // on_sound.shape[1], int(i) % on_sound.shape[1]) for i in order]

    def to_dict(self) -> dict[str, Any]:
        """Each head's shares: instruction, sound (whole and by chunk), and the rest."""
        by_chunk, instruction = self.by_chunk, self.on_instruction
        return {
            "chunk": self.chunk,
            "first_chunk": self.first,
            "p_response": self.p_response,
            "heads": [
                {
                    "head": str(head),
                    "layer": head.layer,
                    "number": head.head,
                    "instruction": _rounded(instruction[head.layer, head.head]),
                    "sound": _rounded(by_chunk[head.layer, head.head].sum()),
                    "own_chunk": _rounded(by_chunk[head.layer, head.head, -1]),
                    "by_chunk": [_rounded(value) for value in by_chunk[head.layer, head.head]],
                }
                for head in self.heads_by_sound()
            ],
        }


def decision_attention(bundle: Bundle, found: Walk, chunk: int) -> DecisionAttention:
    """The attention of every head at the decision on one chunk.

    Raises:
        InputError: the stream has no such chunk (`analysis.chunk`).
        UsageError: the network's layers are fused (`analysis.fused`): load it in float32 or bfloat16.
    """
    network = bundle.network
    part: Passage = decision_passage(bundle, found, chunk)
    with torch.inference_mode():
        rows = through(network, part.rows[None])
        weights = torch.stack([last_row_weights(network, i, x[0]) for i, x in enumerate(rows[:-1])])
    p = found.steps[chunk].p_response
    return DecisionAttention(chunk, part.first, p, weights.numpy(), len(found.prefix), part.sound.numpy())


def last_row_weights(network: AudioInteractionModel, layer: int, rows: Tensor) -> Tensor:
    """How one layer's heads look back from the last position, float32 [heads, positions], on the processor.

    Args:
        rows: [positions, width] before the layer.

    Raises:
        UsageError: the layer is fused (`analysis.fused`).
    """
    part = layer_of(network, layer)
    attention: nn.Module = part.self_attn
    if not isinstance(attention, SelfAttention):
        hint = "load the model in float32 or bfloat16"
        raise UsageError("analysis.fused", "this network's attention is fused, its weights cannot be seen", hint)
    normed = part.input_layernorm(rows)
    cos, sin = rotary_table(torch.arange(len(rows), device=rows.device), network.config.decoder)
    q = attention.q_proj(normed[-1:]).unflatten(-1, (attention.heads, -1)).transpose(0, 1)  # [heads, 1, head_dim]
    k = attention.k_proj(normed).unflatten(-1, (attention.groups, -1)).transpose(0, 1)  # [groups, positions, head_dim]
    q, k = rotate(q, cos[-1:], sin[-1:]), rotate(k, cos, sin)
    k = k.repeat_interleave(attention.heads // attention.groups, dim=0)
    scores = (q @ k.transpose(1, 2)).float()[:, 0] / attention.head_dim**0.5
    return torch.softmax(scores, -1).cpu()


def _rounded(value: float | np.floating[Any]) -> float:
    return round(float(value), 4)
