"""The plain classifier: causal features, a list of labels as its gate, and weights that are there."""

from __future__ import annotations

import numpy as np
import torch

from soundflow.bench.baselines.tagger import BANDS, FEATURES, QUIET, Tagger, features, packaged_tagger

RATE = 16_000


def sound(seconds: float) -> np.ndarray:
    return (0.05 * np.random.default_rng(1).standard_normal(round(seconds * RATE))).astype(np.float32)


def made(threshold: float = 0.5) -> Tagger:
    """Three classes, of which the siren alone is on the list; every input leads to the siren."""
    weights = {
        "mean": torch.zeros(FEATURES),
        "scale": torch.ones(FEATURES),
        "w1": torch.zeros(FEATURES, 2),
        "b1": torch.ones(2),
        "w2": torch.tensor([[4.0, 0.0, 0.0], [4.0, 0.0, 0.0]]),
        "b2": torch.zeros(3),
    }
    return Tagger(weights, ("siren", "cow", QUIET), torch.tensor([True, False, False]), threshold)


def test_features_are_one_row_a_chunk_and_causal() -> None:
    whole = sound(4.0)
    rows = features(whole)
    assert rows.shape == (10, FEATURES) and FEATURES % BANDS == 0
    torch.testing.assert_close(features(whole[: 5 * 6400]), rows[:5], rtol=1e-4, atol=1e-4)


def test_it_names_what_is_on_the_list_once() -> None:
    (reply,) = made().gate(sound(4.0))
    assert (reply.at, reply.text) == (0.4, "I hear siren.")
    assert made(threshold=1.1).gate(sound(4.0)) == [] and made().gate(sound(0.0)) == []


def test_the_packaged_one_knows_its_labels() -> None:
    tagger = packaged_tagger()
    assert QUIET in tagger.labels and 0 < tagger.speak.sum() < len(tagger.labels)
    assert 0 < tagger.threshold < 1
    listed = {label for label, speaks in zip(tagger.labels, tagger.speak.tolist(), strict=True) if speaks}
    assert "glass_breaking" in listed and "keyboard_typing" not in listed
    scores, names = tagger.scores(sound(2.0))
    assert len(scores) == len(names) == 5 and all(0 <= score <= 1 for score in scores)
