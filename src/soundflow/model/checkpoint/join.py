"""An audio interaction model out of a Whisper-style encoder and a causal language model: what the stages start from.

Between them stands a fresh adapter; the vocabulary grows by the control tokens; the encoder's position table covers
one chunk. What the language model says of text does not change. Tests: tests/model/checkpoint/test_join.py.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import torch
from tokenizers import AddedToken, Tokenizer
from torch import Tensor

from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.assemble import assemble, meta_network, own_names, renamed
from soundflow.model.checkpoint.causal_lm import CausalLM
from soundflow.model.config import EncoderConfig, ModelConfig
from soundflow.model.tokens import EMOTIONS, ControlTokens, TextTokenizer

WHISPER_HEAD_DIM = 64  # of every Whisper
DEFAULT_INSTRUCTION = "Speak up when a sound needs attention."


def join(name: str, encoder: Mapping[str, Tensor], lm: CausalLM, pool: int = 2, seed: int = 0) -> Bundle:
    """Join an encoder and a language model.

    Args:
        encoder: Whisper's tensors under our names (`whisper_encoder_state`).
        pool: encoder positions that become one position of the language model; 50 are heard a second, so 2 gives 10
            a chunk, as in the release.
        seed: of the adapter's first weights.

    Raises:
        InputError: `pool` does not divide a chunk, or the tensors are no encoder.
    """
    tokenizer, control = extended(lm.tokenizer, lm.eos)
    vocabulary = max(lm.config.vocab_size, tokenizer.get_vocab_size(), *(i + 1 for i in control.ids))
    config = ModelConfig(
        name=name,
        encoder=dataclasses.replace(encoder_shape(encoder), pool=pool),
        decoder=dataclasses.replace(lm.config, vocab_size=vocabulary),
        control=control,
        default_instruction=DEFAULT_INSTRUCTION,
    )
    new = sorted(i for i in control.ids if i != lm.eos)
    tensors = {f"encoder.{key}": tensor for key, tensor in encoder.items()}
    for key, tensor in lm.tensors.items():
        is_table = key in ("decoder.embed_tokens.weight", "lm_head.weight")
        tensors[key] = grown(tensor, vocabulary, new) if is_table else tensor
    tensors |= _adapter(config, tensors["decoder.embed_tokens.weight"], torch.Generator().manual_seed(seed))
    origins = {key: renamed(key) for key in own_names(meta_network(config))}
    network = assemble(config, tensors, origins, lambda key: name)
    return Bundle(network, TextTokenizer(tokenizer), config, name)


def encoder_shape(tensors: Mapping[str, Tensor]) -> EncoderConfig:
    """The shape of a Whisper encoder, read from its tensors.

    Raises:
        InputError: they are no Whisper encoder's.
    """
    try:
        width, bins, _ = tensors["conv1.weight"].shape
        layers = len({name.split(".")[1] for name in tensors if name.startswith("layers.")})
        ffn = tensors["layers.0.fc1.weight"].shape[0]
    except (KeyError, ValueError) as e:
        raise InputError("join.encoder", f"the tensors are no Whisper encoder's: {e!r}", "give a Whisper model") from e
    return EncoderConfig(bins, width, layers, width // WHISPER_HEAD_DIM, ffn)


def extended(tokenizer: Tokenizer, eos: int | None) -> tuple[Tokenizer, ControlTokens]:
    """A copy of a tokenizer with the control tokens, and their ids; a turn ends as the language model ends its own."""
    longer = Tokenizer.from_str(tokenizer.to_str())
    single = [f.name for f in dataclasses.fields(ControlTokens) if f.name != "emotions"]
    pieces = {name: f"<|soundflow:{name}|>" for name in (*single, *EMOTIONS) if name != "eos" or eos is None}
    longer.add_special_tokens([AddedToken(piece, special=True, normalized=False) for piece in pieces.values()])
    added = longer.get_vocab(with_added_tokens=True)
    ids = {"eos": eos} if eos is not None else {}
    ids |= {name: added[piece] for name, piece in pieces.items()}
    return longer, ControlTokens(**{name: ids[name] for name in single}, emotions={e: ids[e] for e in EMOTIONS})


def grown(table: Tensor, rows: int, new: list[int]) -> Tensor:
    """A table with more rows; the new ones are the mean of the old, so that no new token is likelier than another."""
    mean = table.mean(dim=0, keepdim=True)
    longer = torch.cat([table, mean.expand(rows - len(table), -1)]).clone()
    longer[new] = mean
    return longer


def _adapter(config: ModelConfig, table: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
    """Fresh adapter weights whose output is as large as the rows of the language model's table."""
    width = config.encoder.d_model * len(config.encoder.pool_statistics)
    hidden = config.decoder.hidden_size
    scale = float(table.square().mean().sqrt()) / width**0.5
    return {
        "adapter.ln_post.weight": torch.ones(width),
        "adapter.ln_post.bias": torch.zeros(width),
        "adapter.proj.weight": torch.randn(hidden, width, generator=generator) * scale,
        "adapter.proj.bias": torch.zeros(hidden),
    }
