"""Which part of the context a session forgets: the bookkeeping of its bounded window, without any tensor.

    prefix | reply of a forgotten chunk | reply … | chunk, tokens | chunk, tokens | …
    pinned   turns kept as text                     blocks, sound and text

The prefix with the instruction is pinned; behind it stand blocks, one a chunk, each with its control token and the
reply that followed. When room is needed the oldest sound goes, at least a quarter of the window at once so that
forgetting stays rare. Where text may be kept the replies stay behind without their sound, and the oldest of them
go when they exceed their share. Tests: tests/stream/test_memory.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from soundflow.model.config import ROOM_FOR_REPLIES

C = TypeVar("C")

_SHARE_EVICTED = 4  # a quarter of the window at once; chosen


@dataclass(frozen=True)
class Eviction:
    """Spans (start, count) of positions to drop, last one first, and what they held.

    `turns` are replies of which nothing is left.
    """

    spans: tuple[tuple[int, int], ...]
    chunks: int
    turns: int

    @property
    def count(self) -> int:
        """Positions to drop in all."""
        return sum(count for _, count in self.spans)


@dataclass
class Block(Generic[C]):
    """One chunk in the context: its sound, None once that is forgotten, and the tokens behind it.

    `tokens` begins with the control token; a reply's emotion, text and <eos> follow. `reply` numbers it.
    """

    sound: C | None
    tokens: list[int] = field(default_factory=list)
    reply: int | None = None


class Window(Generic[C]):
    """The ledger of one session's cache.

    Args:
        prefix: positions of the pinned prefix.
        block: positions of one chunk with its control token.
        max_chunks: chunks in the window at most.
        max_reply: positions one reply takes at most.
        text: positions that replies may take whose sound is forgotten.
    """

    def __init__(self, prefix: int, block: int, max_chunks: int, max_reply: int, text: int = 0) -> None:
        self.prefix = prefix
        self.max_chunks = max_chunks
        self.max_reply = max_reply
        self.text = text
        self.capacity = prefix + text + max_chunks * block + ROOM_FOR_REPLIES * max_reply
        self.blocks: deque[Block[C]] = deque()
        self.turns: deque[Block[C]] = deque()  # replies without their sound, oldest first
        self._sound = block - 1  # positions of a chunk without its control token

    @property
    def chunks(self) -> int:
        """Chunks in the window."""
        return len(self.blocks)

    @property
    def positions(self) -> int:
        """Positions of prefix, turns and blocks."""
        return self.prefix + self._positions_of(self.turns) + self._positions_of(self.blocks)

    def make_room(self, chunks: int) -> Eviction | None:
        """Forget what must go before `chunks` more chunks and one full reply; None when all fits.

        The newest block always stays: its last token is not in the cache yet.
        """
        if self._fits(chunks):
            return None
        target = min(max(1, self.max_chunks // _SHARE_EVICTED), len(self.blocks) - 1)
        leaving: list[Block[C]] = []
        while len(self.blocks) > 1 and (len(leaving) < target or not self._fits(chunks)):
            leaving.append(self.blocks.popleft())
        before = [*self.turns, *leaving]
        self.turns = deque(self._kept_turns(before))
        kept = {id(turn.tokens) for turn in self.turns}
        lost = sum(block.reply is not None and id(block.tokens) not in kept for block in before)
        return Eviction(tuple(self._dropped(before, kept)), len(leaving), lost)

    def open_block(self, sound: C, token: int) -> None:
        """A chunk came in, and the control token behind it; one that is decided later is set by `decide`."""
        self.blocks.append(Block(sound, [token]))

    def decide(self, token: int, reply: int | None) -> None:
        """The newest chunk's control token, and the number of the reply it begins."""
        self.blocks[-1].tokens[0] = token
        self.blocks[-1].reply = reply

    def add_token(self, token: int) -> None:
        """A token of a reply (emotion, text or <eos>) stands behind the newest chunk."""
        self.blocks[-1].tokens.append(token)

    def find(self, reply: int) -> tuple[Block[C], int] | None:
        """The block or turn that holds a reply and the position of its first token; None when it is forgotten."""
        at = self.prefix
        for block in (*self.turns, *self.blocks):
            at += self._sound_of(block)
            if block.reply == reply:
                return block, at
            at += len(block.tokens)
        return None

    def _sound_of(self, block: Block[C]) -> int:
        return 0 if block.sound is None else self._sound

    def _positions_of(self, blocks: Iterable[Block[C]]) -> int:
        return sum(self._sound_of(block) + len(block.tokens) for block in blocks)

    def _fits(self, chunks: int) -> bool:
        """Turns have a room of their own, so that only blocks count."""
        block = self._sound + 1
        wanted = self._positions_of(self.blocks) + chunks * block + self.max_reply
        return len(self.blocks) + chunks <= self.max_chunks and wanted <= self.capacity - self.prefix - self.text

    def _kept_turns(self, candidates: Iterable[Block[C]]) -> list[Block[C]]:
        """The newest replies that fit into the room for text, oldest first, without their sound."""
        kept: list[Block[C]] = []
        room = self.text
        for block in reversed([b for b in candidates if b.reply is not None]):
            room -= len(block.tokens)
            if room < 0:
                break
            kept.append(Block(None, block.tokens, block.reply))
        return kept[::-1]

    def _dropped(self, before: Iterable[Block[C]], kept: set[int]) -> list[tuple[int, int]]:
        """Spans (start, count) of what is in none of the kept turns, last one first; neighbours are one span."""
        spans: list[tuple[int, int]] = []
        at = self.prefix
        for block in before:
            sound, tokens = self._sound_of(block), len(block.tokens)
            gone = sound if id(block.tokens) in kept else sound + tokens
            if spans and gone and sum(spans[-1]) == at:
                spans[-1] = (spans[-1][0], spans[-1][1] + gone)
            elif gone:
                spans.append((at, gone))
            at += sound + tokens
        return spans[::-1]
