"""What each stage trains, and nothing else; recomputed layers give the same gradients."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch

from soundflow.model.config import DecoderConfig
from soundflow.train.learner import Learner, log_mels, optimizer_of, pooled_features
from soundflow.train.packing import Packed, packed
from soundflow.train.stages import PAPER, Stage
from tests.train.corpora import STAGE, documents, small_start


def of_paper(number: int, **changes: Any) -> Stage:
    return dataclasses.replace(STAGE, trains=PAPER[number].trains, **changes)


def batch(corpus: Path, stage: Stage) -> Packed:
    source, network = documents(corpus, stage), small_start().network
    streams = [source[i] for i in range(3)]
    mel = log_mels(network, streams)
    return packed(streams, mel if "encoder" in stage.trains else pooled_features(network, mel, stage.bfloat16))


def stepped(corpus: Path, stage: Stage, untied: bool = False) -> tuple[dict[str, torch.Tensor], Learner]:
    """The weights before one step, and the learner behind it."""
    decoder = dataclasses.replace(small_start().config.decoder, tie_word_embeddings=not untied)
    learner = Learner(start(decoder), stage)
    before = {name: p.detach().clone() for name, p in learner.named_parameters()}
    optimizer = optimizer_of(learner, stage)
    learner(batch(corpus, stage), torch.tensor(50)).total.backward()
    optimizer.step()
    return before, learner


def start(decoder: DecoderConfig) -> Any:
    from soundflow.model.network import AudioInteractionModel, initialise

    bundle = small_start()
    if decoder.tie_word_embeddings:
        return bundle.network
    network = AudioInteractionModel(dataclasses.replace(bundle.config, decoder=decoder))
    initialise(network, torch.Generator().manual_seed(1))
    return network


@pytest.mark.parametrize(
    ("number", "starts"),
    [(1, ("decoder.embed_tokens", "lm_head")), (2, ("adapter",)), (3, ("adapter", "decoder", "lm_head"))],
)
def test_a_stage_changes_its_part_and_nothing_else(corpus: Path, number: int, starts: tuple[str, ...]) -> None:
    before, learner = stepped(corpus, of_paper(number), untied=True)
    for name, p in learner.named_parameters():
        is_changed = not torch.equal(p, before[name])
        assert is_changed == name.removeprefix("network.").startswith(starts), name


def test_of_the_table_only_the_control_tokens_learn_in_stage_1(corpus: Path) -> None:
    before, learner = stepped(corpus, of_paper(1), untied=True)
    table, old = learner.network.decoder.embed_tokens.weight, before["network.decoder.embed_tokens.weight"]
    changed = {i for i in range(len(table)) if not torch.equal(table[i], old[i])}
    assert changed and changed <= learner.network.config.control.ids


def test_with_lora_only_thin_matrices_and_adapter_learn(corpus: Path) -> None:
    before, learner = stepped(corpus, of_paper(3, lora_rank=2))
    changed = {name for name, p in learner.named_parameters() if not torch.equal(p, before[name])}
    assert any(name.endswith(".up") for name in changed)
    assert all(name.endswith((".up", ".down")) or "adapter" in name for name in changed)


def test_recomputed_layers_give_the_same_gradients(corpus: Path) -> None:
    kept = Learner(small_start().network, of_paper(3))
    again = Learner(small_start().network, of_paper(3, checkpointing=True))
    row = batch(corpus, STAGE)
    for learner in (kept, again):
        learner(row, torch.tensor(50)).total.backward()
    for (name, a), b in zip(kept.named_parameters(), again.parameters(), strict=True):
        assert (a.grad is None and b.grad is None) or torch.equal(a.grad, b.grad), name  # type: ignore[arg-type]


def test_lambda_scales_the_control_tokens_alone(corpus: Path) -> None:
    row, found = batch(corpus, STAGE), {}
    for weight in (0.0, 1.0, 2.0):
        learner = Learner(small_start().network, of_paper(3, stream_weight=weight))
        costs = learner(row, torch.tensor(1))
        found[weight] = float(costs.total.detach()), float(costs.lm_sum), float(costs.stream_sum)
    for weight, (total, lm, stream) in found.items():
        assert total == pytest.approx(lm + weight * stream, rel=1e-5)


def test_vectors_and_half_learned_tables_do_not_decay(corpus: Path) -> None:
    for number, decaying in ((1, 1), (3, None)):
        learner = Learner(
            start(dataclasses.replace(small_start().config.decoder, tie_word_embeddings=False)), of_paper(number)
        )
        decays, still = optimizer_of(learner, learner.stage).param_groups
        assert decays["weight_decay"] == 0.01 and still["weight_decay"] == 0.0
        assert all(p.dim() > 1 for p in decays["params"])
        assert decaying is None or len(decays["params"]) == decaying


def test_features_are_dropped_only_while_something_is_learned(corpus: Path) -> None:
    learner, row = Learner(small_start().network, of_paper(3, feature_dropout=0.5)), batch(corpus, STAGE)
    still = Learner(small_start().network, of_paper(3))(row, torch.tensor(1)).lm_sum
    assert not torch.equal(learner(row, torch.tensor(1)).lm_sum, still)
    with torch.no_grad():
        assert torch.equal(learner(row, torch.tensor(1)).lm_sum, still)
