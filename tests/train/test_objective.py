"""The objective: masks are drawn, evaluation draws nothing, masked positions get no gradient."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import nn

from soundflow.data.compose import Composition
from soundflow.data.timeline import Timeline
from soundflow.model.network import AudioInteractionModel, initialise
from soundflow.train.batch import Batch, collate, example
from soundflow.train.objective import Objective, ObjectiveConfig, encoded, mask_bands, objective
from tests.model.conftest import small_config
from tests.train.test_batch import GRAMMAR, INDEX, event, timeline


def _model() -> AudioInteractionModel:
    config = small_config()
    vocabulary = GRAMMAR.tokenizer.vocab_size
    config = dataclasses.replace(config, decoder=dataclasses.replace(config.decoder, vocab_size=vocabulary))
    torch.manual_seed(0)
    model = AudioInteractionModel(config)
    initialise(model, torch.Generator().manual_seed(0))
    return model.eval()


def _batch() -> Batch:
    rng = np.random.default_rng(0)
    first = timeline(event(0.4, 0.8, "dog_bark", decision="respond"))
    lines: list[tuple[int, Timeline]] = [(5, first), (2, timeline(seconds=0.8))]
    streams = [Composition(rng.normal(0, 0.1, n * 6400).astype(np.float32), line) for n, line in lines]
    return collate([example(s, GRAMMAR, INDEX, 6400, rng, instant_share=1.0) for s in streams])


def test_band_masks_leave_the_input_alone_and_blank_whole_bands() -> None:
    mel = torch.randn(2, 3, 80, 40, generator=torch.Generator().manual_seed(0))
    kept = mel.clone()
    masked = mask_bands(mel, 10, torch.Generator().manual_seed(1))
    assert torch.equal(mel, kept)
    changed = (masked != mel).flatten(3).any(-1).any(1)  # [streams, bands]
    assert all(0 < int(row.sum()) <= 20 for row in changed)


def test_no_bands_means_no_mask() -> None:
    mel = torch.zeros(1, 1, 80, 40)
    assert mask_bands(mel, 0, torch.Generator()) is mel


def _found(
    model: AudioInteractionModel, head: nn.Linear, batch: Batch, config: ObjectiveConfig, seed: int | None = None
) -> Objective:
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    with torch.no_grad():
        return objective(model, head, batch, encoded(model, batch, config, generator), config, generator)


def test_evaluation_is_the_same_each_time_and_training_is_not() -> None:
    model, head, batch, config = _model(), nn.Linear(32, 4), _batch(), ObjectiveConfig()
    first, second = (float(_found(model, head, batch, config).total) for _ in range(2))
    drawn = [float(_found(model, head, batch, config, seed).total) for seed in (1, 2)]
    assert first == second
    assert drawn[0] != drawn[1]


def test_the_total_is_the_paper_s_loss_without_the_hearing_loss() -> None:
    config = ObjectiveConfig(naming_weight=0.0, calls_weight=0.0)
    found = _found(_model(), nn.Linear(32, 4), _batch(), config)
    torch.testing.assert_close(found.total, found.dual.total)
    assert found.p_response.shape == (2, 5)
    assert bool(((found.p_response > 0) & (found.p_response < 1)).all())


def test_sound_behind_the_end_of_a_stream_changes_nothing() -> None:
    batch = _batch()
    louder = batch.samples.clone()
    louder[1, 2 * 6400 :] = 0.5
    model, head, config = _model(), nn.Linear(32, 4), ObjectiveConfig()
    before = _found(model, head, batch, config).total
    after = _found(model, head, dataclasses.replace(batch, samples=louder), config).total
    torch.testing.assert_close(before, after)
