"""What was found, as pictures: the spectrogram above where there is one, heat maps and curves below.

Needs matplotlib (the extra [analysis]). Tests: tests/analysis/test_pictures.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundflow.analysis.attention import DecisionAttention
from soundflow.analysis.continuity import StageContinuity
from soundflow.analysis.heads import HeadEffect
from soundflow.analysis.occlusion import Reason
from soundflow.atomic import replacing, try_place
from soundflow.bench.bootstrap import Interval
from soundflow.data.timeline import SAMPLE_RATE, Timeline
from soundflow.errors import OutsideError

Samples = NDArray[np.float32]

FRAME, HOP = 512, 160  # samples of the spectrogram: 32 ms every 10 ms
RANGE_DB = 70.0
MOST_HEAD_ROWS = 24  # heads drawn in an attention map; a model with more shows those that look most at sound
SPEAK, HOLD, CALM = "#c2572b", "#2f5d8a", "#8aa5bf"


def draw_continuity(stages: Sequence[StageContinuity], title: str, path: Path) -> None:
    """The ratio along the model with its bounds, beside the control and the centred ratio.

    Raises:
        OutsideError: matplotlib is not installed, or the disk refuses.
    """
    with _figure(path, (7.5, 3.6)) as (figure, _):
        axes = figure.add_subplot()
        places = np.arange(len(stages))
        for name, label, colour in (
            ("ratio", "border / within", SPEAK),
            ("apart_ratio", "apart / within (control)", CALM),
            ("centred_ratio", "border / within, mean row taken off", HOLD),
        ):
            values = [getattr(stage, name) for stage in stages]
            middle, low, high = (np.array(column) for column in zip(*map(_numbers, values), strict=True))
            axes.plot(places, middle, marker="o", label=label, color=colour)
            axes.fill_between(places, low, high, color=colour, alpha=0.2)
        axes.axhline(1.0, color="black", linewidth=0.6, linestyle=":")
        axes.set_xticks(places, [stage.stage for stage in stages], rotation=45, ha="right")
        axes.set_ylabel("ratio of cosines")
        axes.legend(fontsize=7)
        axes.set_title(title, fontsize=8)
        figure.tight_layout()


def draw_heads(effects: Sequence[HeadEffect], title: str, path: Path) -> None:
    """Two heat maps, layers down and heads across: the drop in token match, and the shift of the log odds.

    Raises:
        OutsideError: matplotlib is not installed, or the disk refuses.
    """
    layers = 1 + max(effect.head.layer for effect in effects)
    heads = 1 + max(effect.head.head for effect in effects)
    size = (max(6.0, 1.2 + 0.7 * heads), max(2.8, 1.2 + 0.3 * layers))
    with _figure(path, size) as (figure, _):
        for at, (name, label) in enumerate((("drop", "drop in token match"), ("shift", "shift of log odds"))):
            values = np.full((layers, heads), np.nan)
            for effect in effects:
                values[effect.head.layer, effect.head.head] = _numbers(getattr(effect, name))[0]
            axes = figure.add_subplot(1, 2, at + 1)
            shown = axes.imshow(values, aspect="auto", cmap="magma", vmin=0)
            if layers * heads <= 64:
                _write_values(axes, values)
            axes.set_xlabel("head")
            axes.set_ylabel("layer")
            axes.set_xticks(range(0, heads, 1 + heads // 16))
            axes.set_yticks(range(0, layers, 1 + layers // 16))
            figure.colorbar(shown, ax=axes)
            axes.set_title(label, fontsize=8)
        figure.suptitle(title, fontsize=8)
        figure.tight_layout()


def draw_attention(
    found: DecisionAttention, samples: Samples, chunk_seconds: float, title: str, path: Path, timeline: Timeline | None
) -> None:
    """The sound of the window above, each head's attention on it below; at the right what went to the instruction.

    Raises:
        OutsideError: matplotlib is not installed, or the disk refuses.
    """
    heads = found.heads_by_sound()[:MOST_HEAD_ROWS]
    rows = np.stack([found.by_chunk[head.layer, head.head] for head in heads])
    start, end = found.first * chunk_seconds, (found.chunk + 1) * chunk_seconds
    with _figure(path, (10.0, 3.0 + 0.16 * len(heads))) as (figure, _plt):
        grid = figure.add_gridspec(2, 2, width_ratios=(30, 1), height_ratios=(2.2, 1 + 0.16 * len(heads)))
        sound, attention, aside = (figure.add_subplot(grid[at]) for at in ((0, 0), (1, 0), (1, 1)))
        _spectrogram(sound, samples, start, end, timeline)
        attention.imshow(
            rows,
            aspect="auto",
            cmap="magma",
            vmin=0,
            extent=(start, end, len(heads) - 0.5, -0.5),
            interpolation="nearest",
        )
        attention.set_yticks(range(len(heads)), [str(head) for head in heads], fontsize=6)
        attention.set_xlabel("seconds of stream; each column a chunk, the last one is decided")
        on_instruction = np.array([[found.on_instruction[head.layer, head.head]] for head in heads])
        aside.imshow(on_instruction, aspect="auto", cmap="Greys", vmin=0, vmax=1)
        aside.set_xticks([0], ["instruction"], fontsize=6, rotation=45)
        aside.set_yticks([])
        figure.suptitle(title, fontsize=8)
        figure.tight_layout()


def draw_reason(found: Reason, samples: Samples, title: str, path: Path, timeline: Timeline | None) -> None:
    """The sound in reach above, a white line under the carrier; below how the log odds fall without each stretch.

    Raises:
        OutsideError: matplotlib is not installed, or the disk refuses.
    """
    lengths = sorted({stretch.seconds for stretch in found.stretches})
    start = min(stretch.start for stretch in found.stretches)
    most = max(1e-6, *(abs(stretch.fall) for stretch in found.stretches))
    told = f"red: the log odds fall without it (at most by {most:.1f}), blue: they rise"
    with _figure(path, (10.0, 3.4 + 0.4 * len(lengths))) as (figure, plt):
        sound, falls = figure.subplots(2, 1, height_ratios=(2.2, 0.6 + 0.5 * len(lengths)))
        _spectrogram(sound, samples, start, found.end, timeline)
        sound.plot([found.carrier.start, found.carrier.end], [0.15, 0.15], color="white", linewidth=4)
        for stretch in found.stretches:
            middle, step = (stretch.start + stretch.end) / 2, stretch.seconds / 2
            strength = np.sign(stretch.fall) * (abs(stretch.fall) / most) ** 0.5  # small falls can be seen, too
            colour = plt.get_cmap("RdBu_r")(0.5 + 0.5 * strength)
            falls.barh(lengths.index(stretch.seconds), step, left=middle - step / 2, height=0.9, color=colour)
        falls.set_yticks(range(len(lengths)), [f"{length:g} s" for length in lengths])
        falls.set_xlim(start, found.end)
        falls.set_facecolor("#f2f2f2")
        falls.set_ylabel("covered")
        falls.set_xlabel(f"seconds of stream; each box is the middle of what was covered; {told}")
        figure.suptitle(title, fontsize=8)
        figure.tight_layout()


def check_picture(path: Path) -> None:
    """Try whether a picture can be written, before the work that it shows; nothing is made or changed.

    Raises:
        OutsideError: it cannot (`analysis.write`).
    """
    try:
        try_place(path)
    except OSError as error:
        raise _not_written(path, error) from error


def _not_written(path: Path, error: OSError) -> OutsideError:
    hint = "free the disk or name another place"
    return OutsideError("analysis.write", f"cannot write {path}: {error.strerror}", hint)


@contextmanager
def _figure(path: Path, size: tuple[float, float]) -> Iterator[tuple[Any, Any]]:
    """An empty figure, written to a PNG when the block ends well."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt
    except ImportError as error:
        hint = "pip install -c constraints.txt '.[analysis]'"
        raise OutsideError("extra.missing", "this needs matplotlib, which is not installed", hint) from error
    with plt.rc_context({"font.size": 8}):
        figure = plt.figure(figsize=size)
        try:
            yield figure, plt
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as temporary:
                figure.savefig(temporary, dpi=100, format="png")
        except OSError as error:
            raise _not_written(path, error) from error
        finally:
            plt.close(figure)


