"""One stream as a picture: spectrogram, what sounds, what is decided, and what is said.

Tests: tests/data/report/test_report.py.
"""

from __future__ import annotations

import textwrap
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundflow.atomic import replacing
from soundflow.data.build.corpus import StoredStream
from soundflow.data.timeline import SAMPLE_RATE, Timeline, chunk_of
from soundflow.errors import OutsideError

FRAME, HOP = 512, 160  # samples of the spectrogram: 32 ms every 10 ms
RANGE_DB = 70.0
ROLE_COLOURS = {"foreground": "#2f5d8a", "background": "#8aa5bf", "ambient": "#c5d3df"}
SPEAK, SILENT = "#c2572b", "#d9d9d9"
LETTER_SHARE = 0.0055  # of the picture's width, that a letter takes: a name that is too long stands behind its bar
MOST_TEXTS = 14  # replies written out below the picture
FONTS = ("DejaVu Sans", "Noto Sans CJK SC", "WenQuanYi Zen Hei", "Droid Sans Fallback")  # the rest for Mandarin


def draw_stream(stream: StoredStream, path: Path) -> None:
    """Draw a stream into a PNG.

    Raises:
        OutsideError: matplotlib is not installed, or the disk refuses.
    """
    try:
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.font_manager
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise OutsideError("inspect.no_matplotlib", "matplotlib is not installed", "pip install matplotlib") from error
    line, samples = stream.timeline, stream.samples
    spoken = [(line.chunk_seconds * (chunk + 1), reply.text) for chunk, reply, _ in line.responses]
    height = 5.6 + 0.2 * min(len(spoken), MOST_TEXTS)
    installed = {font.name for font in matplotlib.font_manager.fontManager.ttflist}
    fonts = [name for name in FONTS if name in installed]
    with warnings.catch_warnings(), plt.rc_context({"font.family": fonts, "font.size": 8}):
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # Mandarin becomes boxes, not an error
        figure, (sound, lanes, decisions, words) = plt.subplots(
            4, 1, figsize=(12, height), height_ratios=[3, 2, 0.5, max(0.4, 0.28 * min(len(spoken), MOST_TEXTS))]
        )
        _spectrogram(sound, samples, line)
        _events(lanes, line)
        _decisions(decisions, line)
        _words(words, spoken)
        asked = textwrap.shorten(line.instruction or "(no instruction)", 120)
        figure.suptitle(f"{stream.key} · {line.task} · {stream.annotation.get('place') or '–'} · {asked}", fontsize=9)
        figure.tight_layout(h_pad=0.3)
        _save(figure, path)
        plt.close(figure)


def _spectrogram(axes: Any, samples: NDArray[np.float32], line: Timeline) -> None:
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, (0, FRAME)), FRAME)[::HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(FRAME).astype(np.float32), axis=1)) ** 2
    decibels = 10 * np.log10(power.T + 1e-10)
    top = float(decibels.max())
    axes.imshow(
        decibels,
        origin="lower",
        aspect="auto",
        extent=(0, len(samples) / SAMPLE_RATE, 0, SAMPLE_RATE / 2000),
        vmin=top - RANGE_DB,
        vmax=top,
        cmap="magma",
    )
    axes.set_ylabel("kHz")
    axes.set_xlim(0, line.seconds)
    axes.set_xticks([])


def _events(axes: Any, line: Timeline) -> None:
    """A bar an event, its cue as a line; noise tracks as words at the side."""
    for at, event in enumerate(line.events):
        colour = SPEAK if event.decision == "respond" and event.role == "foreground" else ROLE_COLOURS[event.role]
        row = at % 3
        axes.barh(row, event.end - event.onset, left=event.onset, height=0.8, color=colour, alpha=0.75)
        fits = len(event.label) * LETTER_SHARE * line.seconds < event.end - event.onset
        axes.text((event.onset if fits else event.end) + 0.05, row, event.label, va="center", clip_on=True)
        if event.reply is not None:
            axes.plot([event.cue, event.cue], [row - 0.45, row + 0.45], color="black", linewidth=1.2)
    axes.set_xlim(0, line.seconds)
    axes.set_ylim(-0.6, 2.6)
    axes.set_yticks([])
    noise = " · ".join(f"{n.kind}: {n.label} {n.snr_db:.0f} dB" for n in line.noise)
    axes.set_xlabel(f"noise — {noise}" if noise else "", fontsize=7)


def _decisions(axes: Any, line: Timeline) -> None:
    chunks = round(line.seconds / line.chunk_seconds)
    speaking = {chunk for chunk, _, _ in line.responses}
    for chunk in range(chunks):
        colour = SPEAK if chunk in speaking else SILENT
        axes.barh(0, line.chunk_seconds * 0.9, left=chunk * line.chunk_seconds, height=0.8, color=colour)
    for turn in line.turns:
        assert chunk_of(turn.at, line.chunk_seconds) in speaking
    axes.set_xlim(0, line.seconds)
    axes.set_yticks([])
    axes.set_xlabel("seconds; a box a chunk, orange where it responds")


def _words(axes: Any, spoken: list[tuple[float, str]]) -> None:
    axes.axis("off")
    shown = [f"{at:5.1f} s  {textwrap.shorten(text, 130)}" for at, text in spoken[:MOST_TEXTS]]
    if len(spoken) > MOST_TEXTS:
        shown.append(f"… and {len(spoken) - MOST_TEXTS} more")
    axes.text(0, 1, "\n".join(shown) or "nothing is said", va="top", transform=axes.transAxes)


def _save(figure: Any, path: Path) -> None:
    try:
        with replacing(path) as temporary:
            figure.savefig(temporary, dpi=110, format="png")
    except OSError as error:
        raise OutsideError("inspect.write", f"cannot write {path}: {error.strerror}", "check the folder") from error
