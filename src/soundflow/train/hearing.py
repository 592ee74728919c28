"""What sounds in each chunk of a stream and what was asked of it, in tokens: dense targets beside the paper's loss.

While training, the decoder's row at each decision names what sounds there: the words that are said, the instrument that
plays, or the sound; and, apart from that, what was asked. The losses are ours (docs/decisions/0015, 0017).
Tests: tests/train/test_hearing.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from soundflow.data.annotate import MASK, AnnotatedStream
from soundflow.data.tasks.subtasks.words import spelled
from soundflow.data.timeline import StreamEvent, Timeline, chunk_of
from soundflow.model.tokens import Grammar

LAG_CHUNKS = 1  # a word may still be named so much later; chosen
QUIET_WEIGHT = 0.3  # of a chunk in which nothing sounds, against one that must be named; chosen
ASKED_CHUNKS = 5  # in which what was asked is named with its whole weight, once it is known; chosen
LATER_WEIGHT = 0.2  # of naming it in a later chunk; chosen


@dataclass(frozen=True)
class Heard:
    """What rows of the decoder should name: `rows`, `ids` int64 [n], `weights` float32 [n]; a row may stand twice."""

    rows: NDArray[np.int64]
    ids: NDArray[np.int64]
    weights: NDArray[np.float32]


@dataclass(frozen=True)
class Names:
    """`Heard` of a whole row, in tensors: `rows`, `ids` int64 [n], `weights` float32 [n]."""

    rows: Tensor
    ids: Tensor
    weights: Tensor

    def to(self, device: torch.device, non_blocking: bool = False) -> Names:
        """The same on a device."""
        return Names(*(value.to(device, non_blocking=non_blocking) for value in vars(self).values()))


NOTHING = Heard(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))


def heard_in(timeline: Timeline, rows: NDArray[np.int64], held: range, grammar: Grammar) -> Heard:
    """What the row of each chunk should name; of several tokens each gets its share.

    A sound counts from its onset to its cue: later the reply, or that there was none, tells what it is
    (docs/decisions/0005). A word counts when its letters are reckoned to be said and one chunk longer, up to the reply
    if there is one. Chunks with speech of which nobody knows the words are left out. Where nothing of the foreground
    sounds, the name is <silent>.

    Args:
        rows: int64 [len(held)], the decoder's row that names each of them.
        held: which of the timeline's chunks are heard.
    """
    chunks = held.stop
    names: list[set[int]] = [set() for _ in range(chunks)]
    known = np.ones(chunks, bool)
    known[: held.start] = False
    for event in timeline.events:
        if event.role != "foreground":
            continue
        first, last = (chunk_of(at, timeline.chunk_seconds) for at in (event.onset + 1e-4, event.end))
        cue = chunk_of(event.cue, timeline.chunk_seconds)
        if event.kind == "speech":
            known[first : last + 1] &= bool(event.content)
            told = cue if event.reply else last  # what nobody answers, no answer tells
            known[told + 1 : last + 1] = False
            for start, end, ids in spoken_tokens(event, grammar):
                begins, ends = (chunk_of(at, timeline.chunk_seconds) for at in (start + 1e-4, end))
                for chunk in range(begins, min(ends + LAG_CHUNKS, told, chunks - 1) + 1):
                    names[chunk].update(ids)
        else:
            known[cue + 1 : last + 1] = False
            ids = grammar.tokenizer.encode(event.content or event.label.replace("_", " "))
            for chunk in range(first, min(cue, chunks - 1) + 1):
                names[chunk].update(ids)
    at, named, weights = [], [], []
    for chunk in map(int, np.flatnonzero(known)):
        wanted = sorted(names[chunk]) or [grammar.control.silent]
        at += [int(rows[chunk - held.start])] * len(wanted)
        named += wanted
        weights += [(1.0 if names[chunk] else QUIET_WEIGHT) / len(wanted)] * len(wanted)
    return Heard(np.array(at, np.int64), np.array(named, np.int64), np.array(weights, np.float32))


def asked_in(timeline: Timeline, tokens: AnnotatedStream, chunks: int, grammar: Grammar, is_aloud: bool) -> Heard:
    """What the row of each chunk's decision should name of the instruction, once it is known; each token its share.

    Args:
        chunks: how many are heard.
        is_aloud: the first thing to be heard says the instruction; else it is written, and known from the start.
    """
    text, since = timeline.instruction, 0
    if is_aloud:
        voice = next(event for event in timeline.events if event.role == "foreground")
        text, since = voice.content, chunk_of(voice.end, timeline.chunk_seconds)
    ids = sorted(set(grammar.tokenizer.encode(f" {text.lower()}"))) if text else []
    if not ids or since >= chunks:
        return NOTHING
    rows = tokens.decision_at[since:chunks] - 1
    weights = np.where(np.arange(len(rows)) < ASKED_CHUNKS, 1.0, LATER_WEIGHT) / len(ids)
    return Heard(
        np.repeat(rows, len(ids)).astype(np.int64),
        np.tile(np.array(ids, np.int64), len(rows)),
        np.repeat(weights, len(ids)).astype(np.float32),
    )


def spoken_tokens(event: StreamEvent, grammar: Grammar) -> list[tuple[float, float, list[int]]]:
    """Start and end in seconds of stream of each word that is said, by its letters' share of the whole; its tokens."""
    text = (event.content or "").lower()
    words = spelled(text, "en" if text.isascii() else "zh")
    ends = [event.onset + word.share * (event.end - event.onset) for word in words]
    starts = [event.onset, *ends][: len(ends)]
    texts = [word.reply.text.strip(".,?!。，？！、") for word in words]
    return [
        (start, end, grammar.tokenizer.encode(f" {text}" if text.isascii() else text))
        for start, end, text in zip(starts, ends, texts, strict=True)
        if text
    ]


def only_sound(chunks: int, grammar: Grammar) -> AnnotatedStream:
    """A stream of which nothing is asked but to hear it: audio slots, no other token, nothing decided."""
    each = grammar.audio_positions
    ids = np.full(chunks * each, grammar.control.audio_pad, np.int64)
    masked = np.full(len(ids), MASK, np.int64)
    return AnnotatedStream(ids, masked, masked, np.ones(len(ids), bool), np.arange(1, chunks + 1) * each)


def hearing_loss(logits: Tensor, places: Tensor, ids: Tensor, weights: Tensor) -> Tensor:
    """The weighted sum of what it costs to name what is heard.

    Args:
        logits: [rows, vocabulary].
        places: int64 [n], which of these rows; ids: int64 [n], what it should name; weights: float32 [n].
    """
    named = logits.float().log_softmax(-1)[places, ids]
    return -(named * weights).sum()


def joined(parts: list[Heard], starts: list[int]) -> Names:
    """Several streams' targets in one row, each begun at its place."""
    placed = [part.rows + start for part, start in zip(parts, starts, strict=True)]
    return Names(
        torch.from_numpy(np.concatenate(placed)),
        torch.from_numpy(np.concatenate([part.ids for part in parts])),
        torch.from_numpy(np.concatenate([part.weights for part in parts])),
    )
