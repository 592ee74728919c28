"""What stands beside a benchmark's figure: its bounds over items, and what an empty answer to every item would get.

Tests: tests/bench/public/test_beside.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from soundflow.bench.bootstrap import Counts, bootstrap, ratio


def beside(
    name: str,
    counts: Sequence[tuple[float, ...]],
    always_empty: float | None,
    figure: Callable[[Counts], Counts] | None = None,
) -> dict[str, Any]:
    """`bounds` of a figure, 95 % from a bootstrap over items, and `trivial`.

    Args:
        name: of the figure.
        counts: what each item adds to the columns that the figure is computed from.
        always_empty: the figure of an empty answer to every item.
        figure: from summed columns [..., columns] to [...]; None stands for the first column over the second.
    """
    found = bootstrap(np.array(counts, np.float64), range(len(counts)), figure or ratio)
    return {"bounds": {"figure": name, **found.to_dict()}, "trivial": {"always_empty": {name: always_empty}}}


def mean_beside(name: str, values: Sequence[float], always_empty: float | None) -> dict[str, Any]:
    """The same where the figure is the mean of the items' values."""
    return beside(name, [(value, 1.0) for value in values], always_empty)
