"""One HTML file of a corpus' figures: no script, pictures as SVG. Tests: tests/data/report/test_report.py."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

from soundflow.atomic import write_text
from soundflow.data.report.stats import Histogram, Stats
from soundflow.data.tasks.registry import CAPABILITIES

COLOURS = ("#2f5d8a", "#c2572b", "#4c8055", "#8a5a9e", "#b08a2e", "#3f8f93", "#a14460")
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#222;max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem} h2{font-size:1.1rem;margin:2rem 0 .4rem} .row{display:flex;flex-wrap:wrap;gap:1.5rem}
figure{margin:0} figcaption{font-size:.85rem;color:#555} .big{font-size:1.6rem;font-weight:600} .k{color:#555}
.warn{color:#a33} svg text{font:11px system-ui,sans-serif;fill:#333} table{border-collapse:collapse;font-size:.9rem}
.tables{columns:2;column-gap:2rem} section{break-inside:avoid;padding-top:1.5rem} section h2{margin-top:0}
td{padding:.1rem .8rem .1rem 0} td.n{text-align:right;font-variant-numeric:tabular-nums}
@media (prefers-color-scheme:dark){body{background:#181818;color:#ddd} svg text{fill:#ccc} .k,figcaption{color:#aaa}}
"""


def write_page(stats: Stats, title: str, path: Path) -> None:
    """Write the page under a temporary name, then rename."""
    write_text(path, page(stats, title))


def page(stats: Stats, title: str) -> str:
    """The whole page."""
    head = (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(title)}</title><style>{_STYLE}</style><h1>{escape(title)}</h1>"
    )
    figures = "".join(f"<figure>{_bars(h)}<figcaption>{_caption(h)}</figcaption></figure>" for h in stats.histograms)
    return "".join(
        [
            head,
            _numbers(stats),
            f"<h2>Sub-tasks</h2>{_tasks(stats)}{_named('No stream of', stats.absent)}",
            _named("Domains of Proactive-Sound-Bench without a stream:", stats.uncovered),
            f"<h2>Distributions</h2><div class=row>{figures}</div>",
            "<div class=tables>",
            _section("Domains of Proactive-Sound-Bench", _table(stats.domains, "streams")),
            _section("Mixed in", _table(stats.mix_ins, "streams")),
            _section("Voices", _table(stats.asr, "streams")),
            _section("Stand-ins", _table(stats.stand_ins, "streams whose speech is of another corpus")),
            _section("Rejected", _table(stats.rejections, "attempts, clips or answers")),
            _section("Licences", _table(stats.licences, "streams")),
            _section("Sources", _table(stats.sources, "streams")),
            "</div>",
        ]
    )


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


def _numbers(stats: Stats) -> str:
    shown = {
        "streams": f"{stats.streams:,}",
        "hours": f"{stats.hours:.2f}",
        "responses": f"{stats.responses:,}",
        "sub-tasks": f"{sum(n > 0 for n in stats.sub_tasks.values())} of {len(stats.sub_tasks)}",
        "decisions a chunk late or more": f"{stats.late_cues:,}",
        "with synthetic sound": f"{stats.synthetic_streams / max(1, stats.streams):.0%}",
    }
    return (
        "<div class=row>"
        + "".join(f"<div><div class=big>{v}</div><div class=k>{k}</div></div>" for k, v in shown.items())
        + "</div>"
    )


def _tasks(stats: Stats) -> str:
    """A bar a sub-task, in its capability's colour."""
    most, y, parts = max(1, *stats.sub_tasks.values()), 0, []
    for colour, (capability, names) in zip(COLOURS, CAPABILITIES.items(), strict=True):
        y += 22
        share = stats.capabilities[capability] / max(1, stats.streams)
        words = capability.replace("_", " ")
        parts.append(f"<text x=0 y={y - 4} style='font-weight:600'>{words} · {share:.1%}</text>")
        for name in names:
            count = stats.sub_tasks[name]
            width = 420 * count / most
            parts.append(f"<text x=8 y={y + 11}>{name}</text>")
            parts.append(f"<rect x=240 y={y} width={width:.1f} height=13 fill='{colour}' />")
            parts.append(f"<text x={246 + width:.1f} y={y + 11}>{count}</text>")
            y += 16
    return f"<svg width=720 height={y + 8} role=img aria-label='streams by sub-task'>{''.join(parts)}</svg>"


def _bars(histogram: Histogram) -> str:
    width, height, most = 300, 110, max(1, *histogram.counts)
    step = width / len(histogram.counts)
    bars = "".join(
        f"<rect x={i * step + 1:.1f} y={height - height * n / most:.1f} width={step - 2:.1f} "
        f"height={height * n / most:.1f} fill='{COLOURS[0]}'><title>{n}</title></rect>"
        for i, n in enumerate(histogram.counts)
    )
    marks = "".join(
        f"<text x={x:.0f} y={height + 14} text-anchor={anchor}>{edge:g}</text>"
        for x, anchor, edge in (
            (0, "start", histogram.edges[0]),
            (width / 2, "middle", histogram.edges[len(histogram.edges) // 2]),
            (width, "end", histogram.edges[-1]),
        )
    )
    return f"<svg width={width} height={height + 18} role=img aria-label='{histogram.name}'>{bars}{marks}</svg>"


def _caption(histogram: Histogram) -> str:
    return f"{histogram.name}: {histogram.unit} · median {histogram.median:g}"


def _table(counts: Mapping[str, int], unit: str) -> str:
    if not counts:
        return "<p class=k>none</p>"
    rows = "".join(f"<tr><td>{escape(str(k))}<td class=n>{v:,}</tr>" for k, v in counts.items())
    return f"<table>{rows}</table><p class=k>{unit}</p>"


def _named(words: str, names: tuple[str, ...]) -> str:
    return f"<p class=warn>{words} {escape(', '.join(names))}</p>" if names else ""
