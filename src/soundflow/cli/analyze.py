"""`soundflow analyze`: look inside a model. Tests: tests/cli/test_analyze.py."""

from __future__ import annotations

import typer

from soundflow.cli import analyze_ablation, analyze_attention, analyze_continuity, analyze_heads, analyze_why

app = typer.Typer(help="Look inside a model.", rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def analyses() -> None:
    """Look inside a model at work: what its layers hold, which heads decide, which sound made it speak.

    \b
    Example:
      soundflow analyze why kitchen --picture why.png
    """


app.command("why")(analyze_why.why)
app.command("attention")(analyze_attention.attention)
app.command("continuity")(analyze_continuity.continuity)
app.command("heads")(analyze_heads.heads)
app.command("ablation")(analyze_ablation.ablation)
