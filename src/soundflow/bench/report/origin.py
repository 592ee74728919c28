"""Where a figure comes from: versions, commit, machine. Tests: tests/bench/report/test_origin.py."""

from __future__ import annotations

import subprocess
from importlib.metadata import version
from pathlib import Path

from soundflow.bench.machine import describe_machine

_LIBRARIES = ("torch", "numpy", "soundfile", "soxr", "tokenizers", "safetensors")


def origin(command: str, day: str) -> tuple[tuple[str, str], ...]:
    """What whoever wants the same needs to know, as names and values.

    Args:
        command: the command line that makes the page.
        day: when, as the page shall say it.
    """
    return (
        ("command", command),
        ("day", day),
        ("soundflow", version("soundflow")),
        ("commit", commit(Path(__file__).parent)),
        ("libraries", ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)),
        ("machine that made this page", describe_machine()),
    )


def commit(folder: Path) -> str:
    """The commit of a checkout, with a note when files were changed since; "not a checkout" elsewhere."""
    found = _git(folder, "rev-parse", "--short=12", "HEAD")
    if found is None:
        return "not a checkout"
    return f"{found}, changed since" if _git(folder, "status", "--porcelain", "--untracked-files=no", ".") else found


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
