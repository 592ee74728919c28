"""What one chunk and one word cost at the published 3B shape, and how near that is to what the machine can give.

    python benchmarks/published_shape.py [--arithmetic int8] [--threads 2] [--chunks 60] [--device cpu] [--json]
    python benchmarks/published_shape.py --device cuda --arithmetic bfloat16

Weights are random, which takes as long as trained ones; they are made and put into their arithmetic layer by layer, so
that the whole stays within the memory of a small machine. Measured at the end of a stream of `--chunks` chunks: the
encoder over one chunk, the decision over its 13 positions (the head computed at one position, for two tokens), and one
token of a reply (the whole head). The floor is the larger of bytes over the bandwidth of a large read and operations
over the rate of a large product, both measured in the same run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from soundflow.bench.machine import describe_machine, peak_mb
from soundflow.model.checkpoint.assemble import Placement, assemble, meta_network, own_names, renamed
from soundflow.model.config import ModelConfig, audio_interaction_3b
from soundflow.model.int4 import make_int4
from soundflow.model.network import AudioInteractionModel
from soundflow.model.quantize import make_int8

PREFIX = 46  # positions of the default instruction
BLOCK = 13  # positions of a chunk with the token before it
REPEATS = 15
CHUNK_MS = 400.0


class RandomWeights(dict[str, Tensor]):
    """Tensors of the right shapes, drawn when they are asked for and not kept."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__((name, slot) for name, slot in own_names(meta_network(config)).items())
        self._generator = torch.Generator().manual_seed(0)

    def __getitem__(self, name: str) -> Tensor:
        shape = super().__getitem__(name).shape
        return torch.empty(shape).normal_(std=0.02, generator=self._generator)


def random_network(config: ModelConfig, arithmetic: str, device: str) -> AudioInteractionModel:
    """A network of this shape whose matrices never all stand in memory as float32."""
    kind = torch.bfloat16 if arithmetic == "bfloat16" else torch.float32
    ready = {"int8": make_int8, "int4": make_int4}.get(arithmetic, id)
    placement = Placement(kind, device=device, ready=ready)
    weights = RandomWeights(config)
    return assemble(config, weights, {name: renamed(name) for name in weights}, str, placement)


def median_ms(step: Callable[[], object]) -> float:
    """Median wall time of a step, in milliseconds; on a GPU until its work is done."""

    def finish() -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    step()
    times = []
    for _ in range(REPEATS):
        finish()
        started_at = time.perf_counter()
        step()
        finish()
        times.append(1e3 * (time.perf_counter() - started_at))
    return statistics.median(times)


def measure(network: AudioInteractionModel, chunks: int) -> dict[str, float]:
    """Milliseconds of the three steps, behind a context of `chunks` chunks."""
    width = network.config.decoder.hidden_size
    cache = network.new_cache(PREFIX + BLOCK * (chunks + 1))
    kind, device = network.decoder.embed_tokens.weight.dtype, network.decoder.embed_tokens.weight.device
    cache.length = PREFIX + BLOCK * chunks
    cache.keys.normal_(std=0.1)
    cache.values.normal_(std=0.1)
    mel = torch.randn(1, network.config.encoder.num_mel_bins, 40)
    block = torch.randn(1, BLOCK, width, dtype=kind, device=device)
    word = torch.randn(1, 1, width, dtype=kind, device=device)
    control = network.config.control
    rows = network.choice_rows
    choice = network.lm_head.weight[[control.silent, control.response]] if rows is None else rows

    def decide() -> Tensor:
        hidden = network(block, cache)[:, -1]
        cache.length -= BLOCK
        logits: Tensor = hidden @ choice.T.to(hidden.dtype)
        return logits

    def speak() -> Tensor:
        hidden = network(word, cache)[:, -1]
        cache.length -= 1
        return network.logits(hidden).argmax()

    return {
        "encoder_ms": median_ms(lambda: network.encode(mel)),
        "decision_ms": median_ms(decide),
        "token_ms": median_ms(speak),
    }


def machine_rates(arithmetic: str, device: str) -> dict[str, float]:
    """Gigabytes a second of a large read, and giga-operations a second of a large product in this arithmetic."""
    numbers = torch.ones(1 << 27, device=device)
    read_ms = median_ms(numbers.sum)
    layer: nn.Module = nn.Sequential(nn.Linear(4096, 4096, bias=False))
    if arithmetic in ("int8", "int4"):
        make_int8(layer)  # the faster of the two over many rows
    layer, x = layer.to(device), torch.randn(512, 4096, device=device)
    if arithmetic == "bfloat16":
        layer, x = layer.bfloat16(), x.bfloat16()
    product_ms = median_ms(lambda: layer(x))
    return {"read_gb_s": numbers.nbytes / read_ms / 1e6, "giga_ops_s": 2 * 512 * 4096 * 4096 / product_ms / 1e6}


def floors(config: ModelConfig, arithmetic: str, rates: dict[str, float]) -> dict[str, float]:
    """The least milliseconds of each step that weights to be read and operations to be done allow."""
    size = {"int4": 0.625, "int8": 1.0, "bfloat16": 2.0, "float32": 4.0}[arithmetic]  # int4 with its grid
    counts = {"encoder": 0, "decoder": 0, "lm_head": 0}
    for name, slot in own_names(meta_network(config)).items():
        if slot.dim() > 1 and "embed_tokens" not in name:
            counts[name.partition(".")[0].replace("adapter", "encoder")] += slot.numel()
    steps = {  # weights that are read, and rows they are multiplied with
        "encoder": (counts["encoder"], 20),
        "decision": (counts["decoder"], BLOCK),
        "token": (counts["decoder"] + counts["lm_head"], 1),
    }
    return {
        f"{name}_floor_ms": max(
            weights * size / rates["read_gb_s"] / 1e6, 2 * weights * rows / rates["giga_ops_s"] / 1e6
        )
        for name, (weights, rows) in steps.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arithmetic", default="int8", choices=("int4", "int8", "bfloat16", "float32"))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--chunks", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    config = audio_interaction_3b()
    with torch.inference_mode():
        rates = machine_rates(options.arithmetic, options.device)
        network = random_network(config, options.arithmetic, options.device)
        found: dict[str, Any] = measure(network, options.chunks)
    found |= floors(config, options.arithmetic, rates) | rates
    found["chunk_ms"] = found["encoder_ms"] + found["decision_ms"]
    found["real_time_factor"] = found["chunk_ms"] / CHUNK_MS
    found["tokens_per_second"] = 1e3 / found["token_ms"]
    for step in ("encoder", "decision", "token"):
        found[f"{step}_share_of_floor"] = found[f"{step}_floor_ms"] / found[f"{step}_ms"]
    found = {name: round(value, 3) for name, value in found.items()}
    found |= {
        "peak_mb": round(peak_mb()),
        "device": options.device,
        "arithmetic": options.arithmetic,
        "context_chunks": options.chunks,
    }
    found["machine"] = describe_machine()
    if options.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:24} {value}")


if __name__ == "__main__":
    main()
