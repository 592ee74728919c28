"""Every picture is drawn, from the smallest model there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundflow.analysis.attention import decision_attention
from soundflow.analysis.continuity import continuity
from soundflow.analysis.heads import HeadEffect, head_effects, measure_heads, open_ledger
from soundflow.analysis.layers import Head
from soundflow.analysis.occlusion import reason
from soundflow.analysis.pictures import draw_attention, draw_continuity, draw_heads, draw_reason
from soundflow.analysis.walk import walk
from soundflow.bench.bootstrap import NOTHING
from soundflow.errors import OutsideError
from soundflow.model.bundle import Bundle
from tests.analysis.conftest import noises
from tests.bench.streams import event, timeline
from tests.stream.conftest import noise

pytest.importorskip("matplotlib", reason="matplotlib is not installed")


def is_picture(path: Path) -> bool:
    return path.read_bytes()[:4] == b"\x89PNG" and not list(path.parent.glob("*.tmp"))


def test_continuity_and_heads_are_drawn(bundle: Bundle, tmp_path: Path) -> None:
    streams = noises(2)
    draw_continuity(continuity(bundle, streams), "small", tmp_path / "made" / "continuity.png")
    ledger = open_ledger(bundle, streams, tmp_path)
    measure_heads(bundle, streams, ledger)
    draw_heads(head_effects(bundle, streams, ledger), "small", tmp_path / "made" / "heads.png")
    assert is_picture(tmp_path / "made" / "continuity.png") and is_picture(tmp_path / "made" / "heads.png")


def test_a_model_that_never_speaks_has_a_picture_without_numbers(tmp_path: Path) -> None:
    nothing = [HeadEffect(Head(0, head), NOTHING, NOTHING, NOTHING, NOTHING) for head in range(2)]
    draw_heads(nothing, "silent", tmp_path / "heads.png")
    assert is_picture(tmp_path / "heads.png")


def test_a_decision_is_drawn_under_its_sound(bundle: Bundle, tmp_path: Path) -> None:
    samples = noise(5.0)
    found = walk(bundle, samples)
    known = timeline(event(0.5, 1.0, "respond", "siren"), event(1.2, 1.5, "ignore", "cow"), seconds=2.0)
    draw_attention(decision_attention(bundle, found, 4), samples, 0.4, "small", tmp_path / "attention.png", known)
    draw_reason(reason(bundle, samples, found, 4), samples, "small", tmp_path / "why.png", None)
    assert is_picture(tmp_path / "attention.png") and is_picture(tmp_path / "why.png")


def test_a_disk_that_refuses_is_a_clear_error(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutsideError, match="cannot write"):
        draw_continuity(continuity(bundle, noises(1)), "small", tmp_path / "taken" / "x.png")
