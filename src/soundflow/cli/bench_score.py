"""`soundflow bench score`: the pure scorers over rows. Tests: tests/cli/test_bench_score.py."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from soundflow.cli.options import DebugOption, JsonOption


class ScorerName(StrEnum):
    """The rule that is applied."""

    mmau = "mmau"
    wer = "wer"
    bleu_en_zh = "bleu_en_zh"
    bleu_zh_en = "bleu_zh_en"
    voicebench_qa = "voicebench_qa"
    voicebench_open = "voicebench_open"
    spokenqa = "spokenqa"
    proactive_parse = "proactive_parse"


def score(
    name: Annotated[ScorerName, typer.Argument(metavar="NAME", help="The benchmark's rule.")],
    rows: Annotated[Path, typer.Option("--rows", metavar="FILE", help="JSON lines with references and outputs.")],
    pedant: Annotated[
        Path | None, typer.Option("--pedant", metavar="FILE", help="PEDANT's classifier, for voicebench_qa.")
    ] = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Score outputs by a benchmark's own rule: each row's fields, then one object over all rows.

    \b
    Rules: mmau, wer, bleu_en_zh, bleu_zh_en, voicebench_qa, voicebench_open, spokenqa, proactive_parse.

    \b
    Example:
      soundflow bench score wer --rows transcripts.jsonl --json
    """
    from soundflow.bench.rows import as_line, read_rows
    from soundflow.bench.score import score_rows

    found = score_rows(name.value, read_rows(rows), pedant)
    if as_json:
        for one in (*found.rows, found.total):
            typer.echo(as_line(one, allow_nan=False))
        return
    for figure, value in found.total.items():
        typer.echo(f"{figure}: {value}")
