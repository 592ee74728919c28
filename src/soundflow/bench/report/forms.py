"""A report as one self-contained HTML page, or as Markdown. Tests: tests/bench/report/test_forms.py."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

from soundflow.bench.report.document import Plot, Report, Section, Table
from soundflow.bench.report.plots import svg


def to_html(report: Report) -> str:
    """One page that needs nothing from anywhere."""
    body = [f"<h1>{escape(report.title)}</h1>", _facts(report.origin)]
    for section in report.sections:
        body += _section(section)
    style = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    meta = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    head = f"<head>{meta}<title>{escape(report.title)}</title><style>{style}</style></head>"
    return "\n".join(["<!doctype html>", f'<html lang="en">{head}<body>', *body, "</body></html>", ""])


def to_markdown(report: Report) -> str:
    """The same without plots: their points stand as tables."""
    lines = [f"# {report.title}", "", *_listed(report.origin)]
    for section in report.sections:
        lines += [f"## {section.title}", "", *(f"{words}\n" for words in section.words)]
        for table in (*section.tables, *(_as_table(plot) for plot in section.plots)):
            lines += _markdown_table(table)
        lines += _listed(section.origin)
    return "\n".join(lines).rstrip() + "\n"


def _section(section: Section) -> list[str]:
    parts = [f"<h2>{escape(section.title)}</h2>", *(f"<p>{escape(words)}</p>" for words in section.words)]
    parts += [_html_table(table) for table in section.tables]
    for plot in section.plots:
        parts.append(f"<figure><figcaption>{escape(plot.title)}</figcaption>{svg(plot)}</figure>")
    return [*parts, _facts(section.origin)]


def _html_table(table: Table) -> str:
    heads = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    rows = []
    for number, row in enumerate(table.rows):
        kind = ' class="ours"' if number in table.marked else ""
        rows.append(f"<tr{kind}>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>")
    notes = "".join(f"<li>{escape(note)}</li>" for note in table.notes)
    foot = f'<ol class="notes">{notes}</ol>' if notes else ""
    inner = f"<caption>{escape(table.caption)}</caption><tr>{heads}</tr>{''.join(rows)}"
    return f'<div class="wide"><table>{inner}</table></div>{foot}'


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    cells = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    return f"<dl>{cells}</dl>" if cells else ""


def _markdown_table(table: Table) -> list[str]:
    columns = table.columns
    lines = [f"**{table.caption}**", "", _line(columns), _line(["---", *["---:"] * (len(columns) - 1)])]
    for number, row in enumerate(table.rows):
        lines.append(_line([f"**{cell}**" if number in table.marked and cell else cell for cell in row]))
    return [*lines, "", *(f"{place}. {note}" for place, note in enumerate(table.notes, 1)), ""]


def _as_table(plot: Plot) -> Table:
    rows = [(one.name, f"{x:g}", f"{y:g}") for one in plot.series for x, y in one.points]
    return Table(plot.title, ("line", plot.x_label, plot.y_label), tuple(rows))


def _listed(facts: Sequence[tuple[str, str]]) -> list[str]:
    return [*(f"- {name}: {value}" for name, value in facts), ""] if facts else []


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
