"""Weights that were computed again give what the heads really gave."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch

from soundflow.analysis.attention import decision_attention, last_row_weights
from soundflow.analysis.layers import layer_of, through
from soundflow.analysis.walk import walk
from soundflow.errors import UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.quantize import int8_bundle, int8_supported
from tests.analysis.conftest import NEVER
from tests.stream.conftest import noise


def keep(kept: list[torch.Tensor], module: torch.nn.Module, inputs: tuple[torch.Tensor]) -> None:
    kept.append(inputs[0])


def test_weights_times_values_are_what_the_heads_gave(bundle: Bundle) -> None:
    rows = torch.randn(1, 11, 32, generator=torch.Generator().manual_seed(0))
    inputs = through(bundle.network, rows)
    for index in range(2):
        layer = layer_of(bundle.network, index)
        joined: list[torch.Tensor] = []
        handle = layer.self_attn.o_proj.register_forward_pre_hook(partial(keep, joined))
        through(bundle.network, rows)
        handle.remove()
        weights = last_row_weights(bundle.network, index, inputs[index][0])
        values = layer.self_attn.v_proj(layer.input_layernorm(inputs[index][0]))
        values = values.unflatten(-1, (2, 8)).transpose(0, 1).repeat_interleave(2, dim=0)  # two heads share one
        given = torch.einsum("hp,hpd->hd", weights, values)
        torch.testing.assert_close(given, joined[0][0, -1].unflatten(-1, (4, 8)))


def test_shares_of_a_decision_add_up(bundle: Bundle) -> None:
    found = walk(bundle, noise(5.0), threshold=NEVER)
    looked = decision_attention(bundle, found, 3)
    assert looked.weights.shape[:2] == (2, 4) and looked.by_chunk.shape == (2, 4, 4)
    assert looked.weights.sum(-1) == pytest.approx(np.ones((2, 4)), abs=1e-5)
    assert (looked.by_chunk.sum(-1) + looked.on_instruction < 1).all(), "the grammar takes some"
    order = [looked.by_chunk[head.layer, head.head].sum() for head in looked.heads_by_sound()]
    assert order == sorted(order, reverse=True) and len(order) == 8
    told = looked.to_dict()
    assert told["chunk"] == 3 and len(told["heads"]) == 8 and len(told["heads"][0]["by_chunk"]) == 4


@pytest.mark.skipif(not int8_supported(), reason="torch has no int8 for this processor")
def test_fused_layers_are_refused(bundle: Bundle) -> None:
    with pytest.raises(UsageError, match="fused"):
        decision_attention(int8_bundle(bundle), walk(bundle, noise(2.0)), 1)
