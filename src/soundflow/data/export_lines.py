"""Our streams as other people's lines: imported ones as they came, a corpus cut into the turns of StreamAudio-2M.

A composed stream is one sound, a published one has a sound a turn: it is cut behind each chunk that is answered, so
that the pieces joined are the stream, and what is left at its end is a turn without an answer.
Tests: tests/data/test_export_lines.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from soundflow.atomic import replacing, write_text
from soundflow.audio.decode import write_wav
from soundflow.data.build.corpus import StoredStream, corpus_sha256, streams
from soundflow.data.published_lines import SILENT, PublishedLine, PublishedTurn
from soundflow.data.release_lines import DEFAULT_EMOTION
from soundflow.data.timeline import SAMPLE_RATE, Reply, StreamEvent, Timeline
from soundflow.errors import InputError, OutsideError

Samples = NDArray[np.float32]
Form = Literal["streamaudio", "release"]
Told = Callable[[], None]

LINES_NAME, AUDIO_NAME = "lines.jsonl", "audio"
CLAIM_NAME = "export.json"  # beside them: which corpus they were cut from


@dataclass
class Exported:
    """How many streams were written, their turns, and which were left out."""

    form: Form
    lines: int = 0
    turns: int = 0
    rejected: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**self.__dict__, "rejected": len(self.rejected)}


@dataclass(frozen=True)
class Piece:
    """A part of a stream and what is said behind it. Seconds of stream."""

    start: float
    end: float
    replies: tuple[Reply, ...]
    heard: tuple[str, ...]  # labels of what sounds in it

    @property
    def turn(self) -> tuple[str, str]:
        """What is said, and how: the texts of one chunk joined, in the first one's tone."""
        if not self.replies:
            return SILENT, DEFAULT_EMOTION
        return " ".join(reply.text for reply in self.replies), self.replies[0].emotion or DEFAULT_EMOTION


def export_corpus(corpus: Path, out: Path, form: Form, told: Told) -> Exported:
    """Write a corpus as lines with a sound a turn; a stream whose sounds are there already is not cut again.

    Raises:
        InputError: no corpus, or the folder holds the sounds of another (`export.other_corpus`).
        OutsideError: the folder does not take it.
    """
    done = Exported(form)

    def lines() -> Iterator[PublishedLine]:
        for stream in streams(corpus):
            line = published_stream(stream)
            _cut(stream, line, out)
            yield line

    _make(out)
    _claim(out, corpus_sha256(corpus))
    _write_lines(out / LINES_NAME, lines(), done, told)
    return done


def export_imported(path: Path, out: Path, form: Form, told: Told) -> Exported:
    """Write imported lines back as they came.

    Raises:
        InputError: the file cannot be read.
        OutsideError: the result cannot be written.
    """
    done = Exported(form)

    def lines() -> Iterator[PublishedLine]:
        for number, text in _lines(path):
            try:
                yield restored(json.loads(text))
            except (InputError, ValueError, KeyError, TypeError, IndexError) as error:
                done.rejected[f"line {number}"] = f"no imported line: {error}"

    _make(out.parent)
    _write_lines(out, lines(), done, told)
    if not done.lines:
        out.unlink()
        hint = "give a file that `data import` made, or a folder of `data build`"
        raise InputError("export.nothing", f"{path} holds no imported line", hint)
    return done


def restored(row: Mapping[str, Any]) -> PublishedLine:
    """An imported line as it was published, from its timeline and what stands beside it.

    Raises:
        InputError: the timeline makes no sense.
        KeyError: it is no imported line.
    """
    timeline, beside = Timeline.from_json(json.dumps(row["timeline"])), row["beside"]
    events = [event for event in timeline.events if event.role == "foreground"]
    known = beside.get("turns") or [{}] * len(events)
    turns = tuple(_restored_turn(event, more) for event, more in zip(events, known, strict=True))
    return PublishedLine(row["key"], beside.get("stream_scene_type", ""), turns, timeline.instruction)


def to_form(line: PublishedLine, form: Form) -> dict[str, Any]:
    """A line in one of the two forms; the release's has no user, scene or id."""
    if form == "streamaudio":
        return line.to_dict()
    names = ("audio_path", "assistant", "emotion")
    return {"conversation": [{name: getattr(turn, name) for name in names} for turn in line.turns]}


