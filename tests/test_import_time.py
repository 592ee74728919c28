"""Importing the package and asking for help stay light: nothing heavy is loaded. No clock is read here."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.conftest import environment

HEAVY = ("torch", "numpy", "soundfile", "soxr", "tokenizers", "safetensors", "rich", "scipy")
VERBS: tuple[list[str], ...] = (
    [],
    ["listen"],
    ["ask"],
    ["serve"],
    ["train"],
    ["doctor"],
    ["model"],
    ["model", "info"],
    ["bench"],
    ["data"],
    ["analyze"],
    ["analyze", "heads"],
)


def loaded_after(code: str) -> set[str]:
    """Which heavy packages a fresh interpreter holds after running the code."""
    report = f"{code}\nimport sys\nprint('LOADED', *[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True, env=environment())
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_after("import soundflow") == set()


def test_catching_errors_and_matching_events_loads_nothing_heavy() -> None:
    assert loaded_after("from soundflow import InputError, Decision, ReplyEnd") == set()


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: " ".join(verb) or "program")
def test_help_loads_nothing_heavy(verb: list[str]) -> None:
    code = f"from soundflow.cli.main import main\nassert main({[*verb, '--help']!r}) in (0, 2)"
    assert loaded_after(code) <= {"rich"}
