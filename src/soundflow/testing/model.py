"""A model whose decisions and replies are written beforehand: sessions run on it as on a real one, in microseconds.

Tests: tests/testing/test_model.py.
"""

from __future__ import annotations

import dataclasses
import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import torch
from torch import Tensor

from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from soundflow.model.cache import RaggedCache
from soundflow.model.config import CONV_STRIDE, DecoderConfig, EncoderConfig, ModelConfig, audio_interaction_3b
from soundflow.model.network import AudioInteractionModel
from soundflow.model.tokens import RELEASE_TOKENS, ControlTokens, TextTokenizer, own_control_tokens

_WIDTH = 4  # a hidden row says: id, chunks so far, tokens of the reply so far, unused
_AUDIO = -1.0  # stands where an id would, in rows of sound
_SURE = 20.0  # logit of the scripted token, the others have 0
_FED_KEPT = 4096  # newest ids a cache remembers


@dataclass(frozen=True)
class ScriptedReply:
    """What is said when a decision falls on a chunk: ids, without <eos>, or text, with an emotion or none."""

    text: str = ""
    emotion: str | None = None
    ids: Sequence[int] | None = None
    never_ends: bool = False  # repeats its ids instead of giving <eos>


@dataclass(frozen=True)
class Script:
    """p(response) and reply by the 0-based index of the newest chunk heard; elsewhere the model is silent."""

    replies: Mapping[int, ScriptedReply] = field(default_factory=dict)
    p_response: Mapping[int, float] = field(default_factory=dict)

    def p(self, chunk: int) -> float:
        """p(response) at a chunk: as written, else 0.9 where there is a reply and 0.1 where there is none."""
        return self.p_response.get(chunk, 0.9 if chunk in self.replies else 0.1)


