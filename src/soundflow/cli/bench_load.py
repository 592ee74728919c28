"""`soundflow bench load`: many sessions at real time. Tests: tests/cli/test_bench_load.py."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from soundflow.cli.options import DebugOption, JsonOption, ModelOption, ThreadsOption

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundflow.bench.load_measures import Load, LoadReport

_CHUNK_SECONDS = 0.4  # of a decision, at every model here
_MOST_SOUND_SECONDS = 600.0  # of recordings that are held in memory
_ALONE_SECONDS = 8.0  # of one session alone, which every load is compared with


def load(
    sessions: Annotated[str, typer.Option("--sessions", metavar="N[,N…]", help="Sessions at once, one run each.")],
    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help="A running server; without: the engine, in this process.")
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option("--key-file", metavar="FILE", help="The server's API key.", show_default=False)
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0.4, help="Of sound in each session, timed.")] = 30.0,
    clips: Annotated[
        Path | None, typer.Option("--clips", metavar="DIR", help="Recordings; without: the packaged examples.")
    ] = None,
    warm: Annotated[float, typer.Option("--warm", min=0.0, help="Seconds of sound before times count.")] = 24.0,
    threshold: Annotated[
        float | None, typer.Option("--threshold", min=0.0, max=1.0, help="p(response) from which sessions speak.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of places and phases.")] = 0,
    model: ModelOption = "nano",
    as_json: JsonOption = False,
    threads: ThreadsOption = 1,
    debug: DebugOption = False,
) -> None:
    """How many live sessions does this machine hold, and how late are decisions?

    Every session plays real recordings at real time, from a place and with a phase of its own. One session alone is
    measured first, in the same run.

    \b
    Examples:
      soundflow bench load --sessions 64
      soundflow bench load --sessions 8,16,32,64,128,256 --url ws://127.0.0.1:8000/v1/realtime --json
    """
    import json

    from soundflow.bench.load_measures import MOST_P99_MS, Load, knee

    counts = _counts(sessions)
    play = _player(url, key_file, clips, model, threads, seed)
    warm_chunks = round(warm / _CHUNK_SECONDS)
    alone = play(Load(1, min(seconds, _ALONE_SECONDS), warm_chunks=warm_chunks, threshold=threshold, seed=seed))
    reports = []
    if not as_json:
        typer.echo(_HEAD)
    for count in counts:
        report = play(Load(count, seconds, warm_chunks=warm_chunks, threshold=threshold, seed=seed))
        reports.append(report)
        typer.echo(json.dumps(_row(report, alone, url, model), allow_nan=False) if as_json else _line(report))
    if len(counts) > 1:
        found = {"type": "knee", "sessions": knee(reports), "decision_ms_p99_at_most": MOST_P99_MS}
        text = f"held: {found['sessions'] or 'none'} (p99 within {MOST_P99_MS:.0f} ms, no stall, no loss, no error)"
        typer.echo(json.dumps(found) if as_json else text)


def _counts(sessions: str) -> list[int]:
    from soundflow.errors import UsageError

    try:
        counts = [int(part) for part in sessions.split(",")]
        if min(counts) < 1:
            raise ValueError
    except ValueError as e:
        raise UsageError("load.sessions", f"{sessions!r} sessions", "give a number, or several: 8,16,32") from e
    return counts


def _player(
    url: str | None, key_file: Path | None, clips: Path | None, model: str, threads: int, seed: int
) -> Callable[[Load], LoadReport]:
    """What plays one load: to a server, or to an engine in this process."""
    from soundflow.api import example_path, examples
    from soundflow.bench.load_sound import gather_sound, sound_files
    from soundflow.cli.needs import need

    known = [path for name in examples() if (path := example_path(name)) is not None]
    sound = gather_sound(known if clips is None else sound_files(clips, seed), _MOST_SOUND_SECONDS)
    if url is not None:
        need("serve", "websockets")
        from soundflow.bench.load_wire import address_of, run_wire_load

        address = address_of(url, None if key_file is None else _key(key_file))
        return lambda load: run_wire_load(address, sound, load)
    import torch

    from soundflow.api import load as load_model
    from soundflow.bench.load import run_load

    torch.set_num_threads(threads)
    bundle = load_model(model).bundle
    return lambda load: run_load(bundle, sound, load)


def _key(path: Path) -> str:
    from soundflow.errors import OutsideError

    try:
        return path.read_text(encoding="utf-8").split("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as e:
        raise OutsideError("load.key", f"cannot read the key in {path}", "give a text file with one key") from e


def _row(report: LoadReport, alone: LoadReport, url: str | None, model: str) -> dict[str, Any]:
    from soundflow.bench.machine import describe_machine
    from soundflow.cli.bench_result import command

    names = ("decision_ms_p50", "decision_ms_p95", "decision_ms_p99", "first_text_ms_mean")
    own, lone = report.to_dict(), alone.to_dict()
    return {
        "type": "load",
        **own,
        "alone": {name: lone[name] for name in names},
        "ratio_to_alone": {
            name: round(own[name] / lone[name], 3) if own[name] and lone[name] else None for name in names
        },
        "target": "engine" if url is None else "server",
        "model": model if url is None else None,
        "machine": describe_machine(),
        "command": command(),
    }


_HEAD = "sessions  decision ms p50 / p95 / p99  first text  resume  stalls %  lost  errors  cores  held"


def _line(r: LoadReport) -> str:
    def cell(value: float | None, places: int = 0) -> str:
        return "–" if value is None else f"{value:.{places}f}"

    times = " / ".join(cell(value, 1) for value in (r.decision_ms_p50, r.decision_ms_p95, r.decision_ms_p99))
    return (
        f"{r.sessions:8d}  {times:>24}  {cell(r.first_text_ms_mean):>10}  {cell(r.resume_ms_mean):>6}  "
        f"{cell(r.stall_percent, 2):>8}  {r.lost_chunks:4d}  {sum(r.errors.values()):6d}  "
        f"{cell(r.cores_used, 2):>5}  {'yes' if r.is_held else 'no':>4}"
    )
