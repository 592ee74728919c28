"""One pass of a network over the work of many sessions. Knows nothing of threads, queues or time.

Products see the rows of all sessions as one matrix; what a session remembers is looked at by it alone
(docs/decisions/0012). Tests: tests/stream/test_batch.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from soundflow.model.cache import RaggedCache
from soundflow.model.network import AudioInteractionModel
from soundflow.stream.changes import Change
from soundflow.stream.decoding import Decoding, Outcome
from soundflow.stream.fifo import Flush, TextStep
from soundflow.stream.perception import EncodedChunk, MelChunk, Perception, Samples


@dataclass(frozen=True)
class Heard:
    """Sound of one session up to the end of a chunk, in blocks with their arrival, and whether it was the last."""

    perception: Perception
    blocks: Sequence[tuple[Samples, float]]
    is_last: bool

    def mels(self, now: float) -> list[MelChunk]:
        """The chunks that became whole, not encoded yet; a stream's padded last one counts as arrived `now`."""
        whole = [mel for block, at in self.blocks for mel in self.perception.listen(block, at)]
        return whole + (self.perception.rest(now) if self.is_last else [])


@dataclass(frozen=True)
class Step:
    """What one session's decoder shall do: None ends the reply it is speaking; `changes` are made before."""

    decoding: Decoding
    action: Flush[EncodedChunk] | TextStep | None
    changes: Sequence[Change] = ()


def hear_all(network: AudioInteractionModel, work: Sequence[Heard], now: float) -> list[list[EncodedChunk]]:
    """Encode what each session heard; per session the chunks that became whole (none, one, or two at its end).

    Args:
        now: when a stream's padded last chunk counts as arrived.
    """
    mels = [heard.mels(now) for heard in work]
    flat = [mel for row in mels for mel in row]
    if not flat:
        return [[] for _ in work]
    with torch.inference_mode():
        features = network.encode(torch.stack([mel.mel for mel in flat]))
    rows = iter(features.split(1))
    return [[EncodedChunk(mel.index, next(rows), mel.arrived_at) for mel in row] for row in mels]


def decode_all(network: AudioInteractionModel, steps: Sequence[Step]) -> list[Outcome]:
    """Do one step of each session, all in one pass."""
    with torch.inference_mode():
        for step in steps:
            for change in step.changes:
                change.apply(step.decoding)
        hidden = _pass(network, [(step.decoding, step.action) for step in steps if step.action is not None])
        return list(_outcomes(network, steps, hidden))


def _pass(
    network: AudioInteractionModel, steps: Sequence[tuple[Decoding, Flush[EncodedChunk] | TextStep]]
) -> list[Tensor]:
    """The hidden state of each step's last row, [1, width]."""
    if not steps:
        return []
    rows = [decoding.prepare(action) for decoding, action in steps]
    parts = [(decoding.cache, len(row)) for (decoding, _), row in zip(steps, rows, strict=True)]
    hidden: Tensor = network(torch.cat(rows)[None], RaggedCache(parts))[0]
    return [row[-1:] for row in hidden.split([len(row) for row in rows])]


def _outcomes(network: AudioInteractionModel, steps: Sequence[Step], hidden: Sequence[Tensor]) -> Iterator[Outcome]:
    """What each step came to; the vocabulary is looked at for all that speak at once."""
    states = dict(zip([i for i, step in enumerate(steps) if step.action is not None], hidden, strict=True))
    speaking = [i for i, step in enumerate(steps) if isinstance(step.action, TextStep)]
    logits = (
        dict(zip(speaking, network.logits(torch.cat([states[i] for i in speaking])), strict=True)) if speaking else {}
    )
    for i, step in enumerate(steps):
        if isinstance(step.action, Flush):
            yield step.decoding.decide(step.action.chunks, states[i])
        else:
            yield step.decoding.cancel() if step.action is None else step.decoding.say(logits[i])
