"""`soundflow bench replay`: a recorded stream again. Tests: tests/cli/test_bench_replay.py."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from soundflow.cli.options import DebugOption, JsonOption, ModelOption, ThreadsOption


def replay(
    trace: Annotated[Path, typer.Argument(metavar="TRACE", help="A recording of one session.")],
    model: ModelOption = "nano",
    as_json: JsonOption = False,
    threads: ThreadsOption = 1,
    debug: DebugOption = False,
) -> None:
    """Play a recorded session again and say whether every token is the same; exit code 1 when one is not.

    \b
    Example:
      soundflow bench replay session.trace --json
    """
    import json

    import torch

    from soundflow.api import load
    from soundflow.bench.replay import replay as play_again
    from soundflow.stream.recording import Recording

    torch.set_num_threads(threads)
    recording = Recording.load(trace)
    found = play_again(load(model).bundle, recording)
    if as_json:
        typer.echo(json.dumps(found.to_dict(), allow_nan=False))
    else:
        end = "all equal" if found.is_equal else f"step {found.first_difference} differs"
        typer.echo(f"{found.steps} steps · {found.decisions} decisions · {found.tokens} tokens · {end}")
    raise typer.Exit(0 if found.is_equal else 1)
