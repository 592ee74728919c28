"""One chunk's cost as a stream grows: our step beside a loop that encodes all of its history again at every chunk.

    python benchmarks/reencode.py [--threads 1] [--marks 10,30,60,120] [--json]

The same random weights in float32 for both: a decoder of 192 M parameters (12 layers of width 512, the release's whole
vocabulary) and an encoder of 15 M (8 layers of width 384). The baseline is ours, written after the way the release's
server works: log-mel and encoder over everything heard so far, one sequence under a dense mask that keeps the chunks
apart; then one decoder step over 13 positions with keys and values copied to every head and the head computed at all
positions. Ours: `Session`'s own step. Both give the same two logits, which is checked at every mark.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundflow.audio.log_mel import FrontEnd, StreamingLogMel, log_mel
from soundflow.bench.machine import describe_machine
from soundflow.model.cache import KVCache, rotate
from soundflow.model.config import DecoderConfig, EncoderConfig, ModelConfig, audio_interaction_3b
from soundflow.model.decoder import SelfAttention
from soundflow.model.network import AudioInteractionModel, count_parameters

CHUNK = 6400
PREFIX, BLOCK = 46, 13
REPEATS = 3


def middle_config() -> ModelConfig:
    """The shape that the kit's own measurement of the release used."""
    encoder = EncoderConfig(128, 384, 8, 6, 1536)
    decoder = DecoderConfig(151_936, 512, 12, 8, 2, 64, 1536, position_dtype="float16")
    return replace(audio_interaction_3b(), name="middle", encoder=encoder, decoder=decoder)


def encode_history(network: AudioInteractionModel, mel: Tensor) -> Tensor:
    """Features of every chunk so far, [chunks, 10, width]: one sequence, a dense mask between the chunks."""
    encoder = network.encoder
    windows = mel.unflatten(1, (-1, 40)).transpose(0, 1)
    x = F.gelu(encoder.conv2(F.gelu(encoder.conv1(windows)))).transpose(1, 2) + encoder.positions
    chunks, positions, width = x.shape
    owner = torch.arange(chunks).repeat_interleave(positions)
    mask = owner[:, None] == owner[None, :]
    x = x.reshape(1, chunks * positions, width)
    for layer in _layers(encoder.layers):
        x = x + masked_attention(layer.self_attn, layer.self_attn_layer_norm(x), mask)
        x = x + layer.fc2(F.gelu(layer.fc1(layer.final_layer_norm(x))))
    return network.adapter(x.view(chunks, positions, width))  # type: ignore[no-any-return]


def _layers(stack: nn.ModuleList) -> list[Any]:
    """Layers whose parts are called by name."""
    return list(stack)


def masked_attention(attention: Any, x: Tensor, mask: Tensor) -> Tensor:
    """Attention of a whole utterance under a dense mask."""
    split = (*x.shape[:2], attention.heads, -1)
    q, k, v = (p(x).view(split).transpose(1, 2) for p in (attention.q_proj, attention.k_proj, attention.v_proj))
    mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    return attention.out_proj(mixed.transpose(1, 2).reshape(x.shape))  # type: ignore[no-any-return]


def step_with_copies(network: AudioInteractionModel, rows: Tensor, cache: KVCache) -> Tensor:
    """Logits of all new positions; keys and values copied to every head first."""
    decoder, positions, start = network.decoder, rows.shape[1], cache.length
    rotary = cache.rows(positions)
    mask = torch.ones(positions, start + positions, dtype=torch.bool).tril(diagonal=start)
    x = rows
    for i, layer in enumerate(_layers(decoder.layers)):
        x = x + copying_attention(layer.self_attn, layer.input_layernorm(x), rotary, mask, cache, i)
        x = x + layer.mlp(layer.post_attention_layernorm(x))
    cache.length += positions
    return network.logits(decoder.norm(x))


