"""`model trace` writes arrays under the names that others compare."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from soundflow.cli.main import main

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(("frontend", "chunks"), [("clip", 5), ("stream", 8)])
def test_arrays_of_a_session(
    frontend: str, chunks: int, model_folder: Path, recording: Path, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "ids.json").write_text("[0, 1, 7]")
    # random weights may speak without end: the budget is what ends them
    words = ["model", "trace", str(model_folder), str(recording), "--frontend", frontend, "--json"]
    words += ["--max-new-tokens", "300"]
    assert main([*words, "--logit-ids", str(tmp_path / "ids.json"), "--out", str(tmp_path / "t.npz")]) == 0
    facts = json.loads(capsys.readouterr().out)
    arrays = np.load(facts["out"])
    assert arrays["noise_mel"].shape == (80, 40 * chunks)  # four and a half chunks; `stream` adds three of silence
    assert arrays["noise_feat"].shape[0] == arrays["noise_ln_post"].shape[0]
    steps = facts["steps"]
    assert 0 < steps <= 300
    assert arrays["token_ids"].shape == arrays["logsumexp"].shape == (steps,)
    assert arrays["sub_logits"].shape == (steps, 3)
    assert arrays["top5"].shape == arrays["top5_ids"].shape == (steps, 5)


def test_an_unknown_front_end_is_a_wrong_command(model_folder: Path, recording: Path, capsys: Capture) -> None:
    words = ["model", "trace", str(model_folder), str(recording), "--frontend", "tape", "--out", "x.npz"]
    assert main(words) == 2
    assert "use clip or stream" in capsys.readouterr().err
