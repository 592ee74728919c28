"""The mean of two models lies between them; models that do not match are refused."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from soundflow.errors import InputError, UsageError
from soundflow.model.average import average
from soundflow.model.bundle import Bundle
from soundflow.model.network import AudioInteractionModel, initialise
from soundflow.model.tokens import TextTokenizer


@pytest.fixture
def trained(small_bundle: Bundle) -> Bundle:
    """The small model with other weights, as behind a training."""
    network = AudioInteractionModel(small_bundle.config)
    initialise(network, torch.Generator().manual_seed(2))
    return dataclasses.replace(small_bundle, network=network.eval().requires_grad_(False))


def test_every_weight_is_on_the_line_between(small_bundle: Bundle, trained: Bundle) -> None:
    mean = average(small_bundle, trained, 0.25)
    old, new = small_bundle.network.state_dict(), trained.network.state_dict()
    for name, weight in mean.network.state_dict().items():
        torch.testing.assert_close(weight, 0.75 * old[name] + 0.25 * new[name])


def test_the_ends_are_the_two_models_and_neither_is_changed(small_bundle: Bundle, trained: Bundle) -> None:
    before = {name: weight.clone() for name, weight in trained.network.state_dict().items()}
    for share, end in ((0.0, small_bundle), (1.0, trained)):
        mean = average(small_bundle, trained, share).network.state_dict()
        for name, weight in end.network.state_dict().items():
            torch.testing.assert_close(mean[name], weight)
    assert all(torch.equal(weight, before[name]) for name, weight in trained.network.state_dict().items())


def test_it_is_named_and_set_as_the_second(small_bundle: Bundle, trained: Bundle) -> None:
    config = dataclasses.replace(trained.config, response_threshold=0.3)
    mean = average(small_bundle, dataclasses.replace(trained, name="later", config=config), 0.5)
    assert (mean.name, mean.config.response_threshold, mean.path) == ("later", 0.3, None)


def test_a_model_that_learned_labels_and_answers_is_averaged_with_what_it_was(
    small_bundle: Bundle, trained: Bundle
) -> None:
    labels = (*trained.config.labels, "kettle")
    config = dataclasses.replace(trained.config, labels=labels, offline="chunks", max_reply_tokens=96)
    config = dataclasses.replace(config, default_instruction="Say what you hear.")
    mean = average(small_bundle, dataclasses.replace(trained, config=config), 0.6)
    assert mean.config == config


def test_other_shapes_words_and_shares_are_refused(small_bundle: Bundle, trained: Bundle) -> None:
    longer = dataclasses.replace(trained, config=dataclasses.replace(trained.config, max_chunks=30))
    with pytest.raises(InputError, match="not one shape"):
        average(small_bundle, longer, 0.5)
    other = TextTokenizer.train(["other words altogether"], small_bundle.tokenizer.vocab_size)
    with pytest.raises(InputError, match="other tokens"):
        average(small_bundle, dataclasses.replace(trained, tokenizer=other), 0.5)
    with pytest.raises(UsageError, match="a share of 2"):
        average(small_bundle, trained, 2)
