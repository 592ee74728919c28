"""How large a model is and how long a stream it can hold, out of its config alone, and whether there is room for it.

Tests: tests/model/test_sizing.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from soundflow.model.checkpoint.assemble import meta_network, own_names
from soundflow.model.config import ROOM_FOR_REPLIES, ModelConfig

BYTES = {"float32": 4.0, "bfloat16": 2.0, "int8": 1.0, "int4": 0.5}  # of one weight of a matrix
_GROUP_SCALE_BYTES = 4.0  # int8 has a float32 scale a row; int4 one float16 scale and zero for 32 weights
_INT4_GROUP = 32
_MEMORY_INFO = Path("/proc/meminfo")
_PREFIX = 64  # positions of the default instruction with its frame: nano's takes 16, the release's 46
_ACTIVATIONS = 1.1  # what a step needs beside weights and cache, as a factor; measured on nano and the 3B shape


@dataclass(frozen=True)
class Sizes:
    """Sizes of one model.

    Attributes:
        parameters: weights in all; encoder (with adapter) and decoder (with head) apart.
        weight_bytes: by arithmetic; tables and vectors stay float32, with bfloat16 the whole encoder and adapter do.
        kv_bytes_per_second: of the decoder's cache for each second of silent stream, in float32 and bfloat16.
        window_seconds: how much stream the session's window holds before it forgets.
        window_bytes: of a session's cache with prefix, full window and replies, in float32.
    """

    parameters: int
    encoder_parameters: int
    decoder_parameters: int
    weight_bytes: dict[str, int]
    kv_bytes_per_second: dict[str, int]
    window_seconds: float
    window_bytes: int


def sizes_of(config: ModelConfig) -> Sizes:
    """The sizes of a config's model.

    Raises:
        InputError: the config's sizes make no network.
    """
    counts = {"encoder": 0, "decoder": 0}
    matrices = tables = vectors = rows = 0
    for name, slot in own_names(meta_network(config)).items():
        counts["encoder" if name.startswith(("encoder.", "adapter.")) else "decoder"] += slot.numel()
        if "embed_tokens" in name:
            tables += slot.numel()
        elif slot.dim() > 1:
            matrices += slot.numel()
            rows += slot.shape[0]
        else:
            vectors += slot.numel()
    tied_head = tables if config.decoder.tie_word_embeddings else 0  # its quantised form is a matrix of its own
    weight_bytes = {}
    for kind, size in BYTES.items():
        is_packed = kind in ("int8", "int4")
        held = (matrices + (tied_head if is_packed else 0)) * size
        held += rows * _GROUP_SCALE_BYTES if kind == "int8" else 0
        held += matrices / _INT4_GROUP * _GROUP_SCALE_BYTES if kind == "int4" else 0
        held += (tables + vectors) * (4.0 if is_packed else size)
        held += counts["encoder"] * (BYTES["float32"] - size) if kind == "bfloat16" else 0
        weight_bytes[kind] = round(held)
    decoder = config.decoder
    numbers = 2 * decoder.num_hidden_layers * decoder.num_key_value_heads * decoder.head_dim  # of one position
    per_second = config.chunk_positions / config.chunk_seconds * numbers
    replies = ROOM_FOR_REPLIES * (config.max_reply_tokens + 2)  # each with an emotion and <eos>
    window = _PREFIX + config.max_chunks * config.chunk_positions + replies
    return Sizes(
        parameters=sum(counts.values()),
        encoder_parameters=counts["encoder"],
        decoder_parameters=counts["decoder"],
        weight_bytes=weight_bytes,
        kv_bytes_per_second={"float32": round(per_second * 4), "bfloat16": round(per_second * 2)},
        window_seconds=round(config.max_chunks * config.chunk_seconds, 3),
        window_bytes=window * numbers * 4,
    )


def available_bytes() -> int | None:
    """Memory a new process could have now without swapping; None where the system does not tell (not Linux)."""
    try:
        lines = _MEMORY_INFO.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    kib = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(kib[0]) * 1024 if kib else None


def fits(sizes: Sizes, free_bytes: int) -> dict[str, bool]:
    """Whether the model and one full window fit into so much memory, by arithmetic."""
    return {kind: (held + sizes.window_bytes) * _ACTIVATIONS <= free_bytes for kind, held in sizes.weight_bytes.items()}
