"""The whole network: encoder, adapter, decoder and head under one roof, without running state.

Tests: tests/model/test_network.py.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from soundflow.model.adapter import Adapter
from soundflow.model.cache import Cache, KVCache
from soundflow.model.config import HOP_LENGTH, ModelConfig
from soundflow.model.decoder import Decoder
from soundflow.model.encoder import AudioEncoder


class AudioInteractionModel(nn.Module):
    """Weights of an audio interaction model; one of these serves any number of sessions."""

    choice_rows: Tensor | None  # the head's rows of <silent> and <response>, once the head has another form

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = AudioEncoder(config.encoder, config.chunk_samples // HOP_LENGTH)
        self.adapter = Adapter(config.encoder, config.decoder.hidden_size)
        self.decoder = Decoder(config.decoder)
        self.lm_head = nn.Linear(config.decoder.hidden_size, config.decoder.vocab_size, bias=False)
        self.register_buffer("choice_rows", None, persistent=False)
        if config.decoder.tie_word_embeddings:
            self.lm_head.weight = self.decoder.embed_tokens.weight

    def encode(self, mel: Tensor) -> Tensor:
        """Features of chunks, each encoded alone.

        Args:
            mel: float32 [chunks, mel bins, frames].

        Returns:
            [chunks, audio positions, decoder width].
        """
        return self.adapter(self.encoder(mel.to(self.encoder.positions.device)))  # type: ignore[no-any-return]

    def embed(self, ids: Tensor) -> Tensor:
        """Embeddings of int64 ids, [..., decoder width], on the network's device wherever the ids are."""
        table = self.decoder.embed_tokens
        return table(ids.to(table.weight.device))  # type: ignore[no-any-return]

    def forward(self, inputs_embeds: Tensor, cache: Cache | None = None) -> Tensor:
        """Hidden rows of new positions, [batch, positions, decoder width]; the cache, if any, grows by them."""
        return self.decoder(inputs_embeds, cache)  # type: ignore[no-any-return]

    def logits(self, hidden: Tensor) -> Tensor:
        """[..., decoder width] to [..., vocabulary]; call it on the rows that are needed, not on all."""
        return self.lm_head(hidden)  # type: ignore[no-any-return]

    def new_cache(self, capacity: int, batch: int = 1) -> KVCache:
        """An empty cache for `capacity` positions in the decoder's dtype, on its device."""
        weight = self.decoder.embed_tokens.weight
        return KVCache(self.config.decoder, capacity, batch, weight.dtype, weight.device)


def splice(embeds: Tensor, slots: Tensor, features: Tensor) -> Tensor:
    """Put audio features into their slots.

    Args:
        embeds: [batch, positions, width] of the ids, slots included.
        slots: bool [batch, positions], True at audio slots, in the order of `features`.
        features: [slots in all, width].
    """
    return embeds.masked_scatter(slots.unsqueeze(-1), features.to(embeds.dtype))


def count_parameters(model: nn.Module) -> int:
    """Number of weights, shared ones counted once."""
    return sum(p.numel() for p in model.parameters())


def initialise(model: AudioInteractionModel, generator: torch.Generator) -> None:
    """Draw all weights afresh, the same from the same generator.

    Decoder and adapter: normal of deviation 0.02, biases zero (GPT-2's rule). Encoder: torch's own rule, uniform within
    1/sqrt(inputs).
    """
    for module in (*model.decoder.modules(), *model.adapter.modules()):
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02, generator=generator)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
    for module in model.encoder.modules():
        if isinstance(module, nn.Linear | nn.Conv1d):
            bound = module.weight[0].numel() ** -0.5
            nn.init.uniform_(module.weight, -bound, bound, generator=generator)
            if module.bias is not None:
                nn.init.uniform_(module.bias, -bound, bound, generator=generator)
    if not model.config.decoder.tie_word_embeddings:
        nn.init.normal_(model.lm_head.weight, std=0.02, generator=generator)
