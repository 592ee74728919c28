"""The machine a figure was measured on, in one line. Tests: tests/bench/test_machine.py."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import torch

_CPU_INFO = Path("/proc/cpuinfo")


def describe_machine(threads: int | None = None) -> str:
    """Processor, cores, threads used, system and versions; nothing that names the machine or its user."""
    used = torch.get_num_threads() if threads is None else threads
    cores = os.cpu_count() or 1
    return (
        f"{_processor()}, {cores} cores, {used} thread{'s' if used != 1 else ''}, {platform.system()}, "
        f"Python {platform.python_version()}, torch {torch.__version__}"
    )


def _processor() -> str:
    """The processor's own name where the system tells it, else its architecture."""
    try:
        lines = _CPU_INFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
