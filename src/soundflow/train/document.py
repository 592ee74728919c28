"""One stream to learn from: its sound in whole chunks, its tokens, and what should have happened in it.

Tests: tests/train/test_document.py.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundflow.data.annotate import AnnotatedStream, annotate
from soundflow.data.offline import annotate_offline
from soundflow.data.timeline import SAMPLE_RATE, Timeline
from soundflow.model.tokens import Grammar
from soundflow.train.hearing import NOTHING, Heard, heard_in, only_sound
from soundflow.train.stages import Stage

SPEAKING_RATES = (2.0, 12.0)  # text tokens spoken while a chunk arrives, where a reply takes time; chosen


@dataclass(frozen=True)
class Sounding:
    """A stream as a corpus or a folder of clips gives it. `samples` float32 [n], 16 kHz."""

    key: str  # names the same sound for ever, for what is kept of it
    samples: NDArray[np.float32]
    timeline: Timeline


@dataclass(frozen=True)
class Document:
    """A stream in tokens."""

    key: str
    samples: NDArray[np.float32]  # [chunks · chunk samples], 16 kHz
    tokens: AnnotatedStream
    timeline: Timeline
    seconds: float  # that sound; the rest of the last chunk is filled up
    chunks: int  # how many are heard
    heard: Heard = NOTHING  # what its chunks should be named, where a stage learns that


def document(
    sounding: Sounding, grammar: Grammar, chunk_seconds: float, stage: Stage, rng: np.random.Generator
) -> Document:
    """Write a stream in tokens as a stage wants it: whole, or up to its first reply; never beyond its most chunks.

    Where a single reply is left, a share of the streams are whole recordings that are asked about (offline layout); a
    stage that only listens asks nothing of any.

    Args:
        chunk_seconds: the model's; a timeline made for others is read in these.
        rng: draws the speaking rate (ruling 4).
    """
    timeline = dataclasses.replace(sounding.timeline, chunk_seconds=chunk_seconds)
    size = round(chunk_seconds * SAMPLE_RATE)
    chunks = min(math.ceil(len(sounding.samples) / size), stage.most_chunks)
    responses = [(chunk, reply) for chunk, reply, _ in timeline.responses if chunk < chunks]
    if stage.form == "single" and len(responses) > 1:
        chunks = responses[0][0] + 1
        responses = responses[:1]
    is_asked = stage.form != "listening" and stage.offline_share > 0 and len(responses) == 1
    is_offline = is_asked and rng.random() < stage.offline_share
    if stage.form == "single" and responses and not is_offline:
        chunks = responses[0][0] + 1
    is_instant = rng.random() < stage.instant_share
    rate = math.inf if is_instant else float(rng.uniform(*SPEAKING_RATES))
    heard = sounding.samples[: chunks * size]
    samples = np.zeros(chunks * size, np.float32)
    samples[: len(heard)] = heard
    if stage.form == "listening":
        tokens = only_sound(chunks, grammar)
    elif is_offline:
        slots = chunks * grammar.audio_positions
        tokens = annotate_offline(timeline.instruction, slots, responses[0][1].text, grammar)
    else:
        tokens = annotate(timeline.instruction, chunks, responses, grammar, rate)
    is_named = stage.hearing_weight > 0 and not is_offline
    names = heard_in(timeline, tokens, chunks, grammar) if is_named else NOTHING
    return Document(sounding.key, samples, tokens, timeline, len(heard) / SAMPLE_RATE, chunks, names)
