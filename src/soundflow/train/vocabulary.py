"""A tokenizer trained anew for what a model will say, without losing what it knew of the old pieces.

A piece that stood in the old vocabulary keeps its row; a new one begins as the mean of the old pieces that spell it.
Tests: tests/train/test_vocabulary.py.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from soundflow.data.build.corpus import read_index
from soundflow.data.tasks import all_texts
from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from soundflow.model.network import AudioInteractionModel
from soundflow.model.tokens import TextTokenizer, own_control_tokens
from soundflow.train.shards import read_stream

MOST_STREAMS = 2_000  # of each corpus, whose texts are looked at; chosen


def regrown(bundle: Bundle, texts: Iterable[str], vocab_size: int) -> Bundle:
    """The same model with a tokenizer of `texts`.

    Raises:
        InputError: the model has another vocabulary than ours, whose control tokens stand elsewhere.
    """
    if bundle.config.control != own_control_tokens() or not bundle.config.decoder.tie_word_embeddings:
        raise InputError(
            "vocabulary.foreign", f"{bundle.name} has a vocabulary of its own", "leave vocab_size out of the recipe"
        )
    tokenizer = TextTokenizer.train(texts, vocab_size)
    decoder = dataclasses.replace(bundle.config.decoder, vocab_size=tokenizer.vocab_size)
    config = dataclasses.replace(bundle.config, decoder=decoder)
    network = AudioInteractionModel(config)
    state = dict(bundle.network.state_dict())
    table = rows_of(tokenizer, bundle.tokenizer, state["decoder.embed_tokens.weight"])
    for name in ("decoder.embed_tokens.weight", "lm_head.weight"):
        if name in state:
            state[name] = table
    network.load_state_dict(state)
    return Bundle(network, tokenizer, config, bundle.name)


def rows_of(new: TextTokenizer, old: TextTokenizer, table: Tensor) -> Tensor:
    """The new vocabulary's rows out of the old one's; [new pieces, width] from [old pieces, width]."""
    rows = torch.empty(new.vocab_size, table.shape[1], dtype=table.dtype)
    for token in range(new.vocab_size):
        rows[token] = table[_spelling(token, new, old)].mean(dim=0)
    return rows


def _spelling(token: int, new: TextTokenizer, old: TextTokenizer) -> list[int]:
    """The old ids whose bytes are those of a new piece; a control token is itself."""
    piece = new.token_bytes(token)
    if not piece:
        return [token]
    try:
        return old.encode(piece.decode("utf-8"))
    except UnicodeDecodeError:  # a part of a character
        return [old.byte_id(byte) for byte in piece]


def corpus_texts(corpora: Sequence[Path]) -> Iterator[str]:
    """What is asked and said in corpora, and every text that the tasks can produce."""
    yield from all_texts()
    for folder in corpora:
        for row in read_index(folder)[:MOST_STREAMS]:
            line = read_stream(folder / str(row["shard"]), str(row["key"])).timeline
            yield line.instruction or ""
            for _, reply, _ in line.responses:
                yield reply.text
