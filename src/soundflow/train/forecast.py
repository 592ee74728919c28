"""A plan before a stage starts: will it fit, how long will it take. Tests: tests/train/test_forecast.py."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor

from soundflow.data.annotate import MASK
from soundflow.model.config import ModelConfig
from soundflow.model.sizing import available_bytes
from soundflow.train.flops import pass_flops
from soundflow.train.packing import Packed
from soundflow.train.parallel import Engine, Mode, World
from soundflow.train.stages import Stage, title_of

Result = TypeVar("Result")

PEAK_SIZE = 1024  # of the square matrices that the machine's speed is measured with
ADAM_NUMBERS = 3  # gradient and two moments beside each weight that learns, float32 as the weight


@dataclass(frozen=True)
class Forecast:
    """What a stage will take on each process. Bytes are estimates; seconds are measured on one pass."""

    stage: int  # its place in the recipe, as in folders and overrides
    number: int  # the paper's
    parameters: int
    learning: int
    streams: int  # over all steps and processes
    weight_bytes: int
    optimizer_bytes: int
    activation_bytes: int
    available_bytes: int | None
    fits: bool | None
    pass_seconds: float
    hearing_seconds: float  # before each pass; 0 where what was heard is kept
    hours: float  # of all steps
    audio_hours_per_hour: float  # over all processes
    model_flops: float  # of one pass
    peak_flops: float  # of this machine a second, by a product of matrices in the same arithmetic
    mfu: float  # share of the peak that a pass reaches

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return dataclasses.asdict(self)

    def __str__(self) -> str:
        memory = (self.weight_bytes + self.optimizer_bytes + self.activation_bytes) / 1e9
        room = "" if self.available_bytes is None else f" of {self.available_bytes / 1e9:.1f}"
        fit = {True: "it fits", False: "IT WILL NOT FIT", None: "unknown whether it fits"}[self.fits]
        learn = f"{self.learning / 1e6:.2f} of {self.parameters / 1e6:.2f} M weights learn"
        return (
            f"{title_of(self.stage, self.number)}: {learn}; about "
            f"{memory:.2f}{room} GB a process, {fit}; {self.streams:,} streams, {self.hours:.2f} h to go at "
            f"{self.audio_hours_per_hour:.0f} audio-hours an hour, {100 * self.mfu:.0f} % of "
            f"{self.peak_flops / 1e9:.0f} GFLOP/s"
        )


@dataclass(frozen=True)
class Left:
    """What is still to be done of the stage at a place of its recipe, and what hearing takes before each pass."""

    place: int
    steps: int
    hearing_seconds: float


def forecast(
    engine: Engine, batch: Packed, stage: Stage, config: ModelConfig, mode: Mode, world: World, left: Left
) -> Forecast:
    """Measure one pass and say what the rest will take. All processes must call it; no weight changes."""
    _, seconds = second_of_two(lambda: _pass(engine, batch))
    parameters = list(engine.module.parameters())
    learning = sum(p.numel() for p in parameters if p.requires_grad)
    everything = sum(p.numel() for p in parameters)
    weights_over = world.size if mode == "fsdp" else 1
    state_over = world.size if mode in ("fsdp", "zero2") else 1
    held = 4 * learning // weights_over + 4 * (everything - learning)
    optimizer = 4 * ADAM_NUMBERS * learning // state_over
    activations = activation_bytes(config, stage, batch)
    free = _available(world.device)
    passes = left.steps * stage.batch_size / (stage.micro_batch * world.size)
    chunks = len(batch.sound) if "encoder" in stage.trains else 0  # else they are heard before the pass
    flops = pass_flops(config, stage, batch.lengths, supervised_count(batch), chunks)
    whole = seconds + left.hearing_seconds
    peak = _peak(world.device, stage.bfloat16)
    return Forecast(
        stage=left.place,
        number=stage.number,
        parameters=everything,
        learning=learning,
        streams=left.steps * stage.batch_size,
        weight_bytes=held,
        optimizer_bytes=optimizer,
        activation_bytes=activations,
        available_bytes=free,
        fits=None if free is None else optimizer + activations < free,  # the weights are there already
        pass_seconds=seconds,
        hearing_seconds=left.hearing_seconds,
        hours=passes * whole / 3600,
        audio_hours_per_hour=batch.seconds * world.size / whole,
        model_flops=flops,
        peak_flops=peak,
        mfu=flops / seconds / peak,
    )


def activation_bytes(config: ModelConfig, stage: Stage, batch: Packed) -> int:
    """What a pass keeps for its way back: rows of each layer, the logits in float32 and their gradient.

    Checkpointing keeps one row a layer and all of one layer; the factors count the rows a layer writes.
    """
    decoder, positions = config.decoder, batch.positions
    size = 2 if stage.bfloat16 else 4
    queries = decoder.num_attention_heads * decoder.head_dim
    layer = positions * (10 * decoder.hidden_size + 4 * queries + 4 * decoder.intermediate_size) * size
    kept = (
        decoder.num_hidden_layers * (positions * decoder.hidden_size * size if stage.checkpointing else layer) + layer
    )
    return kept + 3 * 4 * supervised_count(batch) * decoder.vocab_size


def supervised_count(batch: Packed) -> int:
    """Positions that either of the paper's losses looks at; where none does, those that are to be named."""
    return int(((batch.y_stream != MASK) | (batch.y_lm != MASK)).sum()) or len(batch.heard.rows.unique())


def second_of_two(work: Callable[[], Result]) -> tuple[Result, float]:
    """What some work gives, and the seconds of its second run: the first one also makes room."""
    work()
    begun = time.perf_counter()
    return work(), time.perf_counter() - begun


def _pass(engine: Engine, batch: Packed) -> None:
    count = torch.tensor(max(1, supervised_count(batch)), device=batch.input_ids.device)
    costs = engine.learn(batch, count, is_last=True)
    float(costs.total.detach())  # waits for a GPU
    engine.forget()


def _peak(device: torch.device, bfloat16: bool) -> float:
    """The best of three products of square matrices, operations a second."""
    kind = torch.bfloat16 if bfloat16 else torch.float32
    a: Tensor = torch.ones(PEAK_SIZE, PEAK_SIZE, dtype=kind, device=device)
    best = float("inf")
    for _ in range(3):
        begun = time.perf_counter()
        float((a @ a)[0, 0])
        best = min(best, time.perf_counter() - begun)
    return 2 * PEAK_SIZE**3 / best


def _available(device: torch.device) -> int | None:
    """Free memory of a GPU, or of the machine where it tells."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    told = available_bytes()  # what is cached can be given up
    if told is not None:
        return told
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None
