"""What the verbs of `soundflow analyze` share: options, streams, a model as it was trained, and how results are told.

Tests: tests/cli/test_analyze.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from soundflow.cli.bench import TaskName
from soundflow.cli.needs import need

if TYPE_CHECKING:
    from soundflow.analysis.sounds import Sound, Streams
    from soundflow.api import Arithmetic
    from soundflow.model.bundle import Bundle


class FloatName(StrEnum):
    """What the decoder computes in; int8 layers are fused and cannot be looked into."""

    float32 = "float32"
    bfloat16 = "bfloat16"


class ArithmeticName(StrEnum):
    """What the decoder computes in, where its layers need not be looked into; auto is what `listen` takes."""

    auto = "auto"
    float32 = "float32"
    bfloat16 = "bfloat16"
    int8 = "int8"
    int4 = "int4"


ClipsOption = Annotated[
    Path | None,
    typer.Option("--clips", metavar="DIR", help="A folder with clips.jsonl and labels.json; else the examples."),
]
StreamsOption = Annotated[int, typer.Option("--streams", min=1, help="How many streams are composed of clips.")]
TaskOption = Annotated[TaskName, typer.Option("--task", help="What the streams ask for.")]
StreamArgument = Annotated[str, typer.Argument(metavar="STREAM", help="A sound file or an example's name.")]
ChunkOption = Annotated[
    int | None, typer.Option("--chunk", min=0, help="Which decision, from 0; else where p is highest.")
]
InstructionOption = Annotated[
    str | None,
    typer.Option("--instruction", metavar="TEXT", help="What it listens for; else its default.", show_default=False),
]
PictureOption = Annotated[
    Path | None, typer.Option("--picture", metavar="FILE", help="Draw a PNG (extra [analysis]).", show_default=False)
]
ArithmeticOption = Annotated[ArithmeticName, typer.Option("--arithmetic", help="Of the decoder; auto is listen's.")]
FloatOption = Annotated[FloatName, typer.Option("--arithmetic", help="Of the decoder; 3B: 16 GB or 9 GB.")]


def loaded(name: str, arithmetic: FloatName | ArithmeticName, threads: int, picture: Path | None) -> Bundle:
    """A model in some arithmetic, once it is sure that a picture can be drawn where one is wanted.

    Raises:
        OutsideError: matplotlib is not installed (`extra.missing`), or its place takes no file (`analysis.write`).
    """
    if picture is not None:
        need("analysis", "matplotlib")
        from soundflow.analysis.pictures import check_picture

        check_picture(picture)
    import torch

    from soundflow.api import load

    torch.set_num_threads(threads)
    return load(name, arithmetic=cast("Arithmetic", arithmetic.value)).bundle


def chosen_streams(
    clips: Path | None, split: str, seed: int, task: TaskName, count: int, cache: Path | None
) -> Streams:
    """Streams composed out of a folder's split, or the packaged examples when there is no folder."""
    from soundflow.analysis.sounds import composed_streams, recorded_streams
    from soundflow.api import example_path, examples
    from soundflow.bench.listening import Setting
    from soundflow.data.clips import ClipStore

    if clips is not None:
        return composed_streams(Setting(ClipStore(clips, cache), split, seed, task.value), count)
    return recorded_streams([path for name in examples() if (path := example_path(name)) is not None])


def heard_until(source: str, bundle: Bundle, chunk: int | None) -> Sound:
    """A file or example up to the end of a chunk, or whole; its timeline when one lies beside it.

    Raises:
        InputError: there is no such file, or it is too long to be looked at whole (`analysis.too_long`).
        UsageError: a microphone without a chunk to stop at (`analysis.microphone`).
    """
    from soundflow.analysis.sounds import Sound, beginning, gathered, timeline_beside
    from soundflow.api import MICROPHONE, example_path, open_source
    from soundflow.errors import UsageError

    if source == MICROPHONE and chunk is None:
        raise UsageError("analysis.microphone", "a microphone has no end", "name a --chunk to stop at, or a recording")
    size = bundle.config.chunk_samples
    blocks = open_source(source, size)
    samples = gathered(blocks) if chunk is None else beginning(blocks, (chunk + 1) * bundle.config.chunk_seconds)
    path = Path(source) if Path(source).is_file() else example_path(source)
    return Sound(source if path is None else path.stem, samples, None if path is None else timeline_beside(path))


def described(bundle: Bundle, found: Mapping[str, Any], arithmetic: FloatName | ArithmeticName) -> dict[str, Any]:
    """A result with the model, the machine and the command line it came from."""
    from soundflow.bench.machine import describe_machine
    from soundflow.cli.bench_result import command

    return {
        "model": bundle.name,
        **found,
        "arithmetic": arithmetic.value,
        "machine": describe_machine(),
        "command": command(),
    }


def bounds(figure: Mapping[str, float | None], scale: float = 1.0, digits: int = 2) -> str:
    """A figure with its 95 % bounds, as a table shows it."""
    value, low, high = figure["value"], figure["low"], figure["high"]
    if value is None or low is None or high is None:
        return "–"
    return f"{scale * value:.{digits}f} ({scale * low:.{digits}f} – {scale * high:.{digits}f})"
