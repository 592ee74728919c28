"""Batches: in order, by other processes or here; a fault of the data is the same error either way."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.utils.data import Dataset

from soundflow.errors import InputError, OutsideError, SoundflowError
from soundflow.train.loading import loaded

BATCHES = [[0, 1], [2, 3]]


class Numbers(Dataset[int]):
    """Each index itself, but for some that cannot be read."""

    def __init__(self, faults: dict[int, SoundflowError] | None = None) -> None:
        self.faults = faults or {}

    def __getitem__(self, index: int) -> int:
        if index in self.faults:
            raise self.faults[index]
        return index


@pytest.mark.parametrize("workers", [0, 1])
def test_batches_come_in_order(workers: int) -> None:
    assert list(loaded(Numbers(), BATCHES, workers, list, ahead=4)) == BATCHES
    assert [batch.tolist() for batch in loaded(Numbers(), BATCHES, workers)] == BATCHES
    assert isinstance(next(loaded(Numbers(), BATCHES, workers)), torch.Tensor)


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("kind", [InputError, OutsideError])
def test_a_fault_is_raised_as_it_was_when_its_batch_comes(workers: int, kind: type[SoundflowError]) -> None:
    batches = loaded(Numbers({3: kind("a.code", "it is broken", "mend it")}), BATCHES, workers, list)
    assert next(batches) == [0, 1]
    with pytest.raises(kind) as caught:
        next(batches)
    assert (caught.value.code, str(caught.value)) == ("a.code", "it is broken — mend it")


def test_what_is_no_fault_of_the_data_is_not_hidden(tmp_path: Path) -> None:
    class Broken(Dataset[int]):
        def __getitem__(self, index: int) -> int:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        next(loaded(Broken(), BATCHES, 0))
