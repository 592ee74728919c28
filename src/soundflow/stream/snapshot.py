"""A stream's whole state as bytes, to go on from in another process with the same model: token for token.

    b"SFSNAP" | version, 2 bytes | SHA-256 of the rest, 32 bytes | safetensors: arrays, and the values as JSON

It holds what the stream remembers, so it is as private as the sound and the words themselves. Nothing in it can run.
Tests: tests/stream/test_snapshot.py.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from soundflow.stream.decoding import Decoding
from soundflow.stream.fifo import FifoRule, Flush, TokenKind
from soundflow.stream.narrator import Narrator
from soundflow.stream.perception import EncodedChunk, Perception

VERSION = 1
_MAGIC = b"SFSNAP"
_VERSION_BYTES, _DIGEST_BYTES = 2, 32
_HEAD = len(_MAGIC) + _VERSION_BYTES + _DIGEST_BYTES
_PRINTED_ROWS = 64  # rows of the embedding table that a model is known by; chosen


@dataclass(frozen=True)
class StreamState:
    """The parts of one stream between two steps.

    `unheard` is sound, float32 [n], that no part has taken yet; `undone` is a flush that was given out and not begun.
    """

    perception: Perception
    decoding: Decoding
    rule: FifoRule[EncodedChunk]
    narrator: Narrator
    undone: Flush[EncodedChunk] | None = None
    unheard: Tensor | None = None


def freeze(bundle: Bundle, state: StreamState, now: float) -> bytes:
    """Everything that decides how a stream goes on.

    Args:
        now: the clock's time; moments are kept as how long ago they were.
    """
    undone = state.undone.chunks if state.undone else ()
    queue = [*undone, *state.rule.queued]
    decoding_tensors, decoding_values = state.decoding.snapshot()
    heard_tensors, heard_values = state.perception.snapshot()
    tensors = {
        **{f"decoding.{name}": tensor for name, tensor in decoding_tensors.items()},
        **{f"perception.{name}": tensor for name, tensor in heard_tensors.items()},
        "queue": torch.cat([chunk.features for chunk in queue]) if queue else torch.zeros(0),
        "unheard": torch.zeros(0) if state.unheard is None else state.unheard,
    }
    rule = {"capacity": state.rule.capacity, "overflow": state.rule.overflow, "dropped": state.rule.dropped}
    values = {
        "model": fingerprint(bundle),
        "decoding": decoding_values,
        "perception": heard_values,
        "rule": {**rule, "last": state.rule.last.value},
        "queue": [(chunk.index, now - chunk.arrived_at) for chunk in queue],
        "narrator": state.narrator.snapshot(now),
    }
    packed = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    payload = save_tensors(packed, metadata={"values": json.dumps(values)})
    return _MAGIC + VERSION.to_bytes(_VERSION_BYTES, "big") + hashlib.sha256(payload).digest() + payload


def thaw(bundle: Bundle, blob: bytes, now: float) -> StreamState:
    """The parts of a stream as they were frozen; `undone` is never set, what it held waits in the queue.

    Raises:
        InputError: no snapshot, of another version, damaged (`snapshot.format`, `.version`, `.damaged`), or of another
            model (`snapshot.model`).
    """
    payload = _payload(blob)
    try:
        tensors = load_tensors(payload)
        values = json.loads(_metadata(payload)["values"])
        if values["model"] != fingerprint(bundle):
            found = f"the snapshot of a stream on another model than {bundle.name}"
            raise InputError("snapshot.model", found, "load the model, in the arithmetic, that it was made with")
        return _state(bundle, tensors, values, now)
    except (SafetensorError, KeyError, ValueError, TypeError, IndexError, RuntimeError) as e:
        raise InputError("snapshot.format", f"a snapshot that does not fit: {e}", "make it with this version") from e


def fingerprint(bundle: Bundle) -> str:
    """What a model and its arithmetic are known by; not a proof that all weights are equal."""
    rows = bundle.network.embed(torch.arange(min(_PRINTED_ROWS, bundle.config.decoder.vocab_size)))
    digest = hashlib.sha256(json.dumps(bundle.config.to_dict(), sort_keys=True).encode())
    digest.update(type(getattr(bundle.network, "lm_head", None)).__name__.encode())
    digest.update(rows.detach().cpu().float().numpy().tobytes())
    return digest.hexdigest()


def _payload(blob: bytes) -> bytes:
    if blob[: len(_MAGIC)] != _MAGIC or len(blob) < _HEAD:
        raise InputError("snapshot.format", f"{len(blob)} bytes that are no snapshot", "give what `snapshot` returned")
    version = int.from_bytes(blob[len(_MAGIC) : len(_MAGIC) + _VERSION_BYTES], "big")
    if version != VERSION:
        raise InputError("snapshot.version", f"version {version}, this is {VERSION}", "make it anew with this release")
    payload = blob[_HEAD:]
    if hashlib.sha256(payload).digest() != blob[_HEAD - _DIGEST_BYTES : _HEAD]:
        raise InputError("snapshot.damaged", "a snapshot whose checksum does not hold", "copy it again, whole")
    return payload


def _metadata(payload: bytes) -> Mapping[str, str]:
    length = int.from_bytes(payload[:8], "little")  # safetensors: 8 bytes of header length, then JSON
    header: dict[str, Any] = json.loads(payload[8 : 8 + length])
    found: Mapping[str, str] = header["__metadata__"]
    return found


def _state(bundle: Bundle, tensors: Mapping[str, Tensor], values: Mapping[str, Any], now: float) -> StreamState:
    def of(part: str) -> dict[str, Tensor]:
        return {name.partition(".")[2]: t for name, t in tensors.items() if name.startswith(f"{part}.")}

    decoding = Decoding.restore(bundle, of("decoding"), values["decoding"])
    perception = Perception(bundle)
    perception.restore(of("perception"), values["perception"])
    features = tensors["queue"].split(1) if values["queue"] else ()
    device = decoding.cache_device
    queue = [
        EncodedChunk(int(index), row.to(device), now - age)
        for row, (index, age) in zip(features, values["queue"], strict=True)
    ]
    kept = values["rule"]
    rule: FifoRule[EncodedChunk] = FifoRule(kept["capacity"], kept["overflow"])
    rule.restore(queue, TokenKind(kept["last"]), kept["dropped"])
    narrator = Narrator(bundle.config.chunk_samples)
    narrator.restore(values["narrator"], now)
    return StreamState(perception, decoding, rule, narrator, None, tensors["unheard"])
