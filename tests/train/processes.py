"""Two processes that learn together, for tests: forked from a server that has imported torch once."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from soundflow.train.parallel import World

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["soundflow.train.staged", "tests.train.corpora"])
TIMEOUT_SECONDS = 240


def together(work: Callable[..., None], size: int, folder: Path, *values: Any) -> list[int | None]:
    """Run `work(world, *values)` in `size` processes that know each other; their exit codes."""
    folder.mkdir(parents=True, exist_ok=True)
    processes = [_CONTEXT.Process(target=_one, args=(work, rank, size, folder, values)) for rank in range(size)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(TIMEOUT_SECONDS)
    return [process.exitcode for process in processes]


def apart(work: Callable[..., None], *values: Any) -> int | None:
    """Run `work(*values)` in a process of its own; its exit code, negative where a signal ended it."""
    process = _CONTEXT.Process(target=_alone, args=(work, values))
    process.start()
    process.join(TIMEOUT_SECONDS)
    return process.exitcode


def _one(work: Callable[..., None], rank: int, size: int, folder: Path, values: tuple[Any, ...]) -> None:
    torch.set_num_threads(1)
    os.environ["LOCAL_RANK"] = str(rank)  # as torchrun does; DeepSpeed asks for it
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=size)
    work(World(rank, size), *values)
    dist.destroy_process_group()


def _alone(work: Callable[..., None], values: tuple[Any, ...]) -> None:
    torch.set_num_threads(1)
    work(*values)
