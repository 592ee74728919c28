"""A network out of a config and tensors by name: built without memory of its own, then filled tensor by tensor.

Tests: tests/model/checkpoint/test_assemble.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from soundflow.errors import InputError
from soundflow.model.config import HOP_LENGTH, ModelConfig
from soundflow.model.encoder import sinusoids
from soundflow.model.network import AudioInteractionModel

_MOST_LAYERS = 512  # a damaged config must not build for hours; chosen


@dataclass(frozen=True)
class Placement:
    """Where weights go and in which type; None keeps the type they are stored in.

    The encoder has a type of its own: its features set the decisions.
    `ready` is given each layer as soon as its weights are there, and the whole network at the end, to change it in
    place: so that a model never stands in memory twice.
    """

    decoder: torch.dtype | None = torch.float32
    encoder: torch.dtype | None = torch.float32
    device: str = "cpu"
    ready: Callable[[nn.Module], object] = id


ON_CPU = Placement()  # float32, on the processor
AS_STORED = Placement(None, None)
Source = Callable[[Mapping[str, Tensor]], Tensor]


@dataclass(frozen=True)
class Origin:
    """Where one of our tensors comes from: the foreign names it needs, and how to make it of them."""

    names: tuple[str, ...]
    make: Source


def renamed(name: str) -> Origin:
    """A tensor that only has another name."""
    return Origin((name,), lambda tensors: tensors[name])


def meta_network(config: ModelConfig) -> AudioInteractionModel:
    """A network of this shape whose weights take no memory yet.

    Raises:
        InputError: the shape makes no sense.
    """
    layers: tuple[object, object] = (config.encoder.encoder_layers, config.decoder.num_hidden_layers)
    if not all(isinstance(n, int) and 0 < n <= _MOST_LAYERS for n in layers):  # a file may hold anything
        found = f"{config.name}: {layers[0]} encoder and {layers[1]} decoder layers"
        raise InputError("model.config", found, f"1 to {_MOST_LAYERS} layers make sense")
    try:
        with torch.device("meta"), _Uninitialised():
            return AudioInteractionModel(config)
    except (TypeError, ValueError, ArithmeticError, RuntimeError) as e:  # sizes that are no sizes
        raise InputError("model.config", f"{config.name}: {e}", "the config's sizes make no network") from e


class _Uninitialised(TorchFunctionMode):
    """Leaves `torch.nn.init` undone: there is nothing to fill, and torch imports a compiler to fill it."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Every other function as it is."""
        given = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return given["tensor"] if "tensor" in given else args[0]
        return func(*args, **given)


def own_names(network: AudioInteractionModel) -> dict[str, Tensor]:
    """The network's own tensors by name, the tied head left out."""
    tied = network.config.decoder.tie_word_embeddings
    return {n: t for n, t in network.state_dict(keep_vars=True).items() if not (tied and n == "lm_head.weight")}


def assemble(
    config: ModelConfig,
    tensors: Mapping[str, Tensor],
    origins: Mapping[str, Origin],
    where: Callable[[str], str],
    placement: Placement = ON_CPU,
    ignored: Callable[[str], bool] = lambda name: False,
) -> AudioInteractionModel:
    """Fill a network of `config` with `tensors`.

    Args:
        origins: of each of our tensors.
        where: the file that holds, or should hold, a foreign tensor: for messages.
        ignored: says which foreign names are known and not needed.

    Returns:
        The network in eval mode without gradients. Nothing half filled: any fault raises.

    Raises:
        InputError: a tensor is missing, unknown, or of another shape (file and tensor are named).
    """
    network = meta_network(config)
    wanted = own_names(network)
    needed = {name for origin in origins.values() for name in origin.names}
    for name in sorted(needed - set(tensors)):
        raise InputError("model.tensor", f"{where(name)}: tensor {name} is missing", "config and weights must match")
    for name in sorted(name for name in set(tensors) - needed if not ignored(name)):
        raise InputError("model.tensor", f"{where(name)}: tensor {name} is unknown", "config and weights must match")

    def fill(module: nn.Module, prefix: str, names: Sequence[str]) -> None:
        filled: dict[str, Tensor] = {}
        for name in names:
            found = _made(origins[name], tensors, tuple(wanted[name].shape), where)
            kind = placement.encoder if name.startswith(("encoder.", "adapter.")) else placement.decoder
            filled[name.removeprefix(prefix)] = found.to(device=placement.device, dtype=kind or found.dtype)
        module.load_state_dict(filled, strict=False, assign=True)
        module.eval().requires_grad_(False)

    parts = [*_layers(network), ("lm_head.", network.lm_head)]
    fill(network, "", [name for name in wanted if not name.startswith(tuple(prefix for prefix, _ in parts))])
    for prefix, part in parts:
        fill(part, prefix, [name for name in wanted if name.startswith(prefix)])
        if part is not network.lm_head:
            placement.ready(part)
    if config.decoder.tie_word_embeddings:
        network.lm_head.weight = network.decoder.embed_tokens.weight
    frames = config.chunk_samples // HOP_LENGTH
    table = sinusoids((frames + 1) // 2, config.encoder.d_model)
    network.encoder.positions = table.to(device=placement.device, dtype=network.encoder.conv1.weight.dtype)
    placement.ready(network)
    return network


def _layers(network: AudioInteractionModel) -> list[tuple[str, nn.Module]]:
    """Every layer of encoder and decoder with the prefix of its tensors' names."""
    stacks = {"encoder.layers": network.encoder.layers, "decoder.layers": network.decoder.layers}
    return [(f"{name}.{i}.", layer) for name, stack in stacks.items() for i, layer in enumerate(stack)]


def _made(origin: Origin, tensors: Mapping[str, Tensor], shape: tuple[int, ...], where: Callable[[str], str]) -> Tensor:
    names = " + ".join(origin.names)
    file = where(origin.names[0])
    try:
        made = origin.make(tensors)
    except (RuntimeError, IndexError, ValueError) as e:  # pieces that do not fit together
        raise InputError("model.shape", f"{file}: {names}: {e}", "config and weights must match") from e
    if not made.is_floating_point():
        raise InputError("model.shape", f"{file}: {names} holds {made.dtype}", "weights are floating-point numbers")
    if tuple(made.shape) != shape:
        found = f"{file}: {names} gives {list(made.shape)}, expected {list(shape)}"
        raise InputError("model.shape", found, "config and weights must match")
    return made
