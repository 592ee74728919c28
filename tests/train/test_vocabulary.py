"""A new tokenizer: old pieces keep their rows, new ones begin between those that spelled them."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from soundflow.model.config import nano
from soundflow.model.network import AudioInteractionModel, initialise
from soundflow.model.tokens import RELEASE_TOKENS, TextTokenizer, own_control_tokens
from soundflow.train.vocabulary import grown

OLD = ["a dog barks", "a cow moos", "the dog barks again"] * 3
NEW = [*OLD, *["one large latte with soy milk", "三个苹果"] * 5]


@pytest.fixture(scope="module")
def small() -> Bundle:
    tokenizer = TextTokenizer.train(OLD, 300)
    config = nano(tokenizer.vocab_size, own_control_tokens())
    decoder = dataclasses.replace(config.decoder, hidden_size=16, num_hidden_layers=1, intermediate_size=16, head_dim=4)
    encoder = dataclasses.replace(config.encoder, d_model=16, encoder_attention_heads=2, encoder_ffn_dim=16)
    config = dataclasses.replace(config, decoder=decoder, encoder=encoder)
    network = AudioInteractionModel(config)
    initialise(network, torch.Generator().manual_seed(0))
    return Bundle(network, tokenizer, config, "small")


def test_what_was_known_keeps_its_id_and_its_row(small: Bundle) -> None:
    more = grown(small, NEW, 360)
    old, new = (b.network.decoder.embed_tokens.weight for b in (small, more))
    assert len(old) < len(new) <= 360
    assert torch.equal(old, new[: len(old)])
    assert all(small.tokenizer.encode(text) == more.tokenizer.encode(text) for text in OLD)
    assert more.network.lm_head.weight is more.network.decoder.embed_tokens.weight


def test_a_new_piece_begins_as_the_mean_of_what_spelled_it(small: Bundle) -> None:
    more = grown(small, NEW, 360)
    old, new = (b.network.decoder.embed_tokens.weight for b in (small, more))
    (piece,) = more.tokenizer.encode(" latte")
    spelled = small.tokenizer.encode(" latte")
    assert len(spelled) > 1
    assert torch.allclose(new[piece], old[spelled].mean(0))
    assert more.tokenizer.decode(more.tokenizer.encode("三个苹果")) == "三个苹果"
    assert len(more.tokenizer.encode("三个苹果")) < len(small.tokenizer.encode("三个苹果"))


def test_everything_else_is_as_it_was(small: Bundle) -> None:
    before, after = small.network.state_dict(), grown(small, NEW, 360).network.state_dict()
    tables = {"decoder.embed_tokens.weight", "lm_head.weight"}
    assert all(torch.equal(before[name], after[name]) for name in before.keys() - tables)


def test_a_foreign_vocabulary_is_left_alone(small: Bundle) -> None:
    foreign = dataclasses.replace(small, config=dataclasses.replace(small.config, control=RELEASE_TOKENS))
    with pytest.raises(InputError, match="vocabulary of its own"):
        grown(foreign, NEW, 360)
