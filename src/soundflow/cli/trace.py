"""`soundflow model trace`: one greedy session over files, as numbers to compare. Tests: tests/cli/test_trace.py."""

from __future__ import annotations

from typing import Annotated

import typer

from soundflow.cli.options import DebugOption, JsonOption


def trace(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="`nano`, `nano-2`, a model's folder or a name on the hub.")
    ],
    audio: Annotated[list[str], typer.Argument(metavar="AUDIO ...", help="Sound files, heard one after another.")],
    out: Annotated[str, typer.Option("--out", metavar="FILE.npz", help="Where the arrays go.")],
    frontend: Annotated[
        str, typer.Option("--frontend", metavar="clip|stream", help="Each file whole, or chunk by chunk.")
    ] = "clip",
    logit_ids: Annotated[
        str | None, typer.Option("--logit-ids", metavar="FILE.json", help="Ids whose logits are kept of each step.")
    ] = None,
    max_new_tokens: Annotated[
        int | None,
        typer.Option("--max-new-tokens", metavar="N", min=1, help="The release's budget of steps a file; else none."),
    ] = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Play files through a model greedily and keep features, ids and logits of every step.

    \b
    `clip` encodes each file whole, then 1 s of zeros alone, all in one session: the release's file loop.
    `stream` hears chunk by chunk with the maximum so far, a session for each file: the release's live loop.

    \b
    Example:
      soundflow model trace FOLDER speech.wav tones.wav --frontend clip --out trace.npz
    """
    import json
    from pathlib import Path

    from soundflow.api import load
    from soundflow.errors import UsageError
    from soundflow.stream.trace import read_logit_ids, read_sounds, save_trace
    from soundflow.stream.trace import trace as run

    if frontend not in ("clip", "stream"):
        raise UsageError("trace.frontend", f"--frontend {frontend}", "use clip or stream")
    ids = read_logit_ids(Path(logit_ids)) if logit_ids else ()
    sounds = read_sounds([Path(name) for name in audio])
    bundle = load(model, arithmetic="float32").bundle
    found = run(bundle, sounds, "clip" if frontend == "clip" else "stream", ids, max_new_tokens)
    path = save_trace(found, Path(out))
    facts = {"out": str(path), "files": len(sounds), "steps": len(found.token_ids)}
    typer.echo(json.dumps(facts) if as_json else f"{facts['steps']} steps over {facts['files']} files: {path}")
