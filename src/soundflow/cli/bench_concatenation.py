"""`soundflow bench concatenation`: items alone and joined. Tests: tests/cli/test_bench_concatenation.py."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from soundflow.cli.options import DebugOption, JsonOption, ModelOption, ThreadsOption


def concatenation(
    folder: Annotated[Path, typer.Option("--data", metavar="DIR", help="Where Llama Questions' published files lie.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Answers, a file for each length.")],
    model: ModelOption = "nano",
    threshold: Annotated[
        float | None, typer.Option("--threshold", min=0.0, max=1.0, help="p(response) from which the model speaks.")
    ] = None,
    as_json: JsonOption = False,
    threads: ThreadsOption = 1,
    debug: DebugOption = False,
) -> None:
    """How much of its score does a model keep when one to five questions stand in one stream?

    \b
    Example:
      soundflow bench concatenation --data DIR --out said --model FOLDER --json
    """
    import json

    import torch

    from soundflow.api import load
    from soundflow.bench.hearing import instructed_listener
    from soundflow.bench.public import llama_questions
    from soundflow.bench.public.concatenation import LENGTHS, hear_joined, stability, usable
    from soundflow.bench.rows import read_answers
    from soundflow.cli.row_progress import RowProgress

    torch.set_num_threads(threads)
    items = usable(llama_questions.load(folder))
    hear = instructed_listener(load(model).bundle, threshold)
    files = {length: out / f"{length}.jsonl" for length in LENGTHS}
    with RowProgress("hearing", len(items) * len(LENGTHS)) as progress:
        for length, path in files.items():
            for _ in hear_joined(hear, items, length, path):
                progress.done()
    answers = {length: read_answers(path) for length, path in files.items()}
    rows = stability(items, answers, lambda some, said: float(llama_questions.score(some, said)["accuracy"]))
    result = {"benchmark": "llama_questions", "items": len(items), "lengths": rows, "model": model}
    result["command"] = " ".join(["soundflow", *sys.argv[1:]])
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False, allow_nan=False))
        return
    for row in rows:
        kept = "–" if row["retention"] is None else f"{100 * row['retention']:.1f} %"
        typer.echo(f"{row['n']} a stream: {row['figure']:.1f} % right, {kept} kept")
