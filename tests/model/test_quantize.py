"""Int8 arithmetic: close to float32, original untouched."""

from __future__ import annotations

import pytest
import torch

from soundflow.model.bundle import Bundle
from soundflow.model.quantize import int8_bundle, int8_supported

pytestmark = pytest.mark.skipif(not int8_supported(), reason="this build of torch has no int8 engine")


def test_int8_stays_near_float32(small_bundle: Bundle) -> None:
    mel = torch.randn(3, 80, 40, generator=torch.Generator().manual_seed(0))
    before = small_bundle.network.encode(mel)
    after = int8_bundle(small_bundle).network.encode(mel)
    assert float((after - before).norm() / before.norm()) < 0.05
    assert isinstance(small_bundle.network.adapter.proj, torch.nn.Linear)
