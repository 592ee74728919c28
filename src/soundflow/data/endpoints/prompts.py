"""What endpoints are told to be and do: text files, beside who asks. Tests: tests/data/endpoints/test_prompts.py."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def prompt(name: str) -> str:
    """One prompt, as in `curate/scenario`: the file scenario.txt in curate/prompts."""
    folder, _, stem = name.rpartition("/")
    return files("soundflow.data").joinpath(folder, "prompts", f"{stem}.txt").read_text(encoding="utf-8")
