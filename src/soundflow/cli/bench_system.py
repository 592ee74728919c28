"""Whom a bench measures: a model's name or folder, or a server's address. Tests: tests/cli/test_bench_system.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from soundflow.bench.systems import System
    from soundflow.model.bundle import Bundle

SystemOption = Annotated[
    str, typer.Option("--model", metavar="M", help="`nano`, `nano-2`, a model's folder, or a server's ws:// address.")
]
KEY_VARIABLE = "SOUNDFLOW_ENDPOINT_KEY"


def is_address(model: str) -> bool:
    """Whether a model's name is a server's address."""
    return model.startswith(("ws://", "wss://"))


def find_system(model: str, threshold: float | None, threads: int) -> System:
    """What is measured: sessions of our own, or of a server that speaks OpenAI's Realtime names.

    Raises:
        OutsideError: a server's client is not installed (`extra.missing`).
        InputError, OutsideError: as loading a model.
    """
    if not is_address(model):
        from soundflow.bench.systems import model_system

        return model_system(load_bundle(model, threads), threshold)
    from soundflow.bench.endpoint import key_from_environment
    from soundflow.bench.remote import Address, remote_system
    from soundflow.cli.needs import need

    need("serve", "websockets")
    return remote_system(Address(model, key_from_environment()), threshold)


def load_bundle(model: str, threads: int) -> Bundle:
    """A model's weights, computing with so many threads."""
    import torch

    from soundflow.api import load

    torch.set_num_threads(threads)
    return load(model).bundle
