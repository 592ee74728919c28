"""The machine a figure was measured on, and the memory a process holds. Tests: tests/bench/test_machine.py."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

import torch

_CPU_INFO = Path("/proc/cpuinfo")
_MEMORY = Path("/proc/self/statm")


def describe_machine(threads: int | None = None) -> str:
    """Processor, cores, threads used, system and versions; nothing that names the machine or its user."""
    used = torch.get_num_threads() if threads is None else threads
    cores = os.cpu_count() or 1
    return (
        f"{_processor()}, {cores} cores, {used} thread{'s' if used != 1 else ''}, {platform.system()}, "
        f"Python {platform.python_version()}, torch {torch.__version__}"
    )


def resident_mb() -> float:
    """Memory this process holds now, MiB; the most it ever held where the system does not tell (not Linux)."""
    try:
        pages = int(_MEMORY.read_text(encoding="ascii").split()[1])
    except OSError:
        return peak_mb()
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def peak_mb() -> float:
    """The most memory this process ever held, MiB."""
    import resource  # not on every system, and only this needs it

    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def _processor() -> str:
    """The processor's own name where the system tells it, else its architecture."""
    try:
        lines = _CPU_INFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
