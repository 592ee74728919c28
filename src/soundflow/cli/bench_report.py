"""`soundflow bench report` and `bench compare`: results as a page, and two of them in pairs.

Tests: tests/cli/test_bench_report.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from soundflow.cli.options import DebugOption, JsonOption


def report(
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULT…", help="Files that hold what `bench … --json` printed.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.html", help="The page; Markdown stands beside it.")],
    title: Annotated[str, typer.Option("--title", help="What stands above.")] = "soundflow, measured",
    debug: DebugOption = False,
) -> None:
    """One self-contained page: our rows beside the paper's, with intervals, plots, machine, versions and commands.

    \b
    Example:
      soundflow bench mini --json > mini.json && soundflow bench report mini.json --out report.html
    """
    from datetime import UTC, datetime

    from soundflow.bench.report.document import Report
    from soundflow.bench.report.forms import to_html, to_markdown
    from soundflow.bench.report.origin import origin
    from soundflow.bench.report.paper import source
    from soundflow.bench.report.sections import section
    from soundflow.bench.rows import read_rows, write_text
    from soundflow.cli.bench_result import command
    from soundflow.errors import UsageError

    if out.suffix == ".md":
        hint = f"name the page {out.with_suffix('.html').name}: {out.name} is then written too"
        raise UsageError("bench.report", f"{out} is where the Markdown beside the page is put", hint)
    found = [row.values for path in results for row in read_rows(path)]
    made = Report(
        title,
        tuple(section(result) for result in found),
        (*origin(command(), datetime.now(UTC).strftime("%Y-%m-%d")), ("the paper's figures", source())),
    )
    write_text(out, to_html(made))
    write_text(out.with_suffix(".md"), to_markdown(made))
    typer.echo(f"{out} and {out.with_suffix('.md').name}: {len(found)} results", err=True)


def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="Rows that a bench wrote with --outcomes.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="The same of another model.")],
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Two models on the same events, in pairs: the difference with its bounds, and McNemar's exact test.

    \b
    Example:
      soundflow bench compare nano.jsonl mine.jsonl
    """
    from soundflow.bench.compare import compare_rows, compare_table
    from soundflow.bench.rows import read_rows
    from soundflow.cli.bench_result import show

    found = compare_rows(read_rows(first), read_rows(second))
    result = {"benchmark": "compare", "a": str(first), "b": str(second), **found}
    show(result, as_json, compare_table)
