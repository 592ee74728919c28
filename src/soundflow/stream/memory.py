"""Which part of the context a session forgets: the bookkeeping of its bounded window, without any tensor.

The prefix with the instruction is pinned; behind it stand blocks, one a chunk, each with its control token and the
reply that followed. When room is needed the oldest blocks go, at least a quarter of the window at once so that
forgetting stays rare. Tests: tests/stream/test_memory.py.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

_SHARE_EVICTED = 4  # a quarter of the window at once; chosen
_ROOM_FOR_REPLIES = 4  # replies of full length that fit beside a full window; chosen


@dataclass(frozen=True)
class Eviction:
    """Positions [start, start + count) to drop, and what they held."""

    start: int
    count: int
    chunks: int
    turns: int


@dataclass
class _Block:
    positions: int
    turns: int = 0


class Window:
    """The ledger of one session's cache.

    Args:
        prefix: positions of the pinned prefix.
        block: positions of one chunk with its control token.
        max_chunks: chunks in the window at most.
        max_reply: positions one reply takes at most.
    """

    def __init__(self, prefix: int, block: int, max_chunks: int, max_reply: int) -> None:
        self.prefix = prefix
        self.max_chunks = max_chunks
        self.max_reply = max_reply
        self.capacity = prefix + max_chunks * block + _ROOM_FOR_REPLIES * max_reply
        self._block = block
        self._blocks: deque[_Block] = deque()
        self._positions = 0  # in blocks, all together

    @property
    def chunks(self) -> int:
        """Chunks in the window."""
        return len(self._blocks)

    @property
    def positions(self) -> int:
        """Positions of prefix and blocks."""
        return self.prefix + self._positions

    def make_room(self, chunks: int) -> Eviction | None:
        """Forget what must go before `chunks` more chunks and one full reply; None when all fits.

        The newest block always stays: its last token is not in the cache yet.
        """
        if self._fits(chunks):
            return None
        target = min(max(1, self.max_chunks // _SHARE_EVICTED), len(self._blocks) - 1)
        count = evicted = turns = 0
        while len(self._blocks) > 1 and (evicted < target or not self._fits(chunks)):
            oldest = self._blocks.popleft()
            self._positions -= oldest.positions
            count, evicted, turns = count + oldest.positions, evicted + 1, turns + oldest.turns
        return Eviction(self.prefix, count, evicted, turns)

    def open_block(self) -> None:
        """A chunk came in; its control token's place is counted with it."""
        self._blocks.append(_Block(self._block))
        self._positions += self._block

    def add_reply_position(self) -> None:
        """A token of a reply (emotion, text or <eos>) stands behind the newest chunk."""
        self._blocks[-1].positions += 1
        self._positions += 1

    def count_turn(self) -> None:
        """The newest chunk was answered."""
        self._blocks[-1].turns += 1

    def _fits(self, chunks: int) -> bool:
        positions = self.positions + chunks * self._block + self.max_reply
        return len(self._blocks) + chunks <= self.max_chunks and positions <= self.capacity
