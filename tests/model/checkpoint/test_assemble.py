"""A network out of tensors by name: nothing half filled, nothing twice in memory."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.assemble import AS_STORED, ON_CPU, Placement, assemble, own_names, renamed


def test_tensors_are_used_as_they_are_and_the_position_table_is_made(small_bundle: Bundle) -> None:
    wanted = {name: t.detach() for name, t in own_names(small_bundle.network).items()}
    network = assemble(small_bundle.config, wanted, {name: renamed(name) for name in wanted}, str, ON_CPU)
    mapped = network.get_parameter("decoder.layers.0.mlp.up_proj.weight")
    assert mapped.data_ptr() == wanted["decoder.layers.0.mlp.up_proj.weight"].data_ptr()
    assert torch.equal(network.encoder.positions, small_bundle.network.encoder.positions)
    assert not any(p.requires_grad or p.is_meta for p in network.parameters())
    assert network.lm_head.weight is network.decoder.embed_tokens.weight  # nano's are tied


def test_types_are_kept_when_nothing_else_is_asked(small_bundle: Bundle) -> None:
    half = {name: t.detach().bfloat16() for name, t in own_names(small_bundle.network).items()}
    network = assemble(small_bundle.config, half, {name: renamed(name) for name in half}, str, AS_STORED)
    assert {p.dtype for p in network.parameters()} == {torch.bfloat16}


def test_each_layer_is_ready_before_the_next_is_read(small_bundle: Bundle) -> None:
    happened: list[str] = []

    class Watched(dict[str, Tensor]):
        def __getitem__(self, name: str) -> Tensor:
            if ".layers." in name and (layer := ".".join(name.split(".")[:3])) not in happened:
                happened.append(layer)
            return super().__getitem__(name)

    def ready(module: nn.Module) -> None:
        happened.append(f"ready {type(module).__name__}")

    tensors = Watched({name: t.detach() for name, t in own_names(small_bundle.network).items()})
    assemble(small_bundle.config, tensors, {name: renamed(name) for name in tensors}, str, Placement(ready=ready))
    assert happened == [
        *["encoder.layers.0", "ready EncoderLayer", "encoder.layers.1", "ready EncoderLayer"],
        *["decoder.layers.0", "ready DecoderLayer", "decoder.layers.1", "ready DecoderLayer"],
        "ready AudioInteractionModel",
    ]
