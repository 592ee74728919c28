"""The program's entry: mounts the verbs, and turns every ending into an exit code. Tests: tests/cli/test_main.py.

0 fine, 1 bad input, 2 wrong command line, 3 something outside failed, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.main import get_command

import soundflow
from soundflow.cli import analyze, ask, bench, data, doctor, listen, model, serve, train
from soundflow.cli.failures import describe

INTERRUPTED = 130  # 128 + SIGINT, as shells count

app = typer.Typer(
    name="soundflow",
    help="Listen to a stream of sound, decide every 0.4 s whether to speak, and answer.\n\n"
    "\b\nExample:\n  soundflow listen kitchen",
    rich_markup_mode=None,
    add_completion=False,
)
app.command("listen")(listen.listen)
app.command("ask")(ask.ask)
app.command("serve")(serve.serve)
app.command("train")(train.train)
app.command("doctor")(doctor.doctor)
app.add_typer(model.app, name="model")
app.add_typer(data.app, name="data")
app.add_typer(
    bench.app,
    name="bench",
    help="Measure a model.\n\n\b\nExample:\n  soundflow bench trigger --clips ../clips --streams 200",
)
app.add_typer(
    analyze.app,
    name="analyze",
    help="Look inside a model.\n\n\b\nExample:\n  soundflow analyze why kitchen --picture why.png",
)


@app.callback(invoke_without_command=True)
def program(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Options of the program itself."""
    if version:
        typer.echo(soundflow.__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; no traceback without --debug."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _open_what_is_closed()
    try:
        _run(words)
        sys.stdout.flush()
    except typer.Exit as ending:
        return ending.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
    except Exception as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # a group without a verb: Typer raises its help
            print(error)
            return 0
        if "--debug" in words:
            traceback.print_exc()
        line, code = describe(error)
        print(line, file=sys.stderr)
        return code
    return 0


def _run(words: list[str]) -> None:
    command = get_command(app)
    with command.make_context("soundflow", words) as context:
        command.invoke(context)


def _forget_stdout() -> None:
    """The reader has left: let the interpreter's last flush go nowhere instead of complaining."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_what_is_closed() -> None:
    """Output that was closed before the program began, such as by `>&-`, goes nowhere instead of being None."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - it stays open to the end
