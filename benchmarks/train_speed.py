"""How fast a stage learns on this machine, how much of the machine that is, and what padding would have wasted.

    python benchmarks/train_speed.py CORPUS [--model nano] [--stage 4] [--passes 6] [--micro-batch 4]
        [--threads 1] [--checkpointing] [--json]
    python benchmarks/train_speed.py --shape published --device meta|cuda|cpu [--stage 3] [--passes 6] [--json]

A pass is prepared (sound read, log-mel, encoder), then learned from (forward and backward); both count for the
audio-hours an hour. Model FLOP utilisation is the operations of the forward and backward passes, what checkpointing
computes twice left out, over what a product of square matrices reaches in the same run and arithmetic. Times are of
this process's own CPU, so that other work on the machine does not count; on a quiet machine wall time is near them on
one thread. `padding` says what share of the positions would be padding if each pass were padded to its longest stream;
packed, none is. `filled` is the silence that fills a last chunk, `uneven` what processes would wait for the one with
the longest streams.

With `--shape published` there is no corpus: full streams of 24 s with one reply of 25 tokens, at the 3B shape. On
`meta` nothing is computed: what a step of the stage takes, in operations and memory. On `cuda` (or `cpu`, with 60 GB)
random weights learn from such passes, and `mfu` is measured: operations of forward and backward over wall time and over
what a product of matrices reaches in the same run.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from soundflow.bench.machine import describe_machine
from soundflow.model.checkpoint.find import find_folder
from soundflow.model.checkpoint.recognise import load_model
from soundflow.model.config import audio_interaction_3b
from soundflow.model.network import AudioInteractionModel
from soundflow.train.document import Document
from soundflow.train.feed import Documents, positions_of
from soundflow.train.flops import pass_flops
from soundflow.train.forecast import supervised_count
from soundflow.train.learner import Learner, log_mels, pooled_features
from soundflow.train.packing import Packed, packed
from soundflow.train.shards import ShardStreams
from soundflow.train.stages import PAPER, Stage
from soundflow.train.typical import step_cost, typical_row

PEAK_SIZE = 1024  # of the square matrices; on a GPU eight times as wide
WORLDS = (2, 8)  # processes whose shares are compared


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Everything that is measured, as one object."""
    torch.set_num_threads(arguments.threads)
    bundle = load_model(find_folder(arguments.model))
    stage = dataclasses.replace(
        PAPER[arguments.stage],
        micro_batch=arguments.micro_batch,
        batch_size=arguments.micro_batch,
        checkpointing=arguments.checkpointing,
        mix={},
        mix_ins=dataclasses.replace(PAPER[4].mix_ins),
    )
    documents = Documents(
        ShardStreams([arguments.corpus], stage, 0), bundle.grammar, bundle.config.chunk_seconds, stage
    )
    learner, size = Learner(bundle.network, stage), stage.micro_batch
    rows, flops, sound, prepare, learn = [], 0.0, 0.0, 0.0, 0.0
    for number in range(arguments.passes + 1):
        begun = time.process_time()
        streams = [documents[number * size + i] for i in range(size)]
        row = packed(streams, pooled_features(bundle.network, log_mels(bundle.network, streams), stage.bfloat16))
        middle = time.process_time()
        learner(row, torch.tensor(supervised_count(row))).total.backward()
        learner.zero_grad(set_to_none=True)
        if number:  # the first pass also makes room
            prepare, learn = prepare + middle - begun, learn + time.process_time() - middle
            flops += pass_flops(bundle.config, stage, row.lengths, supervised_count(row), 0)
            sound += row.seconds
            rows.append(row)
    peak = 2 * PEAK_SIZE**3 / _fastest(stage.bfloat16)
    return {
        "model": bundle.name,
        "stage": stage.number,
        "streams": arguments.passes * size,
        "hours": sound / 3600,
        "audio_hours_per_hour": sound / (prepare + learn),
        "audio_hours_per_hour_features_kept": sound / learn,
        "mfu": flops / learn / peak,
        "peak_gflops": peak / 1e9,
        **waste(documents, stage, arguments.waste_streams),
        "threads": arguments.threads,
        "machine": describe_machine(),
    }


