"""Proactive-Sound-Bench heard through sessions: one sound a stream, or several of one category behind each other.

Silence up to the end of an item's span is the decision IGNORE; a reply is RESPOND. Knows nothing of scores. Tests:
tests/bench/test_proactive_streams.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from soundflow.audio.decode import read_audio
from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.bench.baselines.rows import gates
from soundflow.bench.proactive import Item, Tier
from soundflow.bench.provenance import Provenance, answered, digest_of_streams, file_of, provenance
from soundflow.bench.rows import Answers, append_row, read_answers
from soundflow.bench.scorers.tags import write_output
from soundflow.bench.scoring import SpokenReply
from soundflow.bench.systems import System
from soundflow.errors import InputError, UsageError

Samples = NDArray[np.float32]
Listen = Callable[[Samples], Sequence[SpokenReply]]
Load = Callable[[Item], Samples]  # InputError where the sound cannot be read

GROUP_SIZE = 3  # items of one stream in the Multiple tier; our reading, the paper names no number
GAP_SECONDS = 2.0  # of silence after each item, in which it may still be answered; our reading: five chunks
_LATE = 1e-6  # seconds; far below a sample


@dataclass(frozen=True)
class Span:
    """One item in a stream: a reply in (start, end] of the stream is charged to it."""

    item: Item
    start: float
    end: float


def single_streams(items: Sequence[Item]) -> tuple[tuple[Item, ...], ...]:
    """The Single tier: each item alone."""
    return tuple((item,) for item in items)


def multiple_streams(items: Sequence[Item], seed: int, size: int = GROUP_SIZE) -> tuple[tuple[Item, ...], ...]:
    """The Multiple tier: the items of each macro category, shuffled, `size` to a stream.

    Every item stands in exactly one stream. What is left over forms a shorter stream, but never one of a single item:
    that one joins the stream before it. The order of the manifest's rows does not matter.

    Raises:
        UsageError: fewer than two to a stream, or a negative seed.

    Source: the paper's "concatenates same-category events ... against distractors"; the composition is our reading.
    """
    if size < 2 or seed < 0:
        raise UsageError("proactive.group", f"{size} items a stream with seed {seed}", "at least 2, and a seed from 0")
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in sorted(items, key=lambda item: item.id):
        groups[item.macro].append(item)
    return tuple(stream for macro in sorted(groups) for stream in _cut(_shuffled(groups[macro], seed, macro), size))


def compose_stream(stream: Sequence[Item], sounds: Sequence[Samples]) -> tuple[Samples, tuple[Span, ...]]:
    """Sounds [n] behind each other, each with its silence, and the span of stream that belongs to each item."""
    gap = np.zeros(round(GAP_SECONDS * SAMPLE_RATE), np.float32)
    parts: list[Samples] = []
    spans: list[Span] = []
    at = 0
    for item, sound in zip(stream, sounds, strict=True):
        parts += [sound, gap]
        end = at + len(sound) + len(gap)
        spans.append(Span(item, at / SAMPLE_RATE, end / SAMPLE_RATE))
        at = end
    return np.concatenate(parts), tuple(spans)


def decisions(spans: Sequence[Span], replies: Sequence[SpokenReply]) -> dict[str, str | None]:
    """The first reply in each item's span, or None; the last chunk of a stream may end after its last sample."""
    found: dict[str, str | None] = {}
    for number, span in enumerate(spans):
        end = span.end if number + 1 < len(spans) else np.inf
        inside = [reply.text for reply in replies if span.start + _LATE < reply.at <= end + _LATE]
        found[span.item.id] = inside[0] if inside else None
    return found


def hear_items(
    listen: Listen,
    streams: Sequence[Sequence[Item]],
    load: Load,
    out: Path,
    about: Provenance | None = None,
) -> Iterator[Item]:
    """Hear each stream and write each item's output; what the file holds already is not heard again.

    Only answers that were given under the same circumstances are; a file with any other is refused.

    A recording that cannot be read costs its stream: its items get no row, and are then counted as missing.

    Args:
        listen: one fresh session over one stream.
        load: an item's sound, such as `sounds_below` a folder, or a clip's in its store.
        out: predictions, JSON lines.
        about: further fields of each row: who answers, and under which circumstances (`heard_as`).

    Yields:
        Each item as it is done, those of an earlier run too.

    Raises:
        InputError: the file holds answers of others.
        OutsideError: the predictions cannot be written.
    """
    done = answered(out, about or {})
    for stream in streams:
        if not done.issuperset(item.id for item in stream):
            _hear_stream(listen, stream, load, out, about or {})
        yield from stream


def sounds_below(folder: Path, items: Sequence[Item]) -> Load:
    """The recordings of a manifest.

    Args:
        folder: where the manifest's paths start; with or without their first part.

    Raises:
        InputError: not one recording of the manifest is in the folder; from the function, this one cannot be read.
    """
    if not any(_sound_path(folder, item) for item in items):
        message = f"no recording of the manifest is under {folder}"
        raise InputError("proactive.audio", message, f"it should hold {items[0].path}")

    def load(item: Item) -> Samples:
        path = _sound_path(folder, item)
        if path is None:
            raise InputError("proactive.sound", f"{folder} holds no {item.path}", "fetch it again")
        return read_audio(path)

    return load


def heard_as(
    system: System, tier: Tier, seed: int, streams: Sequence[Sequence[Item]], instruction: str | None = None
) -> Provenance:
    """Who hears the streams, and all that their answers hang on; alone, an item does not hang on the others."""
    if tier == "single":
        return provenance(system, instruction=instruction, tier=tier)
    division = digest_of_streams([[item.id for item in stream] for stream in streams])
    return provenance(system, instruction=instruction, tier=tier, seed=seed, streams=division)


def hear_gates(
    streams: Sequence[Sequence[Item]], load: Load, out: Path, tier: Tier = "single", seed: int = 0
) -> dict[str, Answers]:
    """What the gates say to the same streams; their predictions lie in `out`, a file for each gate and division.

    Raises:
        InputError, OutsideError: as `hear_items`.
    """
    found: dict[str, Answers] = {}
    for gate in gates():
        about = heard_as(gate, tier, seed, streams)
        path = file_of(out, about)
        for _ in hear_items(_uninstructed(gate), streams, load, path, about):
            pass
        found[gate.name] = read_answers(path)
    return found


def _uninstructed(system: System) -> Listen:
    return lambda samples: system.hear(samples, None)


def _hear_stream(listen: Listen, stream: Sequence[Item], load: Load, out: Path, about: Provenance) -> None:
    try:
        sounds = [load(item) for item in stream]
    except InputError:
        return
    samples, spans = compose_stream(stream, sounds)
    for item, reply in decisions(spans, listen(samples)).items():
        append_row(out, {"id": item, "output": write_output(reply), **about})


def _sound_path(folder: Path, item: Item) -> Path | None:
    parts = [part for part in item.path.split("/") if part not in ("", ".", "..")]
    candidates = (folder.joinpath(*parts), folder.joinpath(*parts[1:]), folder / f"{item.id}.wav")
    return next((path for path in candidates if path.is_file()), None)


def _shuffled(items: Sequence[Item], seed: int, macro: str) -> list[Item]:
    order = np.random.default_rng([seed, *macro.encode()]).permutation(len(items))
    return [items[i] for i in order]


def _cut(items: Sequence[Item], size: int) -> list[tuple[Item, ...]]:
    streams = [tuple(items[start : start + size]) for start in range(0, len(items), size)]
    if len(streams) > 1 and len(streams[-1]) == 1:
        streams[-2:] = [streams[-2] + streams[-1]]
    return streams