def _spectrogram(axes: Any, samples: Samples, start: float, end: float, timeline: Timeline | None) -> None:
    """Decibels over time and frequency between two moments of the stream, with what is known to sound there."""
    piece = samples[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(piece, (0, FRAME)), FRAME)[::HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(FRAME).astype(np.float32), axis=1)) ** 2
    decibels = 10 * np.log10(power.T + 1e-10)
    top = float(decibels.max())
    last = start + len(piece) / SAMPLE_RATE
    extent = (start, last, 0, SAMPLE_RATE / 2000)
    axes.imshow(decibels, origin="lower", aspect="auto", extent=extent, vmin=top - RANGE_DB, vmax=top, cmap="viridis")
    if timeline is not None:
        _events(axes, timeline, start, end)
    axes.set_xlim(start, end)
    axes.set_ylim(0, SAMPLE_RATE / 2000)
    axes.set_ylabel("kHz")


def _events(axes: Any, timeline: Timeline, start: float, end: float) -> None:
    """A line for each event on top of the spectrogram, and its name where the last one left room for it."""
    written_until = start
    for event in sorted(timeline.events, key=lambda event: event.onset):
        if event.onset >= end or event.end <= start:
            continue
        first, last = max(event.onset, start), min(event.end, end)
        colour = SPEAK if event.decision == "respond" else "white"
        axes.plot([first, last], [7.7, 7.7], color=colour, linewidth=3)
        if first >= written_until:
            align = "right" if first > end - 0.1 * (end - start) else "left"
            at = end if align == "right" else first
            axes.text(at, 7.3, event.label, color="white", fontsize=7, va="top", ha=align, clip_on=True)
            written_until = first + len(event.label) * 0.011 * (end - start)


def _write_values(axes: Any, values: NDArray[np.float64]) -> None:
    most = max([1e-6, *values[np.isfinite(values)].tolist()])
    for (row, column), value in np.ndenumerate(values):
        colour = "black" if value > 0.6 * most else "white"
        axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=6, color=colour)


def _numbers(figure: Interval) -> tuple[float, float, float]:
    if figure.value is None or figure.low is None or figure.high is None:
        return (np.nan, np.nan, np.nan)
    return figure.value, figure.low, figure.high
