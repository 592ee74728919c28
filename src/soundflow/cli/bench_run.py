"""`soundflow bench run`: the paper's other public benchmarks. Tests: tests/cli/test_bench_run.py."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from soundflow.cli.options import DebugOption, JsonOption, ThreadsOption, ThresholdOption

if TYPE_CHECKING:
    from soundflow.bench.judge import Judge
    from soundflow.bench.public.items import Item
    from soundflow.bench.public.registry import Benchmark


class BenchmarkName(StrEnum):
    """What is asked of the model."""

    mmau = "mmau"
    mmau_spoken = "mmau_spoken"
    alpacaeval = "alpacaeval"
    sd_qa = "sd_qa"
    llama_questions = "llama_questions"
    web_questions = "web_questions"
    librispeech_clean = "librispeech_clean"
    librispeech_other = "librispeech_other"
    covost2_en_zh = "covost2_en_zh"
    covost2_zh_en = "covost2_zh_en"


def run(
    name: Annotated[BenchmarkName, typer.Argument(metavar="NAME", help="The benchmark.")],
    predictions: Annotated[
        Path,
        typer.Option("--predictions", metavar="FILE", help="Answers, JSON lines; --model adds those not there yet."),
    ],
    folder: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Where the published files lie.", show_default=False)
    ] = None,
    hub: Annotated[bool, typer.Option("--hub", help="Fetch the published files from the hub instead.")] = False,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="M",
            help="Who is heard, a folder or a server's ws:// address; without one the file is scored as it is.",
        ),
    ] = None,
    threshold: ThresholdOption = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Only the first items; the report says so.")
    ] = None,
    judge_url: Annotated[
        str | None, typer.Option("--judge-url", metavar="URL", help="An OpenAI-compatible endpoint that judges.")
    ] = None,
    judge_model: Annotated[str, typer.Option("--judge-model", metavar="NAME", help="The judge.")] = "gpt-4o-mini",
    pedant: Annotated[
        Path | None, typer.Option("--pedant", metavar="FILE", help="PEDANT's classifier, for sd_qa.")
    ] = None,
    as_json: JsonOption = False,
    threads: ThreadsOption = 1,
    debug: DebugOption = False,
) -> None:
    """Hear a public benchmark's items as streams, and score what was said by its own rule.

    \b
    Names: mmau, mmau_spoken, alpacaeval, sd_qa, llama_questions, web_questions, librispeech_clean, librispeech_other,
    covost2_en_zh, covost2_zh_en. A run that was stopped goes on; missing and empty answers count as wrong.

    \b
    Example:
      soundflow bench run librispeech_clean --data DIR --predictions said.jsonl --model FOLDER --json
    """
    import dataclasses

    from soundflow.bench.public.items import faults
    from soundflow.bench.public.registry import Means, benchmark
    from soundflow.bench.rows import as_line, read_answers
    from soundflow.cli.bench_result import command

    chosen = benchmark(name.value)
    every = chosen.items(_folder(chosen, folder, hub))
    items = every[:limit]
    heard = {} if model is None else _hear(chosen, name.value, items, predictions, model, threshold, threads)
    found = read_answers(predictions)
    wanted = {item.id for item in items}
    said = {name: text for name, text in found.outputs.items() if name in wanted}
    answers = dataclasses.replace(found, outputs=said)
    means = Means(_judge(judge_url, judge_model, predictions), predictions.with_suffix(".verdicts.jsonl"), pedant)
    result = {"benchmark": name.value, "of": len(every), **chosen.score(items, answers, means)}
    result |= {"faults": faults(every, found), "model": model, **heard, "command": command()}
    if as_json:
        typer.echo(as_line(result, allow_nan=False))
        return
    for figure, value in result.items():
        typer.echo(f"{figure}: {f'{len(value)}: {value[:8]}' if isinstance(value, list) else value}")


def _folder(chosen: Benchmark, folder: Path | None, hub: bool) -> Path:
    from soundflow.errors import OutsideError, UsageError

    if (folder is None) != hub:
        raise UsageError("bench.data", "either --data or --hub says where the files are", "give exactly one of them")
    if folder is not None:
        return folder
    if chosen.hub is None:
        raise UsageError("bench.hub", "this benchmark's layout is on no hub", "fetch the files and give --data DIR")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(
            snapshot_download(chosen.hub, repo_type="dataset", allow_patterns=["alpacaeval_full/*", "sd-qa/usa-*"])
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise OutsideError(
            "bench.fetch", f"cannot fetch {chosen.hub}: {reason}", "fetch it and give --data DIR"
        ) from error


def _hear(
    chosen: Benchmark, name: str, items: tuple[Item, ...], out: Path, model: str, threshold: float | None, threads: int
) -> dict[str, Any]:
    """The model's answers into the file; the threshold it spoke from, and where."""
    from soundflow.bench.machine import describe_machine
    from soundflow.bench.provenance import provenance
    from soundflow.bench.systems import model_system
    from soundflow.cli.bench_system import find_system, is_address, load_bundle
    from soundflow.cli.row_progress import RowProgress
    from soundflow.stream.offline import answers_questions

    if is_address(model):
        system = find_system(model, threshold, threads)
    else:
        bundle = load_bundle(model, threads)
        system = model_system(bundle, threshold)
        if not answers_questions(bundle.config):
            typer.echo(
                f"{bundle.name} was not trained to answer or to write down speech: expect next to nothing", err=True
            )
    about = provenance(system, benchmark=name)
    with RowProgress("hearing", len(items)) as progress:
        for _ in chosen.run(system.hear, items, out, about):
            progress.done()
    return {"threshold": system.threshold, "machine": describe_machine(threads)}


def _judge(url: str | None, model: str, predictions: Path) -> Judge:
    from functools import partial

    from soundflow.bench import endpoint
    from soundflow.bench.judge import endpoint_judge, stand_in_judge

    if url is None:
        return stand_in_judge()
    kept = predictions.with_suffix(".judge")
    return endpoint_judge(model, partial(endpoint.ask, endpoint.Endpoint(url, kept, endpoint.key_from_environment())))
