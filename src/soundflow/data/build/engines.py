"""Who makes the shards: processes of this machine, or Ray's. Tests: tests/data/build/test_run.py."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soundflow.errors import OutsideError

if TYPE_CHECKING:
    from soundflow.data.build.run import Order
    from soundflow.data.build.stream import Workshop

_shop: Workshop | None = None  # of this process, opened once


def by_processes(order: Order, numbers: Sequence[int], workers: int) -> Iterator[tuple[int, float]]:
    """Shards by a pool of processes; number and seconds as each is finished."""
    if not numbers:
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), _open, (order,)) as pool:
        waiting = {pool.submit(_make, order.out, number): number for number in numbers}
        try:
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def by_ray(order: Order, numbers: Sequence[int], workers: int) -> Iterator[tuple[int, float]]:
    """Shards by Ray Data: the same functions, on whatever machines Ray has.

    Raises:
        OutsideError: Ray is not installed.
    """
    if not numbers:
        return
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise OutsideError("build.no_ray", "ray is not installed", "pip install 'soundflow[ray]'") from error
    mine = not ray.is_initialized()
    if mine:
        ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    try:
        ray.data.DataContext.get_current().enable_progress_bars = False
        maker: Any = RayMaker  # Ray takes a class for a function that is set up once a worker
        blocks = ray.data.from_items([{"number": number} for number in numbers], override_num_blocks=len(numbers))
        made = blocks.map(maker, fn_constructor_args=(order,), concurrency=workers)
        for row in made.iter_rows():
            yield int(row["number"]), float(row["seconds"])
    finally:
        if mine:
            ray.shutdown()


class RayMaker:
    """A Ray worker: opens the clips once, then makes shards."""

    def __init__(self, order: Order) -> None:
        from soundflow.data.build.run import open_workshop

        self._shop, self._out = open_workshop(order), Path(order.out)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """One shard."""
        from soundflow.data.build.run import make_shard

        number = int(row["number"])
        return {"number": number, "seconds": make_shard(self._shop, self._out, number)}


def _open(order: Order) -> None:
    """Make this process a worker of one thread."""
    global _shop
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from soundflow.data.build.run import open_workshop

    _shop = open_workshop(order)


def _make(out: str, number: int) -> float:
    from soundflow.data.build.run import make_shard

    assert _shop is not None
    return make_shard(_shop, Path(out), number)
