"""Plots as SVG text, drawn by hand: a page that needs no script, no font and no network.

Colours are CSS variables of the page, so that a plot follows its light or dark scheme. Tests:
tests/bench/report/test_plots.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from soundflow.bench.report.document import Plot, Series

WIDTH, HEIGHT = 640, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 16, 44
_COLOURS = 6  # the page's --c0 to --c5
_TICKS = 5

Scale = Callable[[float], float]


def svg(plot: Plot) -> str:
    """A plot as one `<svg>` element, with its title for readers who cannot see it; nothing without a point."""
    xs = [x for one in plot.series for x, _ in one.points]
    ys = [y for one in plot.series for _, y in one.points]
    ys += [y for one in plot.series for pair in one.bounds for y in pair]
    if not xs:
        return ""
    x_ticks = log_ticks(xs) if plot.is_log else ticks(min(xs), max(xs))
    y_ticks = ticks(min(0.0, *ys), max(ys))
    x = _scale(x_ticks, _LEFT, WIDTH - _RIGHT, plot.is_log)
    y = _scale(y_ticks, HEIGHT - _BOTTOM, _TOP, False)
    parts = _axes(plot, x_ticks, y_ticks, x, y)
    for number, one in enumerate(plot.series):
        parts += _drawn(one, f"var(--c{number % _COLOURS})", x, y)
    parts += _legend(plot.series)
    head = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(plot.title)}">'
    return "\n".join([head, *parts, "</svg>"])


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from at or below `low` to at or above `high`, about five."""
    span = (high - low) or abs(high) or 1.0
    raw = span / _TICKS
    power = 10 ** math.floor(math.log10(raw))
    step = next(k * power for k in (1, 2, 2.5, 5, 10) if k * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(k * step, 10) for k in range(first, max(last, first + 1) + 1)]


def log_ticks(values: Sequence[float]) -> list[float]:
    """Powers of ten around what is above zero; zero itself is drawn at the left edge."""
    above = [value for value in values if value > 0] or [1.0]
    first, last = math.floor(math.log10(min(above))), math.ceil(math.log10(max(above)))
    return [10.0**k for k in range(first, max(last, first + 1) + 1)]


def _axes(plot: Plot, x_ticks: Sequence[float], y_ticks: Sequence[float], x: Scale, y: Scale) -> list[str]:
    floor, parts = HEIGHT - _BOTTOM, []
    for tick in y_ticks:
        parts.append(f'<line class="grid" x1="{_LEFT}" y1="{y(tick):.1f}" x2="{WIDTH - _RIGHT}" y2="{y(tick):.1f}"/>')
        parts.append(f'<text class="tick" x="{_LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for tick in x_ticks:
        parts.append(f'<line class="grid" x1="{x(tick):.1f}" y1="{_TOP}" x2="{x(tick):.1f}" y2="{floor}"/>')
        parts.append(f'<text class="tick" x="{x(tick):.1f}" y="{floor + 16}" text-anchor="middle">{tick:g}</text>')
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{escape(plot.x_label)}</text>')
    turned = f'transform="translate(14 {(_TOP + floor) / 2}) rotate(-90)"'
    parts.append(f'<text {turned} text-anchor="middle">{escape(plot.y_label)}</text>')
    return parts


def _drawn(one: Series, colour: str, x: Scale, y: Scale) -> list[str]:
    places = [(x(a), y(b)) for a, b in one.points]
    parts = []
    if one.bounds and one.is_line:
        up = [f"{x(a):.1f},{y(high):.1f}" for (a, _), (_, high) in zip(one.points, one.bounds, strict=True)]
        down = [f"{x(a):.1f},{y(low):.1f}" for (a, _), (low, _) in zip(one.points, one.bounds, strict=True)]
        parts.append(f'<polygon points="{" ".join([*up, *reversed(down)])}" fill="{colour}" opacity="0.15"/>')
    if one.is_line:
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
    radius = 2.5 if one.is_line else 5
    return [*parts, *(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{radius}" fill="{colour}"/>' for a, b in places)]


def _legend(series: Sequence[Series]) -> list[str]:
    if len(series) < 2:
        return []
    parts, left = [], WIDTH - _RIGHT - 150
    for number, one in enumerate(series):
        top = HEIGHT - _BOTTOM - 14 * (len(series) - number)
        parts.append(f'<circle cx="{left}" cy="{top}" r="4" fill="var(--c{number % _COLOURS})"/>')
        parts.append(f'<text class="tick" x="{left + 8}" y="{top + 4}">{escape(one.name)}</text>')
    return parts


def _scale(marks: Sequence[float], start: float, end: float, is_log: bool) -> Scale:
    low, high = marks[0], marks[-1]
    if is_log:
        first, last = math.log10(low), math.log10(high)
        return lambda value: start + (math.log10(max(value, low)) - first) / (last - first) * (end - start)
    return lambda value: start + (value - low) / (high - low) * (end - start)