class ScriptedCache:
    """Counts positions as a real cache does, and remembers which ids were fed (sound is -1)."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.length = 0
        self.fed: deque[int] = deque(maxlen=_FED_KEPT)
        self.passes: deque[int] = deque(maxlen=_FED_KEPT)
        self.evictions: list[tuple[int, int]] = []
        self.chunks = 0
        self.spoken = 0

    def evict(self, start: int, count: int) -> None:
        """Forget positions; the script does not depend on them."""
        if not 0 <= start <= start + count <= self.length:
            raise InputError("cache.evict", f"positions {start}..{start + count} of {self.length}", "evict less")
        self.length -= count
        self.evictions.append((start, count))


class ScriptedNetwork:
    """Has the methods of `AudioInteractionModel` that a session uses."""

    def __init__(self, config: ModelConfig, tokenizer: TextTokenizer, script: Script) -> None:
        self.config = config
        self.caches: list[ScriptedCache] = []
        self._script = script
        self._replies = {
            chunk: list(tokenizer.encode(r.text) if r.ids is None else r.ids) for chunk, r in script.replies.items()
        }
        for chunk, reply in script.replies.items():
            if reply.emotion is not None:
                self._replies[chunk].insert(0, config.control.emotions[reply.emotion])

    def parameters(self) -> Iterator[Tensor]:
        """One empty tensor, for those who ask on which device the weights are."""
        yield torch.zeros(0)

    def encode(self, mel: Tensor) -> Tensor:
        """[chunks, mel bins, frames] to [chunks, audio positions, width]."""
        return torch.full((mel.shape[0], self.config.audio_positions, _WIDTH), _AUDIO)

    def encoder(self, mel: Tensor) -> Tensor:
        """[windows, mel bins, frames] to [windows, encoder positions, width]."""
        return torch.full((mel.shape[0], -(-mel.shape[2] // CONV_STRIDE), _WIDTH), _AUDIO)

    def adapter(self, encoded: Tensor) -> Tensor:
        """[windows, encoder positions, width] to [windows, audio positions, width]."""
        return encoded[:, :: self.config.encoder.pool]

    def embed(self, ids: Tensor) -> Tensor:
        """[...] to [..., width]."""
        rows = torch.zeros(*ids.shape, _WIDTH)
        rows[..., 0] = ids
        return rows

    def new_cache(self, capacity: int, batch: int = 1) -> ScriptedCache:
        """An empty cache, which is also kept in `caches`."""
        self.caches.append(ScriptedCache(capacity))
        return self.caches[-1]

    def __call__(self, inputs_embeds: Tensor, cache: ScriptedCache | RaggedCache) -> Tensor:
        """[1, positions, width] to the same shape; counts chunks and reply tokens in each cache."""
        if isinstance(cache, RaggedCache):
            rows = inputs_embeds.split([count for _, count in cache.parts], dim=1)
            caches = [cast(ScriptedCache, part) for part, _ in cache.parts]
            return torch.cat([self(row, part) for row, part in zip(rows, caches, strict=True)], dim=1)
        positions = inputs_embeds.shape[1]
        if cache.length + positions > cache.capacity:
            raise InputError("cache.full", f"{cache.length} + {positions} positions", "evict before the next step")
        cache.length += positions
        cache.passes.append(positions)
        hidden = inputs_embeds.clone()
        for row, token in zip(hidden[0], inputs_embeds[0, :, 0].int().tolist(), strict=True):
            cache.fed.append(token)
            cache.chunks += token == self.config.control.assistant
            cache.spoken = 0 if token == self.config.control.response else cache.spoken + 1
            row[1], row[2] = cache.chunks, cache.spoken
        return hidden

    def logits(self, hidden: Tensor) -> Tensor:
        """[rows, width] to [rows, vocabulary], as the script has it."""
        control = self.config.control
        out = torch.zeros(hidden.shape[0], self.config.decoder.vocab_size)
        for row, (token, chunks, spoken, _) in zip(out, hidden.int().tolist(), strict=True):
            if token == control.assistant:
                p = self._script.p(chunks - 1)
                row[control.response] = math.log(p) - math.log1p(-p)
            else:
                row[self._next(chunks - 1, spoken)] = _SURE
        return out

    def _next(self, chunk: int, spoken: int) -> int:
        ids = self._replies.get(chunk, [])
        if spoken >= len(ids) and ids and self._script.replies[chunk].never_ends:
            return ids[spoken % len(ids)]
        return ids[spoken] if spoken < len(ids) else self.config.control.eos


def small_config(
    vocab_size: int, control: ControlTokens, max_chunks: int = 60, chunk_seconds: float = 0.4
) -> ModelConfig:
    """A config with the seams of a real one and the size of a toy."""
    return ModelConfig(
        name="scripted",
        encoder=EncoderConfig(
            num_mel_bins=80, d_model=8, encoder_layers=1, encoder_attention_heads=1, encoder_ffn_dim=8
        ),
        decoder=DecoderConfig(
            vocab_size=vocab_size,
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=8,
            intermediate_size=16,
        ),
        control=control,
        default_instruction="Listen.",
        chunk_seconds=chunk_seconds,
        max_chunks=max_chunks,
    )


def byte_tokenizer() -> TextTokenizer:
    """A tokenizer with one token a byte: any text, and characters that span tokens."""
    return TextTokenizer.train([], vocab_size=0)


def scripted_bundle(script: Script | None = None, max_chunks: int = 60, chunk_seconds: float = 0.4) -> Bundle:
    """A bundle whose network follows the script."""
    tokenizer = byte_tokenizer()
    config = small_config(tokenizer.vocab_size, own_control_tokens(), max_chunks, chunk_seconds)
    network = ScriptedNetwork(config, tokenizer, script or Script())
    return Bundle(cast(AudioInteractionModel, network), tokenizer, config, "scripted")


def answering_bundle(script: Script | None = None) -> Bundle:
    """A bundle that was trained to answer questions, with the release's control tokens; a turn is a chunk."""
    tokenizer = byte_tokenizer()
    config = small_config(audio_interaction_3b().decoder.vocab_size, RELEASE_TOKENS)
    config = dataclasses.replace(config, offline="windows")
    network = ScriptedNetwork(config, tokenizer, script or Script())
    return Bundle(cast(AudioInteractionModel, network), tokenizer, config, "answering")


def caches_of(bundle: Bundle) -> list[ScriptedCache]:
    """The caches that sessions opened on a scripted bundle, oldest first."""
    return cast(ScriptedNetwork, bundle.network).caches
