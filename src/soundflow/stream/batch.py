"""One pass of a network over the work of many sessions. Knows nothing of threads, queues or time.

Tests: tests/stream/test_batch.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from soundflow.model.network import AudioInteractionModel
from soundflow.stream.decoding import Decoding, Outcome
from soundflow.stream.fifo import Flush, TextStep
from soundflow.stream.perception import EncodedChunk, Perception, Samples


@dataclass(frozen=True)
class Heard:
    """Sound of one session up to the end of a chunk, in blocks with their arrival, and whether it was the last."""

    perception: Perception
    blocks: Sequence[tuple[Samples, float]]
    is_last: bool


def hear_all(network: AudioInteractionModel, work: Sequence[Heard], now: float) -> list[list[EncodedChunk]]:
    """Encode the next chunk of each session; per session the chunks that became whole (none, one, or two at its end).

    Args:
        now: when a stream's padded last chunk counts as arrived.
    """
    found = []
    for heard in work:
        chunks = [c for block, at in heard.blocks for c in heard.perception.hear(block, at)]
        found.append(chunks + (heard.perception.end(now) if heard.is_last else []))
    return found


def decode_all(
    network: AudioInteractionModel, steps: Sequence[tuple[Decoding, Flush[EncodedChunk] | TextStep | None]]
) -> list[Outcome]:
    """Do one step of each session; None ends the reply that it is speaking."""
    return [decoding.cancel() if action is None else decoding.run(action) for decoding, action in steps]
