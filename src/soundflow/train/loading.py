"""Batches of a dataset, prepared by other processes or here: a fault of the data is the same error either way.

PyTorch raises what failed in a worker anew, as another error with the whole traceback in its message; so a fault
travels here as a value. Tests: tests/train/test_loading.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from torch.utils.data import DataLoader, Dataset, default_collate

from soundflow.errors import SoundflowError

Item = TypeVar("Item")


def loaded(
    dataset: Dataset[Item],
    batches: Iterable[Sequence[int]],
    workers: int,
    collate: Callable[[list[Item]], Any] = default_collate,
    ahead: int | None = None,
) -> Iterator[Any]:
    """The batches of a dataset, in order.

    Args:
        batches: the indices of each.
        workers: processes that prepare them; 0 prepares them here.
        ahead: batches that each worker prepares before they are asked for; None leaves it to PyTorch.

    Raises:
        SoundflowError: as the dataset raised it, whichever process it was in.
    """
    loader: DataLoader[Item | SoundflowError] = DataLoader(
        _Told(dataset),
        batch_sampler=batches,  # type: ignore[arg-type]  # any iterable does
        collate_fn=partial(_collated, collate),
        num_workers=workers,
        prefetch_factor=ahead if workers else None,
    )
    for batch in loader:
        if isinstance(batch, SoundflowError):
            raise batch
        yield batch


@dataclass(frozen=True)
class _Told(Dataset[Item | SoundflowError]):
    """A dataset that gives its faults in the place of what it cannot give."""

    dataset: Dataset[Item]

    def __getitem__(self, index: int) -> Item | SoundflowError:
        try:
            return self.dataset[index]
        except SoundflowError as error:
            return error


def _collated(collate: Callable[[list[Item]], Any], items: Sequence[Item | SoundflowError]) -> Any:
    """A batch, or the first fault in it."""
    faults = [item for item in items if isinstance(item, SoundflowError)]
    return faults[0] if faults else collate([item for item in items if not isinstance(item, SoundflowError)])
