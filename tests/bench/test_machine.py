"""The machine in one line, and the memory a process holds."""

from __future__ import annotations

import getpass
import platform

import numpy as np
import torch

from soundflow.bench.machine import describe_machine, peak_mb, resident_mb


def test_the_line_says_what_speed_depends_on_and_nobody_s_name() -> None:
    line = describe_machine(threads=1)
    assert "1 thread," in line and torch.__version__ in line and platform.python_version() in line
    assert platform.node() not in line.split() and getpass.getuser() not in line.split()
    assert "3 threads" in describe_machine(threads=3)


def test_memory_is_counted_in_megabytes() -> None:
    before = resident_mb()
    held = np.ones(64 << 20, np.uint8)
    grown = resident_mb() - before
    assert held[-1] == 1 and 10 < before < 64_000
    assert 50 < grown < 100
    assert peak_mb() >= before + 50
