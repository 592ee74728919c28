"""More pieces for a tokenizer: what a model will say takes fewer tokens, and what it knows stays as it was.

New merges come behind the old ones, so that old ids keep their meaning and their rows. A new piece begins as the mean
of the old ones that spell it. Tests: tests/train/test_vocabulary.py.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import torch

from soundflow.data.build.corpus import streams
from soundflow.data.tasks import all_texts
from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from soundflow.model.network import AudioInteractionModel
from soundflow.model.tokens import own_control_tokens

MOST_STREAMS = 1_000  # of each corpus, whose texts are looked at; chosen


def grown(bundle: Bundle, texts: Iterable[str], vocab_size: int) -> Bundle:
    """The same model with pieces for `texts`, up to `vocab_size` of them in all.

    Raises:
        InputError: the model has another vocabulary than ours, whose control tokens stand elsewhere.
    """
    if bundle.config.control != own_control_tokens() or not bundle.config.decoder.tie_word_embeddings:
        raise InputError(
            "vocabulary.foreign", f"{bundle.name} has a vocabulary of its own", "leave vocab_size out of the recipe"
        )
    tokenizer = bundle.tokenizer.extended(texts, vocab_size)
    decoder = dataclasses.replace(bundle.config.decoder, vocab_size=tokenizer.vocab_size)
    config = dataclasses.replace(bundle.config, decoder=decoder)
    network = AudioInteractionModel(config)
    state = dict(bundle.network.state_dict())
    old = state["decoder.embed_tokens.weight"]
    new = [bundle.tokenizer.ids_of(tokenizer.token_bytes(i)) for i in range(len(old), tokenizer.vocab_size)]
    table = torch.cat([old, *(old[ids].mean(dim=0, keepdim=True) for ids in new)])
    for name in ("decoder.embed_tokens.weight", "lm_head.weight"):
        if name in state:
            state[name] = table
    network.load_state_dict(state)
    return Bundle(network, tokenizer, config, bundle.name)


def corpus_texts(corpora: Sequence[Path]) -> Iterator[str]:
    """What is asked and said in corpora, and every text that the tasks can produce."""
    yield from all_texts()
    for folder in corpora:
        for stored in itertools.islice(streams(folder), MOST_STREAMS):  # their sound is not decoded
            yield stored.timeline.instruction or ""
            for _, reply, _ in stored.timeline.responses:
                yield reply.text
