"""Draws docs/images/load-knee.png: how late decisions are, and what stalls, as sessions grow in number.

    python docs/images/draw_load.py benchmarks/load_2-core-cpu_2026-11-21.jsonl

from the repository's root; the file is what `soundflow bench load --sessions 8,16,… --json` printed. Needs matplotlib.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

COLOURS = {"p50": "#8aa5bf", "p95": "#2f5d8a", "p99": "#c2572b"}
CHUNK_MS = 400.0


def main(source: str) -> None:
    """Draw the rows of a file, one for each number of sessions."""
    lines = Path(source).read_text(encoding="utf-8").split("\n")
    found = [json.loads(line) for line in lines if line]
    rows = sorted((row for row in found if row["type"] == "load"), key=lambda row: row["sessions"])
    target = next(row["decision_ms_p99_at_most"] for row in found if row["type"] == "knee")
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(7.5, 4.6), sharex=True, gridspec_kw={"height_ratios": [3, 1]}, dpi=120
    )
    sessions = [row["sessions"] for row in rows]
    _draw_times(above, sessions, rows, target)
    below.plot(sessions, [row["stall_percent"] for row in rows], marker="o", color="#c2572b", label="stalled chunks")
    below.plot(sessions, [row["late_percent"] for row in rows], marker="o", color="#2f5d8a", label="late decisions")
    below.set_ylabel("%")
    below.set_xlabel("sessions")
    below.set_xscale("log", base=2)
    below.set_xticks(sessions, [str(count) for count in sessions])
    below.minorticks_off()
    below.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(Path(__file__).with_name("load-knee.png"))


def _draw_times(axes: Any, sessions: list[int], rows: list[dict[str, Any]], target: float) -> None:
    for name, colour in COLOURS.items():
        key = f"decision_ms_{name}"
        axes.plot(sessions, [row[key] for row in rows], marker="o", color=colour, label=name)
        low, high = zip(*(row["intervals"].get(key, (row[key], row[key])) for row in rows), strict=True)
        axes.fill_between(sessions, low, high, color=colour, alpha=0.2)
    for height, text in ((target, f"{target:.0f} ms"), (CHUNK_MS, "one chunk")):
        axes.axhline(height, color="black", linewidth=0.6, linestyle=":")
        axes.annotate(text, (sessions[0], height), fontsize=7, va="bottom")
    axes.set_yscale("log")
    axes.set_ylabel("sound in to decision out, ms")
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0.0, 0.9))
    axes.set_title(f"{rows[0]['command'].split(' --json')[0]}", fontsize=7)


if __name__ == "__main__":
    main(sys.argv[1])