def at_published_shape(arguments: argparse.Namespace) -> dict[str, Any]:
    """What a step takes at the 3B shape and, on a device that computes, how much of the device a pass uses."""
    config = audio_interaction_3b()
    stage = dataclasses.replace(PAPER[arguments.stage], micro_batch=arguments.micro_batch)
    found = {"model": config.name, **step_cost(config, stage).to_dict()}
    if arguments.device == "meta":
        return found
    device = torch.device(arguments.device)
    with device:  # float32, as the trainer holds weights
        network = AudioInteractionModel(config)
    for weight in network.parameters():
        weight.data.normal_(std=0.02)
    learner = Learner(network, stage).to(device)
    row = typical_row(config, stage.micro_batch, stage.most_chunks).to(device)
    times = []
    for _ in range(arguments.passes + 1):
        begun = time.perf_counter()
        float(_learned(learner, row))  # waits for a GPU
        times.append(time.perf_counter() - begun)
    seconds = sum(times[1:]) / arguments.passes  # the first pass also makes room
    peak = _peak(device, stage.bfloat16)
    return found | {
        "pass_seconds": seconds,
        "audio_hours_per_hour_features_kept": row.seconds / seconds,
        "mfu": stage.micro_batch * found["pass_flops"] / seconds / peak,
        "peak_gflops": peak / 1e9,
        "memory_bytes": torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else arguments.device,
        "machine": describe_machine(),
    }


def _learned(learner: Learner, row: Packed) -> Tensor:
    """The loss of one pass, forward and backward; gradients are added up as in a step of many passes."""
    total: Tensor = learner(row, torch.tensor(supervised_count(row), device=row.input_ids.device)).total
    total.backward()
    return total.detach()


def _peak(device: torch.device, bfloat16: bool) -> float:
    """Operations a second of a product of square matrices, the best of five."""
    size = PEAK_SIZE * (8 if device.type == "cuda" else 1)
    a = torch.ones(size, size, dtype=torch.bfloat16 if bfloat16 else torch.float32, device=device)
    times = []
    for _ in range(6):
        begun = time.perf_counter()
        float((a @ a)[0, 0])
        times.append(time.perf_counter() - begun)
    return 2 * size**3 / min(times[1:])


def waste(documents: Documents, stage: Stage, streams: int) -> dict[str, float]:
    """Shares of positions and of sound that are computed for nothing, over some streams."""
    found = [documents[i] for i in range(streams)]
    size = stage.micro_batch
    groups = [found[i : i + size] for i in range(0, streams, size)]
    real = sum(_length(d) for d in found)
    padded = sum(len(group) * max(map(_length, group)) for group in groups)
    filled = sum(len(d.samples) - d.seconds * 16_000 for d in found) / sum(len(d.samples) for d in found)
    uneven = {f"uneven_over_{world}": _uneven(found, stage, world) for world in WORLDS}
    return {"padding_packed": 0.0, "padding_if_padded": 1 - real / padded, "filled": max(0.0, filled), **uneven}


def _uneven(found: Sequence[Document], stage: Stage, world: int) -> float:
    """What processes wait on average for the one with the most positions, as a share of its time."""
    shared = dataclasses.replace(stage, batch_size=stage.micro_batch * world)
    waits = []
    for step in range(len(found) // shared.batch_size):
        loads = [
            sum(_length(found[i]) for one in positions_of(shared, step, rank, world) for i in one)
            for rank in range(world)
        ]
        waits.append(1 - sum(loads) / world / max(loads))
    return sum(waits) / max(1, len(waits))


def _length(document: Document) -> int:
    return len(document.tokens.input_ids)


def _fastest(bfloat16: bool) -> float:
    """CPU seconds of the best of five products of square matrices."""
    a = torch.ones(PEAK_SIZE, PEAK_SIZE, dtype=torch.bfloat16 if bfloat16 else torch.float32)
    product: Callable[[], object] = lambda: a @ a  # noqa: E731
    times = []
    for _ in range(6):
        begun = time.process_time()
        product()
        times.append(time.process_time() - begun)
    return min(times[1:])


def main() -> None:
    """Print the figures, for a person or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("--model", default="nano")
    parser.add_argument("--shape", choices=["model", "published"], default="model")
    parser.add_argument("--device", choices=["meta", "cuda", "cpu"], default="cpu", help="with --shape published")
    parser.add_argument("--stage", type=int, default=4, choices=sorted(PAPER))
    parser.add_argument("--passes", type=int, default=6)
    parser.add_argument("--micro-batch", type=int, default=4)
    parser.add_argument("--waste-streams", type=int, default=64)
    parser.add_argument("--checkpointing", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.shape == "model" and arguments.corpus is None:
        parser.error("name a corpus that `soundflow data build` made, or take --shape published")
    found = run(arguments) if arguments.shape == "model" else at_published_shape(arguments)
    found["command"] = "python " + " ".join(sys.argv)
    if arguments.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name.replace('_', ' '):<36}{value:.4g}" if isinstance(value, float) else f"{name:<36}{value}")


if __name__ == "__main__":
    main()