def pieces(timeline: Timeline) -> list[Piece]:
    """A stream cut behind every chunk that is answered; the last piece is what is left, if anything is."""
    answered: dict[int, list[Reply]] = {}
    for chunk, reply, _ in timeline.responses:
        answered.setdefault(chunk, []).append(reply)
    found: list[Piece] = []
    start = 0.0
    for chunk in sorted(answered):
        end = min((chunk + 1) * timeline.chunk_seconds, timeline.seconds)
        found.append(Piece(start, end, tuple(answered[chunk]), _heard(timeline, start, end)))
        start = end
    if start < timeline.seconds - 0.5 / SAMPLE_RATE:
        found.append(Piece(start, timeline.seconds, (), _heard(timeline, start, timeline.seconds)))
    return found


def published_stream(stream: StoredStream) -> PublishedLine:
    """A stream of a corpus as a published line; its user is what can be heard, for no words are kept of it."""
    scene = str(stream.annotation.get("place") or stream.annotation.get("capability") or "")
    turns = []
    for number, piece in enumerate(pieces(stream.timeline)):
        text, emotion = piece.turn
        heard = ", ".join(label.replace("_", " ") for label in piece.heard)
        turns.append(PublishedTurn(heard, text, emotion, scene, _place(stream.key, number)))
    name = f"{stream.annotation.get('sub_task', 'stream')}_{stream.key}"
    return PublishedLine(name, scene, tuple(turns), stream.timeline.instruction)


def _restored_turn(event: StreamEvent, more: Mapping[str, Any]) -> PublishedTurn:
    reply = event.reply
    text = more.get("assistant", SILENT) if reply is None else reply.text
    emotion = more.get("emotion") or (reply.emotion if reply else None) or DEFAULT_EMOTION
    return PublishedTurn(more.get("user", ""), text, emotion, more.get("scene_type", ""), event.clip)


def _heard(timeline: Timeline, start: float, end: float) -> tuple[str, ...]:
    sounding = (e.label for e in timeline.events if e.role == "foreground" and e.onset < end and e.end > start)
    return tuple(dict.fromkeys(sounding))


def _claim(out: Path, sha256: str) -> None:
    """Say in the folder which corpus its sounds are cut from, or see that it says the same: keys alone tell nothing."""
    path = out / CLAIM_NAME
    if not path.exists() and not (out / AUDIO_NAME).exists():
        _outside(path, lambda: write_text(path, json.dumps({"corpus_sha256": sha256}) + "\n"))
        return
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None  # sounds of which nobody says where they are from
    if not isinstance(found, dict) or found.get("corpus_sha256") != sha256:
        hint = "name another folder, or empty this one"
        raise InputError("export.other_corpus", f"{out} holds the sounds of another corpus", hint)


def _cut(stream: StoredStream, line: PublishedLine, out: Path) -> None:
    places = [out / turn.audio_path for turn in line.turns]
    if all(place.exists() for place in places):
        return
    samples = stream.samples
    _make(places[0].parent)
    for place, piece in zip(places, pieces(stream.timeline), strict=True):
        start, end = (round(at * SAMPLE_RATE) for at in (piece.start, piece.end))
        write_wav(place, samples[start:end])


def _place(key: str, number: int) -> str:
    return f"{AUDIO_NAME}/{key}/turn_{number}.wav"


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8") as file:
            yield from ((number, line) for number, line in enumerate(file, start=1) if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        hint = "give a file that `data import` made, or a folder of `data build`"
        raise InputError("export.file", f"cannot read {path}: {error}", hint) from error


def _make(folder: Path) -> None:
    _outside(folder, partial(folder.mkdir, parents=True, exist_ok=True))


def _write_lines(path: Path, lines: Iterable[PublishedLine], done: Exported, told: Told) -> None:
    def write() -> None:
        with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
            for line in lines:
                file.write(json.dumps(to_form(line, done.form), ensure_ascii=False) + "\n")
                done.lines += 1
                done.turns += len(line.turns)
                told()

    _outside(path, write)


def _outside(place: Path, do: Callable[[], object]) -> None:
    try:
        do()
    except OSError as error:
        hint = "check the folder and the space left"
        raise OutsideError("export.write", f"cannot write {place}: {error.strerror}", hint) from error