def copying_attention(
    attention: SelfAttention, x: Tensor, rotary: tuple[Tensor, Tensor], mask: Tensor, cache: KVCache, layer: int
) -> Tensor:
    """Grouped-query attention after the keys and values of each group were copied to its heads."""
    projections = (attention.q_proj, attention.k_proj, attention.v_proj)
    q, k, v = (p(x).unflatten(-1, (-1, attention.head_dim)).transpose(1, 2) for p in projections)
    k, v = cache.append(layer, rotate(k, *rotary), v)
    times = attention.heads // attention.groups
    k, v = (t.repeat_interleave(times, dim=1) for t in (k, v))
    mixed = F.scaled_dot_product_attention(rotate(q, *rotary), k, v, attn_mask=mask)
    return attention.o_proj(mixed.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


def timed(step: Callable[[], Tensor]) -> tuple[Tensor, float]:
    """A step's result and its median wall time in milliseconds."""
    result, times = step(), []
    for _ in range(REPEATS):
        started_at = time.perf_counter()
        step()
        times.append(1e3 * (time.perf_counter() - started_at))
    return result, statistics.median(times)


def at_mark(network: AudioInteractionModel, seconds: float, sound: Tensor) -> dict[str, float]:
    """Both loops' cost of the newest chunk when `seconds` of stream were heard."""
    config = network.config
    chunks = round(seconds / config.chunk_seconds)
    heard = sound[: chunks * CHUNK]
    front_end = config.front_end()
    cache = network.new_cache(PREFIX + BLOCK * (chunks + 1))
    generator = torch.Generator().manual_seed(1)
    cache.keys.normal_(generator=generator)
    cache.values.normal_(generator=generator)
    before = PREFIX + BLOCK * (chunks - 1)
    control = [config.control.silent, config.control.response]
    choice = network.lm_head.weight[control].T.contiguous()
    row = network.embed(torch.tensor([[control[0], config.control.audio_begin, config.control.assistant]]))
    listener = StreamingLogMel(front_end)
    listener.feed(heard[:-CHUNK].numpy())

    def newest_mel() -> Tensor:
        again = StreamingLogMel(front_end)  # the same bounded state each time
        again.__dict__.update(listener.__dict__)
        again._settled, again._peaks = listener._settled.clone(), listener._peaks.copy()
        return again.feed(heard[-CHUNK:].numpy())[0]

    def assembled(features: Tensor) -> Tensor:
        return torch.cat([row[:, :2], features[None], row[:, 2:]], dim=1)

    def ours() -> Tensor:
        cache.length = before
        features = network.encode(newest_mel()[None])[0]
        logits: Tensor = network(assembled(features), cache)[:, -1] @ choice
        return logits

    def encoded() -> Tensor:
        return encode_history(network, log_mel(heard, FrontEnd(128, "stream")))

    features, encoder_ms = timed(encoded)

    def decided() -> Tensor:
        cache.length = before
        return step_with_copies(network, assembled(features[-1]), cache)[:, -1, control]

    theirs, decoder_ms = timed(decided)
    own, own_ms = timed(ours)
    return {
        "seconds": seconds,
        "reencode_encoder_ms": encoder_ms,
        "reencode_decoder_ms": decoder_ms,
        "reencode_ms": encoder_ms + decoder_ms,
        "ours_ms": own_ms,
        "ratio": (encoder_ms + decoder_ms) / own_ms,
        "largest_difference": float((theirs - own).abs().max()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--marks", default="10,30,60,120")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    marks = [float(mark) for mark in options.marks.split(",")]
    network = AudioInteractionModel(middle_config()).eval().requires_grad_(False)
    for weights in network.parameters():
        if weights.dim() > 1:
            torch.nn.init.normal_(weights, std=0.02)
    sound = 0.1 * torch.randn(round(max(marks) * 16_000))
    with torch.inference_mode():
        rows = [at_mark(network, seconds, sound) for seconds in marks]
    found = {"parameters": count_parameters(network), "machine": describe_machine(), "marks": rows}
    if options.json:
        print(json.dumps(found))
        return
    print(f"{found['parameters']:,} parameters, {found['machine']}")
    print("stream  encoder (all again)  decoder (copies)  ours  ratio  largest difference of logits")
    for row in rows:
        times = (row["reencode_encoder_ms"], row["reencode_decoder_ms"], row["ours_ms"], row["ratio"])
        print(
            f"{row['seconds']:5.0f} s {times[0]:17.0f} ms {times[1]:13.0f} ms {times[2]:4.0f} ms {times[3]:5.1f} "
            f"{row['largest_difference']:.1e}"
        )


if __name__ == "__main__":
    main()
