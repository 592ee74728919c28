"""Zeros that leave nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from soundflow.model import pages

LARGE = (3, 4, 1 << 20)  # 48 MiB of float32
STATUS = Path("/proc/self/statm")


def resident_mib() -> float:
    return int(STATUS.read_text().split()[1]) * 4096 / 2**20


@pytest.mark.parametrize("shape", [(2, 3), LARGE])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_it_is_what_torch_gives(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    found = pages.zeros(shape, dtype)
    assert found.shape == shape and found.dtype == dtype and found.is_contiguous() and not found.any()
    found += 1
    assert found.view(-1)[-1] == 1


def test_another_device_is_left_to_torch() -> None:
    assert pages.zeros(LARGE, torch.float32, torch.device("meta")).device.type == "meta"


def test_a_view_keeps_the_pages() -> None:
    last = pages.zeros(LARGE, torch.float32).fill_(3.0)[-1, -1, -4:]
    assert last.tolist() == [3.0] * 4


@pytest.mark.skipif(not STATUS.is_file(), reason="memory is read from /proc")
def test_pages_are_taken_when_written_to_and_given_back_when_freed() -> None:
    before = resident_mib()
    found = pages.zeros(LARGE, torch.float32)
    assert resident_mib() - before < 24
    found.fill_(1.0)
    assert resident_mib() - before > 40
    kept = [torch.zeros(1000) for _ in range(100)]  # small blocks behind it change nothing
    del found
    assert resident_mib() - before < 24 and kept
