"""`soundflow serve --ray N`: the server as replicas. Tests: tests/cli/test_serve.py, tests/serve/test_replicas.py."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import typer

from soundflow.cli.needs import need
from soundflow.errors import UsageError

if TYPE_CHECKING:
    from soundflow.model.bundle import Bundle
    from soundflow.serve.admission import Policy
    from soundflow.serve.limits import ServeLimits


def check_alone(**others: object) -> None:
    """Refuse what one process has and several would have to share.

    Raises:
        UsageError: such an option is given (`serve.ray_alone`).
    """
    given = [f"--{name.replace('_', '-')}" for name, value in others.items() if value is not None]
    if given:
        found = f"{', '.join(given)} with --ray"
        raise UsageError("serve.ray_alone", found, "replicas neither alert nor speak: serve without --ray for that")


def serve_replicas(
    count: int, where: tuple[str, int], model: str, threads: int, limits: ServeLimits, policy: Policy, as_json: bool
) -> None:
    """Serve as `count` replicas at (host, port) until a signal comes.

    Raises:
        OutsideError: Ray Serve is not installed (`extra.missing`) or does not start (`serve.ray`).
    """
    need("ray", "ray", "fastapi", "grpc_reflection", "mmh3")
    from soundflow.api import example_path, examples
    from soundflow.serve.replicas import Replicas, serve_on_ray

    recordings = {name: path for name in examples() if (path := example_path(name)) is not None}

    def ready(url: str) -> None:
        if as_json:
            typer.echo(json.dumps({"type": "listening", "url": url, "model": model, "replicas": count}))
        else:
            typer.echo(f"{model}, {count} replicas, at {url} — Ctrl-C stops", err=True)

    serve_on_ray(Replicas(count, *where, partial(_load, model, threads), limits, policy, recordings), ready)


def _load(model: str, threads: int) -> Bundle:
    import torch

    from soundflow.api import load

    torch.set_num_threads(threads)
    return load(model).bundle
