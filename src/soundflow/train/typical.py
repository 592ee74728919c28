"""A stage at some shape without data: full streams of one form, and what a step of them takes.

For plans and measurements where there is no corpus, no tokenizer and, on the meta device, no memory either. Tests:
tests/train/test_typical.py.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import torch

from soundflow.data.annotate import MASK
from soundflow.model.checkpoint.assemble import meta_network
from soundflow.model.config import ModelConfig
from soundflow.train.flops import chunk_flops, pass_flops
from soundflow.train.forecast import ADAM_NUMBERS, activation_bytes, supervised_count
from soundflow.train.hearing import NOTHING, joined
from soundflow.train.learner import Learner
from soundflow.train.packing import Packed
from soundflow.train.stages import Stage

PREFIX = 60  # positions before the first chunk: mode, language, an instruction of 54 tokens; chosen
REPLY = 25  # tokens of a stream's reply with its <eos>; chosen


@dataclass(frozen=True)
class StepCost:
    """One step of a stage at the paper's batch. Operations are multiplications and additions; bytes are estimates."""

    stage: int
    streams: int  # of a step, over all processes
    micro_batch: int
    seconds: float  # of sound in a stream
    positions: int  # of a stream in the decoder
    pass_flops: float  # of one stream: forward and backward, recomputation left out
    encoder_flops: float  # of one stream, for an encoder that stands still; none where its features are kept
    step_flops: float  # of all streams, the encoder included
    parameters: int
    learning: int
    weight_bytes: int  # float32, as the trainer holds them
    optimizer_bytes: int  # gradient and two moments
    activation_bytes: int  # of one pass

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return dataclasses.asdict(self)


def typical_row(config: ModelConfig, streams: int, chunks: int) -> Packed:
    """Streams side by side, silent but for a reply behind the last chunk; their sound is zeros the encoder has heard.

    Args:
        chunks: of each stream.
    """
    control, slots = config.control, config.audio_positions
    block = [control.audio_begin, *[control.audio_pad] * slots, control.assistant, control.silent]
    last = [*block[:-1], control.response, *[0] * (REPLY - 1), control.eos]
    ids = torch.tensor(([control.system] * PREFIX + block * (chunks - 1) + last) * streams)[None]
    length = ids.shape[1] // streams
    decisions = PREFIX + len(block) * (torch.arange(chunks) + 1) - 1
    y_stream, y_lm = torch.full_like(ids, MASK), torch.full_like(ids, MASK)
    places = torch.cat([decisions + length * i for i in range(streams)])
    y_stream[0, places] = ids[0, places]
    for i in range(1, streams + 1):
        y_lm[0, length * i - REPLY : length * i] = ids[0, length * i - REPLY : length * i]
    width = config.encoder.d_model * len(config.encoder.pool_statistics)
    return Packed(
        sound=torch.zeros(streams * chunks, slots, width),
        input_ids=ids,
        y_stream=y_stream,
        y_lm=y_lm,
        is_audio=ids == control.audio_pad,
        decision_at=places,
        lengths=(length,) * streams,
        seconds=streams * chunks * config.chunk_seconds,
        heard=joined([NOTHING], [0]),
        asked=joined([NOTHING], [0]),
    )


def step_cost(config: ModelConfig, stage: Stage) -> StepCost:
    """What one step of a stage takes at a shape; no weight is made."""
    one, row = typical_row(config, 1, stage.most_chunks), typical_row(config, stage.micro_batch, stage.most_chunks)
    learner = Learner(meta_network(config), dataclasses.replace(stage, checkpointing=False))
    learning = sum(p.numel() for p in learner.parameters() if p.requires_grad)
    everything = sum(p.numel() for p in learner.parameters())
    learned = pass_flops(config, stage, one.lengths, supervised_count(one), 0)
    heard = stage.most_chunks * chunk_flops(config) * (3 if "encoder" in stage.trains else 1)
    return StepCost(
        stage=stage.number,
        streams=stage.batch_size,
        micro_batch=stage.micro_batch,
        seconds=one.seconds,
        positions=one.positions,
        pass_flops=learned,
        encoder_flops=heard,
        step_flops=stage.batch_size * (learned + heard),
        parameters=everything,
        learning=learning,
        weight_bytes=4 * everything,
        optimizer_bytes=4 * ADAM_NUMBERS * learning,
        activation_bytes=activation_bytes(config, stage, row),
    )
