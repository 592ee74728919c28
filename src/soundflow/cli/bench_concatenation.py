"""`soundflow bench concatenation`: items alone and joined. Tests: tests/cli/test_bench_concatenation.py."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from soundflow.cli.bench_system import SystemOption
from soundflow.cli.options import DebugOption, JsonOption, SplitOption, ThreadsOption, ThresholdOption

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table

    from soundflow.bench.systems import System


def concatenation(
    folder: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Where Llama Questions' published files lie.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Answers to questions, a file for each length.")
    ] = None,
    clips: Annotated[
        Path | None, typer.Option("--clips", metavar="DIR", help="Sounds of a folder of clips instead of questions.")
    ] = None,
    split: SplitOption = "test",
    blocks: Annotated[int, typer.Option("--blocks", min=1, help="Of 60 sounds, half of which call for a word.")] = 2,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Which sounds, in which order.")] = 0,
    model: SystemOption = "nano",
    threshold: ThresholdOption = None,
    as_json: JsonOption = False,
    threads: ThreadsOption = 1,
    debug: DebugOption = False,
) -> None:
    """How much of its score, and of its speed, does a model keep when one to five items stand in one stream?

    \b
    Example:
      soundflow bench concatenation --clips ../clips --json
      soundflow bench concatenation --data DIR --out said --model FOLDER --json
    """
    from soundflow.bench.machine import describe_machine
    from soundflow.cli.bench_result import show
    from soundflow.cli.bench_system import find_system
    from soundflow.errors import UsageError

    if (clips is None) == (folder is None) or (folder is None) != (out is None):
        hint = "give --clips DIR, or --data DIR with --out DIR"
        raise UsageError("concatenation.what", "either sounds or questions are joined", hint)
    system = find_system(model, threshold, threads)
    if clips is not None:
        found = _sounds(system, clips, split, blocks, seed)
    else:
        assert folder is not None and out is not None, "checked above"
        found = _questions(system, folder, out)
    about = {"model": system.name, "threshold": system.threshold, "machine": describe_machine(threads)}
    show({"benchmark": "concatenation", **found, **about}, as_json, _table)


def _sounds(system: System, clips: Path, split: str, blocks: int, seed: int) -> dict[str, Any]:
    from soundflow.bench.joined_sounds import chosen, hear_joined, stability
    from soundflow.bench.proactive_set import items_of
    from soundflow.bench.public.concatenation import LENGTHS
    from soundflow.cli.row_progress import RowProgress
    from soundflow.data.clips import ClipStore

    store = ClipStore(clips)
    items = chosen(items_of(store, split), blocks, seed)
    rows = {clip.id: clip for clip in store.clips(split=split)}
    decided = {}
    with RowProgress("hearing, lengths", len(LENGTHS)) as progress:
        for length in LENGTHS:
            decided[length] = hear_joined(system, items, length, lambda item: store.audio(rows[item.id]))
            progress.done()
    silent = 100.0 * sum(item.decision == "IGNORE" for item in items) / len(items)
    about = {"of": "sounds", "split": split, "seed": seed, "items": len(items), "trivial": {"always_silent": silent}}
    return {**about, "lengths": stability(decided)}


def _questions(system: System, folder: Path, out: Path) -> dict[str, Any]:
    from soundflow.bench.provenance import provenance
    from soundflow.bench.public import llama_questions
    from soundflow.bench.public.concatenation import LENGTHS, first_text_ms, hear_joined, stability, usable
    from soundflow.bench.rows import Answers, read_answers
    from soundflow.cli.row_progress import RowProgress

    items = usable(llama_questions.load(folder))
    files = {length: out / f"{length}.jsonl" for length in LENGTHS}
    with RowProgress("hearing", len(items) * len(LENGTHS)) as progress:
        for length, path in files.items():
            about = provenance(system, benchmark="concatenation", length=length)
            for _ in hear_joined(system.hear, items, length, path, about):
                progress.done()
    answers = {length: read_answers(path) for length, path in files.items()}
    rows = stability(items, answers, lambda some, said: float(llama_questions.score(some, said)["accuracy"]))
    timed = [{**row, "first_text_ms": first_text_ms(files[row["n"]])} for row in rows]
    trivial = {"always_empty": float(llama_questions.score(items, Answers({}))["accuracy"])}
    return {"of": "llama_questions", "items": len(items), "trivial": trivial, "lengths": timed}


def _table(result: Mapping[str, Any]) -> Table:
    from rich.table import Table

    from soundflow.bench.report.document import percent

    table = Table(title=f"{result['items']} {result['of'].replace('_', ' ')}", title_justify="left")
    for name in ("a stream", "right, %", "kept, %", "first text, ms"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in result["lengths"]:
        kept = "–" if row["retention"] is None else f"{100 * row['retention']:.1f}"
        first = row["first_text_ms"]["value"]
        table.add_row(str(row["n"]), percent(row["share"]), kept, "–" if first is None else f"{first:.1f}")
    return table
