"""Versions, commit and machine; nothing that names the machine or its user."""

from __future__ import annotations

from pathlib import Path

from soundflow.bench.report.origin import commit, origin


def test_whoever_wants_the_same_is_told() -> None:
    facts = dict(origin("soundflow bench report x.json", "2026-01-01"))
    assert facts["command"] == "soundflow bench report x.json" and "torch" in facts["libraries"]
    assert facts["commit"] and facts["soundflow"]


def test_a_folder_outside_any_checkout(tmp_path: Path) -> None:
    assert commit(tmp_path) == "not a checkout"
