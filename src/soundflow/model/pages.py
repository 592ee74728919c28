"""Large tensors in pages of their own, which go back to the machine the moment they are freed.

An allocator keeps what is freed for later, and a small block in the wrong place keeps it for good: after 5,000 short
sessions a server of nano held 730 MiB of which 114 were in use (benchmarks/serve_soak.py). Tests:
tests/model/test_pages.py.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Sequence

import torch
from torch import Tensor

_SMALLEST_BYTES = 1 << 20  # what is smaller stays with the allocator; chosen
_HAS_PRIVATE = hasattr(mmap, "MAP_ANONYMOUS")  # not on Windows


def zeros(shape: Sequence[int], dtype: torch.dtype, device: torch.device | None = None) -> Tensor:
    """As `torch.zeros`; on a CPU a large one has pages of its own, which cost nothing until they are written to."""
    size = math.prod(shape) * dtype.itemsize
    is_elsewhere = (device or torch.get_default_device()).type != "cpu"
    if is_elsewhere or size < _SMALLEST_BYTES or not _HAS_PRIVATE:
        return torch.zeros(*shape, dtype=dtype, device=device)
    pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    return torch.frombuffer(pages, dtype=dtype).view(*shape)
