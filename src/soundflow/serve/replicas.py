"""The server as Ray Serve replicas: each a process with a model and an engine of its own behind one address.

A socket stays with the replica it came to. Who wants to come back to a session (`session.resume`) sends a header
`x-session-id` with a value of its own over both sockets: the same value goes to the same replica. Keys, origins and
limits hold in each replica by itself; `/metrics` answers for the one it reaches.
Needs the extra `[ray]`. Tests: tests/serve/test_replicas.py.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from soundflow.errors import OutsideError
from soundflow.model.bundle import Bundle
from soundflow.serve.admission import Policy
from soundflow.serve.background import server_on
from soundflow.serve.limits import ServeLimits
from soundflow.serve.logs import log_to
from soundflow.stream.engine import Engine, EngineLimits

STICKY_HEADER = "x-session-id"  # as Ray Serve's consistent-hash router reads it
_ROUTER = "ray.serve.experimental.consistent_hash_router.ConsistentHashRouter"
_SPARE = 32  # requests beside the sessions that a replica answers at once; chosen
_PATIENCE_SECONDS = "120"  # for Ray's front to start on a busy machine
_OWN_PROCESSES = 2  # Ray Serve's controller and its front
_STORE_BYTES = 100 * 2**20  # Ray's shared memory, which nothing here uses


@dataclass(frozen=True)
class Replicas:
    """How many servers there are, where, and what each is made of."""

    count: int
    host: str
    port: int
    load: Callable[[], Bundle]  # called in each replica
    limits: ServeLimits
    policy: Policy
    examples: Mapping[str, Path]


@contextmanager
def replicas(wanted: Replicas) -> Iterator[str]:
    """Run them while the block lasts; gives the address they answer at.

    Raises:
        OutsideError: Ray could not start them (`serve.ray`).
    """
    os.environ.setdefault("RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S", _PATIENCE_SECONDS)  # Ray's own 5 s are few
    import ray
    import ray.serve.config

    serve: Any = ray.serve  # its own types say less than is so
    config: Any = ray.serve.config

    try:
        cpus = wanted.count + _OWN_PROCESSES  # as Ray counts them: how many processes may start side by side
        ray.init(include_dashboard=False, log_to_driver=False, object_store_memory=_STORE_BYTES, num_cpus=cpus)
        serve.start(http_options=config.HTTPOptions(host=wanted.host, port=wanted.port))
        deployment = serve.deployment(
            serve.ingress(_builder(wanted))(),
            name="soundflow",
            num_replicas=wanted.count,
            max_ongoing_requests=wanted.limits.sessions + _SPARE,
            graceful_shutdown_timeout_s=wanted.limits.drain_seconds,
            request_router_config=config.RequestRouterConfig(
                request_router_class=_ROUTER, request_router_kwargs={"num_fallback_replicas": 0}
            ),
        )
        serve.run(deployment.bind(), name="soundflow")
    except Exception as e:
        serve.shutdown()
        ray.shutdown()
        raise OutsideError("serve.ray", f"Ray could not start {wanted.count} replicas: {e}", "see `ray status`") from e
    try:
        yield f"http://{wanted.host}:{wanted.port}"
    finally:
        serve.shutdown()
        ray.shutdown()


def serve_on_ray(wanted: Replicas, ready: Callable[[str], None]) -> None:
    """Run them until a signal comes."""
    over = threading.Event()
    with replicas(wanted) as address:
        for number in (signal.SIGINT, signal.SIGTERM):  # now: Ray takes them for itself when it starts
            signal.signal(number, lambda *_: over.set())
        ready(address)
        over.wait()


def _builder(wanted: Replicas) -> Callable[[], ASGIApp]:
    """What each replica runs once, in its own process."""

    def build() -> Any:
        log_to(sys.stderr)
        bundle = wanted.load()
        engine = Engine(bundle, EngineLimits(sessions=wanted.limits.sessions + _SPARE))
        return server_on(engine, bundle, wanted.limits, wanted.policy, wanted.examples).app

    return build
