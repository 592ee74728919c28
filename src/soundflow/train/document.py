"""One stream to learn from: its sound in whole chunks, its tokens, and what should have happened in it.

Tests: tests/train/test_document.py.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundflow.audio.quiet import LEAD_CHUNKS, TRAIL_CHUNKS, in_quiet
from soundflow.data.annotate import AnnotatedStream, annotate
from soundflow.data.offline import annotate_offline, annotate_recording
from soundflow.data.timeline import SAMPLE_RATE, Timeline
from soundflow.model.tokens import Grammar
from soundflow.train.asking import Recording, recording_asked_about
from soundflow.train.hearing import NOTHING, Heard, asked_in, heard_in, only_sound
from soundflow.train.stages import Stage

Samples = NDArray[np.float32]

SPEAKING_RATES = (2.0, 12.0)  # text tokens spoken while a chunk arrives, where a reply takes time; chosen


@dataclass(frozen=True)
class Piece:
    """What a document takes from a stream, which `key` names: its `samples` from the `start`th on, in whole chunks.

    `samples` float32 [n], 16 kHz, go from the stream's beginning to the piece's end: it is heard as it was there.
    """

    key: str
    samples: Samples
    start: int = 0


@dataclass(frozen=True)
class Sounding:
    """A stream as a corpus or a folder of clips gives it. `samples` float32 [n], 16 kHz."""

    key: str  # names this sound and no other, for ever, for what is kept of it
    samples: Samples
    timeline: Timeline
    asks_aloud: bool = False  # its instruction is the first thing to be heard
    pieces: tuple[Piece, ...] = ()  # of which other streams it is put together, if it is


@dataclass(frozen=True)
class Document:
    """A stream in tokens."""

    key: str
    samples: Samples  # [chunks · chunk samples], 16 kHz
    tokens: AnnotatedStream
    timeline: Timeline
    seconds: float  # that sound; the rest of the last chunk is filled up
    chunks: int  # how many are heard
    heard: Heard = NOTHING  # what its chunks should be named, where a stage learns that
    asked: Heard = NOTHING  # what should be named of its instruction, where a stage learns that
    pieces: tuple[Piece, ...] = ()  # as in `Sounding`; the document may end before they do


def document(
    sounding: Sounding, grammar: Grammar, chunk_seconds: float, stage: Stage, rng: np.random.Generator
) -> Document:
    """Write a stream in tokens as a stage wants it: whole, or up to its first reply; never beyond its most chunks.

    A share of the streams are recordings that are asked about (offline layout): whole where one reply is due, and the
    chunks of one event where its sub-task answers each by itself. A stage that only listens asks nothing of any.

    Args:
        chunk_seconds: the model's; a timeline made for others is read in these.
        rng: draws the speaking rate (ruling 4).
    """
    timeline = dataclasses.replace(sounding.timeline, chunk_seconds=chunk_seconds)
    size = round(chunk_seconds * SAMPLE_RATE)
    chunks = min(math.ceil(len(sounding.samples) / size), stage.most_chunks)
    responses = [(chunk, reply) for chunk, reply, _ in timeline.responses if chunk < chunks]
    if stage.form != "listening" and stage.offline_share > 0:
        is_stream = grammar.layout == "stream"
        around = LEAD_CHUNKS + TRAIL_CHUNKS if is_stream else 0
        part = recording_asked_about(timeline, min(chunks, stage.most_chunks - around), rng)
        if part is not None and rng.random() < stage.offline_share:
            asked_about = _asked_as_a_stream if is_stream else _asked_whole
            return asked_about(sounding, timeline, part, grammar, size, stage)
    if stage.form == "single" and responses:
        chunks = responses[0][0] + 1
        responses = responses[:1]
    is_instant = rng.random() < stage.instant_share
    rate = math.inf if is_instant else float(rng.uniform(*SPEAKING_RATES))
    samples, seconds = _in_chunks(sounding.samples, range(chunks), size)
    if stage.form == "listening":
        tokens = only_sound(chunks, grammar)
    else:
        tokens = annotate(timeline.instruction, chunks, responses, grammar, rate)
    decided = tokens.decision_at - 1
    names = heard_in(timeline, decided, range(chunks), grammar) if stage.hearing_weight > 0 else NOTHING
    is_known = stage.form != "listening" or sounding.asks_aloud  # sound alone says nothing of what is written
    asks = stage.asked_weight > 0 and is_known
    asked = asked_in(timeline, tokens, chunks, grammar, sounding.asks_aloud) if asks else NOTHING
    return Document(sounding.key, samples, tokens, timeline, seconds, chunks, names, asked, sounding.pieces)


def _asked_as_a_stream(
    sounding: Sounding, timeline: Timeline, part: Recording, grammar: Grammar, size: int, stage: Stage
) -> Document:
    """A recording in the quiet that stands around it where it is asked about; its answer where it is due in there.

    What sounds is named where a stream names it. Heard anew: what is kept of its stream holds no quiet.
    """
    start, stop = part.chunks.start, part.chunks.stop
    samples = in_quiet(sounding.samples[start * size : stop * size], size)
    chunks = len(samples) // size
    due = min(LEAD_CHUNKS + part.due, chunks - 1)
    tokens = annotate_recording(timeline.instruction, chunks, part.answer, due, grammar)
    named_at = tokens.decision_at[LEAD_CHUNKS : LEAD_CHUNKS + len(part.chunks)] - 1
    names = heard_in(timeline, named_at, part.chunks, grammar) if stage.hearing_weight > 0 else NOTHING
    key, seconds = f"{sounding.key}-asked{start}-{stop}", len(samples) / SAMPLE_RATE
    return Document(key, samples, tokens, timeline, seconds, chunks, names)


def _asked_whole(
    sounding: Sounding, timeline: Timeline, part: Recording, grammar: Grammar, size: int, stage: Stage
) -> Document:
    """A recording and the question about it; chunks from its own start, each named at its last position."""
    chunks = len(part.chunks)
    samples, seconds = _in_chunks(sounding.samples, part.chunks, size)
    tokens = annotate_offline(timeline.instruction, chunks * grammar.audio_positions, part.answer.text, grammar)
    named_at = np.flatnonzero(tokens.is_audio)[grammar.audio_positions - 1 :: grammar.audio_positions]
    names = heard_in(timeline, named_at, part.chunks, grammar) if stage.hearing_weight > 0 else NOTHING
    key = f"{sounding.key}-from{part.chunks.start}" if part.chunks.start else sounding.key
    pieces = () if part.chunks.start else sounding.pieces
    return Document(key, samples, tokens, timeline, seconds, chunks, names, pieces=pieces)


def _in_chunks(samples: Samples, chunks: range, size: int) -> tuple[Samples, float]:
    """The sound of some chunks, float32 [chunks · size], the last one filled up; and how many seconds sound."""
    heard = samples[chunks.start * size : chunks.stop * size]
    whole = np.zeros(len(chunks) * size, np.float32)
    whole[: len(heard)] = heard
    return whole, len(heard) / SAMPLE_RATE
