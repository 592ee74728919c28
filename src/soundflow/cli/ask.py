"""`soundflow ask`: questions about a recording, or without one. Tests: tests/cli/test_ask.py."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from soundflow.cli.options import DebugOption, JsonOption, ModelOption, ThreadsOption

if TYPE_CHECKING:
    from soundflow.api import Model
    from soundflow.stream.ask_batch import AskOutcome
    from soundflow.stream.events import ReplyEnd


def ask(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="SOURCE",
            help="A sound file, `-` (raw s16le 16 kHz mono PCM), or an example's name.",
            show_default=False,
        ),
    ] = None,
    questions: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="QUESTION",
            help="What you want to know; each next one builds on what was said. None lets the recording speak.",
            show_default=False,
        ),
    ] = None,
    text: Annotated[
        list[str] | None,
        typer.Option("--text", metavar="QUESTION", help="A question without a recording; may be repeated."),
    ] = None,
    model: ModelOption = "nano-2",
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", min=1, help="A longer answer is cut off.", show_default=False)
    ] = None,
    batch: Annotated[
        Path | None,
        typer.Option("--batch", metavar="FILE.jsonl", help="Questions, one a row.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="OUT.jsonl", help="Their answers.", show_default=False)
    ] = None,
    threads: ThreadsOption = 1,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Answer questions about a recording that is heard as a whole. `nano` cannot: it only listens and speaks up.

    With --batch a row is {"id": …, "audio": …, "question": …}; started again it goes on where it stood, and a row that
    cannot be answered gets its error.

    \b
    Examples:
      soundflow ask kitchen "Describe what you hear."
      soundflow ask song.wav "Which instrument is this?" "Is it in tune?" --model FOLDER
      soundflow ask --text "What is two plus two?" --model FOLDER
      soundflow ask --batch questions.jsonl --out answers.jsonl --model FOLDER
    """
    import torch

    from soundflow.api import load
    from soundflow.errors import UsageError

    is_batch = batch is not None and out is not None
    if (batch is None) != (out is None) or (is_batch and (source or text)) or (source and text):
        expected = "expected SOURCE [QUESTION ...], --text QUESTION, or --batch FILE.jsonl --out OUT.jsonl"
        raise UsageError("ask.words", expected, "add --help to see examples")
    if not is_batch and not source and not text:
        raise UsageError("ask.nothing", "neither a recording nor a question", "add --help to see examples")
    torch.set_num_threads(threads)
    loaded = load(model)
    if batch is not None and out is not None:
        _ask_batch(loaded, batch, out, max_tokens, as_json)
    else:
        _ask_each(loaded, source, questions or text or [], max_tokens, as_json)


def _ask_each(model: Model, source: str | None, questions: list[str], max_tokens: int | None, as_json: bool) -> None:
    """One conversation: the recording stands before the first question."""
    from soundflow.api import whole_sound

    conversation = model.conversation(max_answer_tokens=max_tokens)
    sound = None if source is None else whole_sound(source, model.config)
    asked: list[str | None] = [*questions] or [None]
    for question in asked:
        answer = conversation.ask(question, sound, (lambda piece: None) if as_json else _write)
        sound = None
        _end(answer, as_json)


def _write(piece: str) -> None:
    """Show a piece of an answer at once; what the terminal cannot show becomes a question mark."""
    encoding = sys.stdout.encoding or "utf-8"
    typer.echo(piece.encode(encoding, "replace").decode(encoding), nl=False)


def _end(answer: ReplyEnd, as_json: bool) -> None:
    """The answer's last line: its JSON, or a line's end, with what is no text on standard error."""
    typer.echo(answer.to_json() if as_json else "")
    if not as_json and answer.reason != "eos":
        typer.echo(f"soundflow: the answer was cut off ({answer.reason}) after {answer.tokens} tokens", err=True)
    if not as_json and answer.emotion is not None:
        typer.echo(f"soundflow: said in the tone {answer.emotion}", err=True)


def _ask_batch(model: Model, questions: Path, answers: Path, max_tokens: int | None, as_json: bool) -> None:
    from soundflow.cli.interrupt import Interrupt
    from soundflow.cli.row_progress import RowProgress
    from soundflow.stream.ask_batch import AskBatch
    from soundflow.stream.offline import check_answers

    check_answers(model.bundle)
    batch = AskBatch(model.bundle, questions, answers, max_tokens)
    missing = batch.missing
    with Interrupt() as interrupt, RowProgress("asking", len(missing)) as progress:
        for row in interrupt.until_set(iter(missing)):
            batch.answer(row)
            progress.done()
    if not batch.missing:
        batch.put_in_order()
    _tell(batch.outcome, answers, as_json)
    if interrupt.is_set:
        raise typer.Exit(130)


def _tell(outcome: AskOutcome, answers: Path, as_json: bool) -> None:
    """Where the answers are, on standard output; how many there are, on standard error."""
    import dataclasses
    import json

    from soundflow.errors import InputError

    counted = (
        f"{outcome.answered} answered, {outcome.failed} with an error, {outcome.missing} missing; "
        f"{outcome.kept} were there before"
    )
    if outcome.failed and not outcome.answered and not outcome.missing:
        raise InputError("ask.batch_nothing", f"no row could be answered: {counted}", f"{answers} says why")
    typer.echo(json.dumps({"out": str(answers), **dataclasses.asdict(outcome)}) if as_json else str(answers))
    if not as_json:
        typer.echo(counted, err=True)
