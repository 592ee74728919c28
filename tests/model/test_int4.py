"""Four bits: near what they stand for, the same when done twice, and stored as they run."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from soundflow.api import load
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.ours import load_folder, save_folder, storage_of
from soundflow.model.int4 import Int4Linear, from_int4, int4_supported, to_int4

needs_kernel = pytest.mark.skipif(not int4_supported(), reason="this build of torch has no int4 kernel")


@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 99), st.floats(1e-3, 10))
def test_levels_are_near_and_stay_when_done_again(rows: int, groups: int, seed: int, size: float) -> None:
    weight = size * torch.randn(rows, 32 * groups, generator=torch.Generator().manual_seed(seed))
    levels, grid = to_int4(weight)
    stands_for = from_int4(levels, grid)
    spread = weight.unflatten(1, (-1, 32)).amax(-1) - weight.unflatten(1, (-1, 32)).amin(-1)
    off = (stands_for - weight).abs().unflatten(1, (-1, 32)).amax(-1)
    assert (off <= spread / 15 * 0.6 + weight.abs().max() / 200).all()  # half a level, and bfloat16's rounding
    again, _ = to_int4(stands_for)
    assert (again.int() - levels.int()).abs().max() <= 1


@needs_kernel
def test_a_layer_multiplies_what_its_levels_stand_for() -> None:
    torch.manual_seed(0)
    plain = nn.Linear(64, 48)
    small = Int4Linear(plain)
    x = torch.randn(2, 3, 64).bfloat16().float()
    wanted = x @ from_int4(*to_int4(plain.weight)).T + plain.bias
    assert (small(x) - wanted).abs().max() < 0.02 * wanted.abs().max()


@needs_kernel
def test_a_stored_int4_model_runs_in_int4(small_bundle: Bundle, tmp_path: Path) -> None:
    save_folder(small_bundle, tmp_path, "int4")
    assert storage_of(tmp_path) == "int4"
    network = load(tmp_path).bundle.network
    assert any(isinstance(part, Int4Linear) for part in network.modules())
    plain = load_folder(tmp_path).network
    mel = torch.randn(2, 80, 40, generator=torch.Generator().manual_seed(1))
    near = network.encode(mel) - plain.encode(mel)
    assert near.abs().max() < 0.05 * plain.encode(mel).abs().max()


def test_columns_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ValueError, match="no multiples"):
        Int4Linear(nn.Linear(48, 8))
