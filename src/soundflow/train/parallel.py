"""Processes that learn together: PyTorch's DDP and FSDP2, or DeepSpeed's ZeRO-2, behind one small face.

`torchrun` starts the processes; one alone needs nothing. Which mode really runs can be seen: `Engine.proof`.
Tests: tests/train/test_parallel.py.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict, set_optimizer_state_dict
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel

from soundflow.errors import OutsideError
from soundflow.train.learner import Costs, Learner, optimizer_of
from soundflow.train.packing import Packed

Mode = Literal["ddp", "fsdp", "zero2"]


@dataclass(frozen=True)
class World:
    """Who this process is among those that learn together, and what it computes on."""

    rank: int = 0
    size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def is_first(self) -> bool:
        """Whether this process writes logs and models."""
        return self.rank == 0

    def summed(self, values: Tensor) -> Tensor:
        """The sum over all processes."""
        if self.size > 1:
            dist.all_reduce(values)
        return values

    def wait(self) -> None:
        """Until every process is here."""
        if self.size > 1:
            dist.barrier()


@contextlib.contextmanager
def joined_world() -> Iterator[World]:
    """This process among those `torchrun` started, by its variables RANK, WORLD_SIZE and LOCAL_RANK; else alone."""
    has_gpu = torch.cuda.is_available()
    local = int(os.environ.get("LOCAL_RANK", "0"))
    device = torch.device("cuda", local) if has_gpu else torch.device("cpu")
    if has_gpu:
        torch.cuda.set_device(device)
    if "RANK" not in os.environ:
        yield World(device=device)
        return
    dist.init_process_group("cpu:gloo,cuda:nccl" if has_gpu else "gloo")
    try:
        yield World(dist.get_rank(), dist.get_world_size(), device)
    finally:
        dist.destroy_process_group()


class Engine(Protocol):
    """What the loop asks of a mode."""

    format: str  # of its checkpoints; an engine reads its own
    module: nn.Module  # holds the learner's weights, wherever they lie
    optimizer: torch.optim.Optimizer

    def costs(self, batch: Packed, denominator: Tensor) -> Costs:
        """The forward pass of one packed row alone."""
        ...

    def learn(self, batch: Packed, denominator: Tensor, is_last: bool) -> Costs:
        """Forward and backward; with the last pass of a step gradients are summed over the processes."""
        ...

    def clipped(self, most: float) -> float:
        """Scale the gradients to a norm of at most `most`; the norm before."""
        ...

    def step(self) -> None:
        """One step of the optimiser, and no gradients after it."""
        ...

    def forget(self) -> None:
        """No step: the gradients are dropped."""
        ...

    def save(self, folder: Path) -> None:
        """Write the weights that learn and the optimiser's state; every process its share."""
        ...

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        ...

    def proof(self) -> str:
        """What can be seen of the mode in the weights themselves."""
        ...


def engine_of(learner: Learner, mode: Mode, world: World) -> Engine:
    """Set a learner up for a mode; one process alone needs none.

    Raises:
        OutsideError: DeepSpeed is wanted and not installed.
    """
    learner.to(world.device)
    if mode == "zero2":
        return ZeroEngine(learner, world)
    if mode == "fsdp":
        return TorchEngine(_sharded(learner, world), learner.stage, world)
    module = DistributedDataParallel(learner) if world.size > 1 else learner
    return TorchEngine(module, learner.stage, world)


def _sharded(learner: Learner, world: World) -> nn.Module:
    """FSDP2 over the decoder's layers and the rest; an encoder that stands still stays whole on every process."""
    if world.size == 1 and not dist.is_initialized():
        raise OutsideError("parallel.alone", "parallel = 'fsdp' with one process", "start it with torchrun, or use ddp")
    mesh = init_device_mesh(world.device.type, (world.size,))
    still = set() if learner.encoder_learns else set(learner.network.encoder.parameters())
    for layer in learner.network.decoder.layers:
        fully_shard(layer, mesh=mesh)
    fully_shard(learner, mesh=mesh, ignored_params=still)
    return learner


