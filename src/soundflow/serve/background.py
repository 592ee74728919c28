"""A server in a thread of this process, for as long as a block lasts. Tests: tests/serve/test_connection.py.

with Engine(bundle) as engine, in_background(engine, bundle) as running:
    ...  # running.url
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from soundflow.errors import OutsideError
from soundflow.model.bundle import Bundle
from soundflow.serve.admission import Policy
from soundflow.serve.app import Server, Setup, build
from soundflow.serve.engine_figures import EngineFigures
from soundflow.serve.facts import ModelFacts
from soundflow.serve.limits import ServeLimits
from soundflow.serve.running import DrainingServer, configured, listening_socket
from soundflow.serve.sessions import OpenStream
from soundflow.serve.speech import Voice
from soundflow.stream.engine import Engine

_STOP_SECONDS = 20.0  # beyond the drain, for the loop to end


@dataclass(frozen=True)
class Background:
    """A server that runs, and how to reach and to stop it."""

    port: int
    server: Server
    engine: Engine
    thread: threading.Thread
    stop: Callable[[], None] = field(repr=False)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def cpu_seconds(self) -> float:
        """Processor time of the server's own thread, which does everything but the networks."""
        assert self.thread.ident is not None
        return time.clock_gettime(time.pthread_getcpuclockid(self.thread.ident))


def server_on(
    engine: Engine,
    bundle: Bundle,
    limits: ServeLimits,
    policy: Policy,
    examples: Mapping[str, Path],
    open_stream: OpenStream | None = None,
    voice: Voice | None = None,
) -> Server:
    """A server of an engine's model, with the engine's figures among its own.

    Args:
        open_stream: opens a stream; None opens it on the engine.
        voice: says replies aloud to clients that ask for sound; None where there is none.
    """
    config = bundle.config
    facts = ModelFacts(bundle.name, config.chunk_seconds, config.default_instruction, config.response_threshold)
    opens = open_stream or (lambda instruction, threshold, wake: engine.open(instruction, threshold, wake=wake))
    server = build(Setup(facts, opens, limits, policy, examples, voice))
    server.metrics.registry.register(EngineFigures(engine))
    return server


@contextmanager
def in_background(
    engine: Engine,
    bundle: Bundle,
    limits: ServeLimits | None = None,
    policy: Policy | None = None,
    examples: Mapping[str, Path] | None = None,
    open_stream: OpenStream | None = None,
    voice: Voice | None = None,
) -> Iterator[Background]:
    """Serve at a free port of this machine; `open_stream` and `voice` as in `server_on`.

    Raises:
        OutsideError: it did not stop (`serve.stuck`).
    """
    limits = limits or ServeLimits()
    with listening_socket("127.0.0.1", 0) as bound:
        server = server_on(engine, bundle, limits, policy or Policy(), examples or {}, open_stream, voice)
        process = DrainingServer(configured(server, limits), server)
        thread = threading.Thread(target=process.run, args=([bound],), name="serve")
        bound.listen()
        thread.start()

        def stop() -> None:
            process.is_serving.wait()
            process.handle_exit(signal.SIGTERM, None)
            thread.join(limits.drain_seconds + _STOP_SECONDS)

        try:
            yield Background(bound.getsockname()[1], server, engine, thread, stop)
        finally:
            if thread.is_alive():
                stop()
            if thread.is_alive():
                raise OutsideError("serve.stuck", "the server did not stop", "end the process")
