"""Whom a bench measures: a model's folder, or a server that is not there."""

from __future__ import annotations

import numpy as np
import pytest

from soundflow.cli.bench_system import find_system, is_address
from soundflow.errors import InputError, OutsideError


def test_an_address_is_told_from_a_name() -> None:
    assert is_address("ws://127.0.0.1:8000/v1/realtime") and is_address("wss://h/v1") and not is_address("nano")


def test_a_server_is_a_system_before_it_is_reached() -> None:
    system = find_system("ws://127.0.0.1:9/v1/realtime", 0.5, threads=1)
    assert system.name == "127.0.0.1:9" and system.threshold == 0.5
    with pytest.raises(OutsideError, match="cannot be reached"):
        system.hear(np.zeros(6400, np.float32), None)


def test_an_unknown_model_is_told() -> None:
    with pytest.raises(InputError, match="no model nobody"):
        find_system("nobody", None, threads=1)
