"""`soundflow data`: clips made clean, and streams composed of them. Tests: tests/cli/test_data.py."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from soundflow.cli import data_corpus, data_fetch, data_lines, data_store, data_transcribe, data_voices
from soundflow.cli.options import CacheOption, DebugOption, JsonOption, SeedOption

if TYPE_CHECKING:
    from soundflow.data.folders import Outcome

app = typer.Typer(rich_markup_mode=None, no_args_is_help=False)
app.command("build")(data_corpus.build)
for verb in (
    data_corpus.plan,
    data_corpus.stats,
    data_corpus.inspect,
    data_corpus.audit,
    data_corpus.check,
    data_corpus.scenes,
):
    app.command(verb.__name__)(verb)
app.command("voices")(data_voices.voices)
app.command("transcribe")(data_transcribe.transcribe)
app.command("index")(data_store.index)
app.command("search")(data_store.search)
app.command("import")(data_lines.import_)
app.command("export")(data_lines.export)
app.command("fetch")(data_fetch.fetch)

_STREAM_SECONDS = 20.0  # of a composed stream on average, for the time left

OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="FOLDER", help="Where the results go.", show_default=False)
]


@app.callback(invoke_without_command=True)
def data(context: typer.Context) -> None:
    """Make training and test sound: clean clips, and streams composed of them.

    \b
    Example:
      soundflow data compose --clips ../clips --split train --count 100 --out streams
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("tfjp")
def tfjp(
    sources: Annotated[
        list[Path], typer.Argument(metavar="IN", help="One recording and the wav it becomes; with --out any number.")
    ],
    out: OutOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Cut silences, remove steady noise, keep the core of a clip and align it (the paper's TFJP).

    With --out recordings (a folder stands for all in it) go there as wav; what is finished is not done again.

    \b
    Examples:
      soundflow data tfjp dog.ogg clean.wav
      soundflow data tfjp clips/*.wav --out clean
    """
    from soundflow.cli.progress import SoundProgress
    from soundflow.data.folders import Outcome, preprocess, preprocess_new, sound_files, sound_seconds
    from soundflow.errors import UsageError

    if out is not None:
        places = sound_files(sources, out)
        with SoundProgress("tfjp", sound_seconds(places)) as progress:
            outcome = preprocess(places, progress.heard)
        _tell(outcome, out, as_json)
        return
    if len(sources) != 2:
        raise UsageError("data.tfjp", f"expected IN.wav OUT.wav, got {len(sources)} names", "for more use --out FOLDER")
    source, target = sources
    _tell(Outcome(1, 0, preprocess_new(source, target)), target, as_json)


@app.command("compose")
def compose(
    timeline: Annotated[
        Path | None,
        typer.Argument(metavar="TIMELINE.json", help="A stream to put together again.", show_default=False),
    ] = None,
    target: Annotated[
        Path | None, typer.Argument(metavar="OUT.wav", help="The wav it becomes.", show_default=False)
    ] = None,
    clips: Annotated[
        Path | None,
        typer.Option(
            "--clips",
            metavar="DIR",
            help="A folder with clips.jsonl. A timeline without it names sound files beside itself.",
            show_default=False,
        ),
    ] = None,
    split: Annotated[str, typer.Option("--split", help="The split whose clips are composed.")] = "train",
    count: Annotated[int, typer.Option("--count", min=1, help="How many streams.")] = 10,
    seed: SeedOption = 0,
    out: OutOption = None,
    cache: CacheOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Compose streams of 16 to 24 s from clips, each a wav and its timeline; or one stream from its timeline.

    Started again it goes on where it stood. A clip that cannot be used is left out, with its reason in rejected.json.

    \b
    Examples:
      soundflow data compose --clips ../clips --split train --count 100 --seed 0 --out streams
      soundflow data compose streams/000000.json stream.wav --clips ../clips
    """
    from soundflow.errors import UsageError

    if timeline is not None and target is not None and out is None:
        _compose_one(timeline, target, clips, cache, as_json)
    elif timeline is None and clips is not None and out is not None:
        _compose_many(clips, cache, split, count, seed, out, as_json)
    else:
        expected = "expected --clips DIR --out FOLDER, or TIMELINE.json OUT.wav"
        raise UsageError("data.compose", expected, "add --help to see examples")


def _compose_many(clips: Path, cache: Path | None, split: str, count: int, seed: int, out: Path, as_json: bool) -> None:
    from soundflow.cli.progress import SoundProgress
    from soundflow.data.clips import ClipStore
    from soundflow.data.folders import StreamFolder

    folder = StreamFolder(ClipStore(clips, cache), split, seed, out)
    missing = folder.missing(count)
    with SoundProgress("decoding clips", _STREAM_SECONDS * len(missing)) as progress:
        outcome = folder.compose(missing, progress.heard)
    outcome.kept = count - len(missing)
    _tell(outcome, out, as_json)


def _compose_one(timeline: Path, target: Path, clips: Path | None, cache: Path | None, as_json: bool) -> None:
    from soundflow.data.clips import ClipStore
    from soundflow.data.folders import Outcome, compose_file

    store = None if clips is None else ClipStore(clips, cache)
    _tell(Outcome(1, 0, compose_file(timeline, target, store)), target, as_json)


def _tell(outcome: Outcome, place: Path, as_json: bool) -> None:
    """Where the results are, on standard output; how many, and what was left out, on standard error."""
    import json

    from soundflow.errors import InputError

    for name, reason in outcome.rejected.items():
        typer.echo(f"left out {name}: {reason}", err=True)
    if outcome.rejected and not outcome.written + outcome.kept:
        reason = next(iter(outcome.rejected.values()))
        raise InputError(
            "data.nothing", f"nothing could be used, {len(outcome.rejected)} left out; the first: {reason}"
        )
    if as_json:
        typer.echo(json.dumps({"out": str(place), **outcome.to_dict()}))
        return
    typer.echo(
        f"{outcome.written} written ({outcome.seconds:.1f} s of sound), {outcome.kept} were there, "
        f"{len(outcome.rejected)} left out",
        err=True,
    )
    typer.echo(place)