class TorchEngine:
    """One process, DDP or FSDP2: they differ in how a pass is kept from speaking to the others."""

    format = "torch"

    def __init__(self, module: nn.Module, stage: Any, world: World) -> None:
        self.module = module
        self.optimizer: torch.optim.Optimizer = optimizer_of(module, stage)
        self._world = world
        self._learner = module.module if isinstance(module, DistributedDataParallel) else module

    def costs(self, batch: Packed, denominator: Tensor) -> Costs:
        """The forward pass of one packed row alone."""
        found: Costs = self.module(batch, denominator)
        if isinstance(self.module, FSDPModule) and not torch.is_grad_enabled():
            self.module.reshard()  # it keeps the whole weights for a way back that does not come
        return found

    def learn(self, batch: Packed, denominator: Tensor, is_last: bool) -> Costs:
        """DDP and FSDP average over the processes; the denominator counts all of them, so the loss is scaled back."""
        if isinstance(self.module, FSDPModule):
            self.module.set_requires_gradient_sync(is_last)
        elif isinstance(self.module, DistributedDataParallel):
            self.module.require_backward_grad_sync = is_last  # DDP looks at it in the forward pass
        found = self.costs(batch, denominator)
        (found.total * self._world.size).backward()
        return found

    def clipped(self, most: float) -> float:
        """Scale the gradients to a norm of at most `most`; the norm before."""
        learning = [p for p in self.module.parameters() if p.requires_grad]
        norm = nn.utils.clip_grad_norm_(learning, most)
        return float(norm.full_tensor() if isinstance(norm, DTensor) else norm)

    def step(self) -> None:
        """One step of AdamW."""
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def forget(self) -> None:
        """No step: the gradients are dropped."""
        self.optimizer.zero_grad(set_to_none=True)

    def save(self, folder: Path) -> None:
        """PyTorch's distributed format: another number of processes can read it."""
        with _no_talk():
            save(self._state(), checkpoint_id=folder)

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        state = self._state()
        with _no_talk():
            load(state, checkpoint_id=folder)  # the weights in place
            set_optimizer_state_dict(self._learner, self.optimizer, state["optimizer"])

    def _state(self) -> dict[str, Any]:
        """Weights that learn by name, and the optimiser's state; the other weights lie in the folder started from."""
        weights = {name: p.detach() for name, p in self._learner.named_parameters() if p.requires_grad}
        return {"weights": weights, "optimizer": get_optimizer_state_dict(self._learner, self.optimizer)}

    def proof(self) -> str:
        """How the weights lie: DTensors with their share on this process, a DDP module, or one process's own."""
        weights = [p for p in self.module.parameters() if p.requires_grad]
        if all(isinstance(p, DTensor) for p in weights):
            held = sum(p.to_local().numel() for p in weights if isinstance(p, DTensor))
            return (
                f"fsdp: {len(weights)} weights are DTensors, {held:,} of {sum(p.numel() for p in weights):,} held here"
            )
        if isinstance(self.module, DistributedDataParallel):
            return f"ddp: {self._world.size} processes, {sum(p.numel() for p in weights):,} weights in each"
        return f"alone: {sum(p.numel() for p in weights):,} weights"


class ZeroEngine:
    """DeepSpeed's ZeRO-2: the optimiser's state and the gradients are shared out, the weights are not.

    Raises:
        OutsideError: DeepSpeed is not installed.
    """

    format = "deepspeed"

    def __init__(self, learner: Learner, world: World) -> None:
        if importlib.util.find_spec("deepspeed") is None:
            hint = "pip install 'soundflow[zero]', or parallel = 'fsdp', which shares out the weights as well"
            raise OutsideError("parallel.no_deepspeed", "parallel = 'zero2' needs DeepSpeed", hint)
        import deepspeed

        self._world = world
        self._norm = 0.0
        settings = {
            "train_micro_batch_size_per_gpu": 1,
            "gradient_accumulation_steps": 1,  # passes are counted by the loop: `is_last` sets the boundary
            "zero_optimization": {"stage": 2, "overlap_comm": False},
            "zero_allow_untested_optimizer": True,
            "gradient_clipping": learner.stage.clip,
            "bf16": {"enabled": False},
        }
        self.module, self.optimizer, _, _ = deepspeed.initialize(
            model=learner, optimizer=optimizer_of(learner, learner.stage), config=settings
        )

    def costs(self, batch: Packed, denominator: Tensor) -> Costs:
        """The forward pass of one packed row."""
        found: Costs = self.module(batch, denominator)
        return found

    def learn(self, batch: Packed, denominator: Tensor, is_last: bool) -> Costs:
        """As `TorchEngine.learn`."""
        engine: Any = self.module
        engine.set_gradient_accumulation_boundary(is_last)
        found = self.costs(batch, denominator)
        engine.backward(found.total * self._world.size)
        return found

    def clipped(self, most: float) -> float:
        """DeepSpeed clips inside its step; its norm is known only then, and that of the step before is given."""
        return self._norm

    def step(self) -> None:
        """One step."""
        engine: Any = self.module
        engine.step()
        self._norm = float(engine.get_global_grad_norm() or 0.0)

    def forget(self) -> None:
        """No step: the gradients are dropped."""
        engine: Any = self.optimizer
        engine.zero_grad()

    def save(self, folder: Path) -> None:
        """DeepSpeed's own format."""
        engine: Any = self.module
        engine.save_checkpoint(str(folder), tag="zero", exclude_frozen_parameters=True)

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        engine: Any = self.module
        engine.load_checkpoint(str(folder), tag="zero", load_module_strict=False)

    def proof(self) -> str:
        """DeepSpeed's own stage and how many numbers of the optimiser's state are held here."""
        engine: Any = self.module
        held = sum(p.numel() for group in engine.optimizer.param_groups for p in group["params"])
        return f"zero2: stage {engine.zero_optimization_stage()}, {held:,} numbers of the optimiser's state held here"


@contextlib.contextmanager
def _no_talk() -> Iterator[None]:
    """PyTorch warns of one process alone, which is what we mean."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def whole_tensors(module: nn.Module) -> dict[str, Tensor]:
    """Every weight of the network, whole and on the processor, under the network's own names; a tied head left out.

    All processes must call it.
    """
    found: dict[str, Tensor] = {}
    for name, p in module.named_parameters():
        plain = name.partition("network.")[2]
        if not plain:  # the learner's own, of use to training only
            continue
        whole = p.full_tensor() if isinstance(p, DTensor) else p
        found[plain] = whole.detach().cpu()
    return found
