"""What sounds in a stream, in the tokens that name it: targets for an ear that writes down all it hears.

The hearing loss of the stages is ours (docs/decisions/0015): while training, each sound, each word and each instrument
of the foreground is written down by connectionist temporal classification over the rows at which it is heard.
Tests: tests/train/test_hearing.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from soundflow.data.annotate import AnnotatedStream
from soundflow.data.timeline import StreamEvent, Timeline, chunk_of
from soundflow.model.tokens import Grammar


@dataclass(frozen=True)
class Heard:
    """One sound: the rows of the decoder at which it is heard, int64 [rows], and its name in tokens."""

    rows: NDArray[np.int64]
    ids: tuple[int, ...]


def heard_in(timeline: Timeline, tokens: AnnotatedStream, chunks: int, grammar: Grammar) -> tuple[Heard, ...]:
    """The foreground's sounds of a stream, each from its onset to its cue.

    After its cue a sound's name may stand in the reply (docs/decisions/0005); so a sound with turns of its own, which
    are replies about it while it lasts, is left out. So is speech of which nobody knows the words, and what does not
    fit into its rows.

    Args:
        chunks: how many are heard; a sound whose cue comes later is left out.
    """
    with_turns = {turn.event for turn in timeline.turns}
    found = []
    for number, event in enumerate(timeline.events):
        name = name_of(event)
        last = chunk_of(event.cue, timeline.chunk_seconds)
        if event.role != "foreground" or number in with_turns or not name or last >= chunks:
            continue
        first = min(last, int(event.onset / timeline.chunk_seconds + 1e-6))  # a boundary begins a chunk for a sound
        rows = rows_of(tokens, first, last, grammar)
        ids = tuple(grammar.tokenizer.encode(name))
        repeats = sum(a == b for a, b in itertools.pairwise(ids))  # a blank must stand between them
        if ids and len(ids) + repeats <= len(rows):
            found.append(Heard(rows, ids))
    return tuple(found)


def name_of(event: StreamEvent) -> str:
    """What an ear would write: words for speech, the instrument for a note, else the label; empty where unknown."""
    if event.content or event.kind == "speech":
        return (event.content or "").strip().lower().rstrip(".")
    return event.label.replace("_", " ")


def rows_of(tokens: AnnotatedStream, first: int, last: int, grammar: Grammar) -> NDArray[np.int64]:
    """The rows of chunks `first` to `last`, both included, with their control tokens; int64 [rows].

    In the offline layout, which decides nothing, their audio slots.
    """
    if not len(tokens.decision_at):
        slots = np.flatnonzero(tokens.is_audio)
        return slots[first * grammar.audio_positions : (last + 1) * grammar.audio_positions]
    block = np.arange(-len(grammar.chunk_block()), 1)
    return np.asarray((tokens.decision_at[first : last + 1, None] + block).ravel(), np.int64)


def hearing_loss(log_probs: Sequence[Tensor], names: Sequence[Sequence[int]], blank: int) -> Tensor:
    """The sum over sounds of the negative log-likelihood of their names.

    Args:
        log_probs: of each sound float32 [rows, vocabulary].
        names: of each sound its tokens, none of them `blank`.

    Source: Graves and others, "Connectionist Temporal Classification", ICML 2006.
    """
    return F.ctc_loss(
        torch.nn.utils.rnn.pad_sequence(list(log_probs)),
        torch.tensor([i for name in names for i in name], device=log_probs[0].device),
        torch.tensor([len(rows) for rows in log_probs]),
        torch.tensor([len(name) for name in names]),
        blank=blank,
        reduction="sum",
        zero_infinity=True,
    )
