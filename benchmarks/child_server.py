"""A server in a process of its own, as the measurements beside this file need it."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import multiprocessing
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection

from soundflow.bench.load_wire import Address, address_of
from soundflow.model.bundle import Bundle
from soundflow.stream.schedule import Policy


@dataclass(frozen=True)
class Child:
    """A server in another process."""

    address: Address
    pipe: Connection
    pid: int

    def loop_cpu_seconds(self) -> float:
        """Processor time of the thread that does everything but the networks."""
        self.pipe.send("cpu")
        return float(self.pipe.recv())

    def live(self) -> dict[str, float]:
        """What the process has not given back to its own allocators, which keep pages for later: MiB, and objects."""
        self.pipe.send("live")
        return dict(self.pipe.recv())


@contextlib.contextmanager
def child_server(make: Callable[[], Bundle], sessions: int, policy: Policy = "fifo") -> Iterator[Child]:
    """Serve what `make` gives, under a schedule's policy, while the block lasts."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, make, sessions, policy))
    process.start()
    try:
        yield Child(address_of(f"http://127.0.0.1:{here.recv()}"), here, process.pid or 0)
    finally:
        here.send("enough")
        process.join()


def _serve(pipe: Connection, make: Callable[[], Bundle], sessions: int, policy: Policy) -> None:
    import torch

    from soundflow.serve.background import in_background
    from soundflow.serve.limits import ServeLimits
    from soundflow.stream.engine import Engine, EngineLimits

    torch.set_num_threads(1)
    bundle = make()
    limits = ServeLimits(sessions=sessions, sessions_per_key=sessions, resume_seconds=1.0)
    with (
        Engine(bundle, EngineLimits(sessions=sessions, policy=policy)) as engine,
        in_background(engine, bundle, limits) as running,
    ):
        pipe.send(running.port)
        while (asked := pipe.recv()) != "enough":
            pipe.send(running.cpu_seconds if asked == "cpu" else _live())


def _live() -> dict[str, float]:
    """Bytes of malloc that are in use (glibc 2.33 and newer) and blocks of Python's own allocator."""
    gc.collect()
    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = type("Info", (ctypes.Structure,), {"_fields_": [(f"f{i}", ctypes.c_size_t) for i in range(10)]})
    info = mallinfo2()
    return {"live_mib": (info.f4 + info.f7) / 2**20, "python_blocks": float(sys.getallocatedblocks())}


def nano() -> Bundle:
    """The packaged model."""
    from soundflow.api import load

    return load("nano").bundle


def silent() -> Bundle:
    """A model that takes no time and never speaks."""
    from soundflow.testing.model import scripted_bundle

    return scripted_bundle()


def talking() -> Bundle:
    """A model that takes no time and says a few words every ten seconds, for a day and a bit."""
    from soundflow.testing.model import Script, ScriptedReply, scripted_bundle

    return scripted_bundle(Script({chunk: ScriptedReply("Something fell.") for chunk in range(24, 250_000, 25)}))
