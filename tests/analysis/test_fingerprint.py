"""Two models are told apart wherever they differ, and by nothing else."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch

from soundflow.analysis.fingerprint import model_sha256
from soundflow.model.bundle import Bundle
from tests.analysis.conftest import small


def test_every_weight_counts(bundle: Bundle) -> None:
    seen = {model_sha256(bundle)}
    tensors = [*bundle.network.parameters(), *bundle.network.buffers()]
    for tensor in tensors:
        with torch.no_grad():
            tensor.view(-1)[-1] += 1
        seen.add(model_sha256(bundle))
    assert len(seen) == len(tensors) + 1


def test_config_and_type_count_and_where_it_lies_does_not(bundle: Bundle) -> None:
    plain = model_sha256(bundle)
    assert model_sha256(dataclasses.replace(small(), name="other", path=Path("elsewhere"))) == plain
    config = dataclasses.replace(bundle.config, response_threshold=0.2)
    assert model_sha256(dataclasses.replace(bundle, config=config)) != plain
    bundle.network.to(torch.bfloat16)
    assert model_sha256(bundle) != plain
