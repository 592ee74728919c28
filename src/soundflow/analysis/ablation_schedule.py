"""The paper's row "without FIFO": a schedule and no training, so it is played on simulated time under every seed.

Tests: tests/analysis/test_ablation_schedule.py.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from soundflow.bench.fifo import compare, draw_dialogue, rows_table
from soundflow.stream.schedule import Policy

ROWS = 13  # positions of a chunk in the decoder, whose decision `decision_ms` is
BOOTSTRAPS = 1  # its bounds are not shown: the spread here is that of the seeds
FIGURES = ("first_text_ms", "stall_percent", "resume_ms")
NAMES: dict[Policy, str] = {"fifo": "with FIFO", "synchronous": "without FIFO"}
PAPER = {
    "fifo": "392 ms, 0.0 % stalled",
    "synchronous": "831 ms, 5.2 % stalled",
}  # paper, table "asynchronous inference"


@dataclass(frozen=True)
class ScheduleConfig:
    """How many dialogues are played under each seed, and what the model's work takes in milliseconds.

    The defaults are the published 3B shape at a tenth of what it takes on two CPU cores (benchmarks/fifo.py).
    """

    dialogues: int = 200
    encode_ms: float = 11.1
    decision_ms: float = 35.3
    text_token_ms: float = 31.5


def without_fifo(config: ScheduleConfig, seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Delay of the first word, share of stalled chunks and time to resume, with FIFO and without.

    Returns:
        A row a schedule: each figure's `mean` and `deviation` over the seeds.

    Source: paper, table "effect of asynchronous inference".
    """
    costs = rows_table("as configured", config.encode_ms, ROWS, config.text_token_ms, config.decision_ms)
    found = []
    for seed in seeds:
        rng = np.random.default_rng([seed, 0])
        found.append(compare([draw_dialogue(rng) for _ in range(config.dialogues)], costs, seed, BOOTSTRAPS))
    return [
        {"table": "FIFO", "name": name, "paper": PAPER[policy]}
        | {figure: _over_seeds([one[figure][policy]["value"] for one in found]) for figure in FIGURES}
        for policy, name in NAMES.items()
    ]


def _over_seeds(values: Sequence[float]) -> dict[str, float]:
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return {"mean": round(statistics.fmean(values), 2), "deviation": round(deviation, 2)}
