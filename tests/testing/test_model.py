"""The scripted model keeps to its script and to the rules of a real cache."""

from __future__ import annotations

import pytest
import torch

from soundflow.errors import InputError
from soundflow.testing.model import Script, ScriptedCache, ScriptedReply, byte_tokenizer, scripted_bundle


def test_a_script_is_silent_where_nothing_stands() -> None:
    script = Script({3: ScriptedReply("Yes")}, {4: 0.45})
    assert [script.p(c) for c in (2, 3, 4)] == [0.1, 0.9, 0.45]


def test_any_text_goes_through_the_byte_tokenizer() -> None:
    tokenizer = byte_tokenizer()
    text = "Smoke 😀 烟"
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_shapes_are_those_of_a_real_network() -> None:
    bundle = scripted_bundle()
    features = bundle.network.encode(torch.zeros(2, 80, 40))
    rows = bundle.network.embed(torch.tensor([[1, 2, 3]]))
    assert features.shape == (2, bundle.config.audio_positions, rows.shape[-1])
    hidden = bundle.network(rows, bundle.network.new_cache(8))
    assert hidden.shape == rows.shape
    assert bundle.network.logits(hidden[:, -1]).shape == (1, bundle.config.decoder.vocab_size)


def test_a_cache_refuses_what_a_real_one_refuses() -> None:
    bundle = scripted_bundle()
    cache = bundle.network.new_cache(2)
    with pytest.raises(InputError):
        bundle.network(bundle.network.embed(torch.tensor([[1, 2, 3]])), cache)
    with pytest.raises(InputError):
        ScriptedCache(4).evict(0, 1)
