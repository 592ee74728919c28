"""The decoder's half of a stream: does what the FIFO rule says on one cache, and tells what came out.

Knows nothing of time, of sound or of threads. Tests: tests/stream/test_decoding.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from soundflow.errors import UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.cache import KVCache
from soundflow.model.network import AudioInteractionModel
from soundflow.model.tokens import ControlTokens
from soundflow.stream.events import EndReason
from soundflow.stream.fifo import Flush, TextStep, TokenKind
from soundflow.stream.memory import Block, Eviction, Window
from soundflow.stream.perception import EncodedChunk
from soundflow.stream.reply import ReplyText

_MOST_PREFIX_TOKENS = 1024  # the prefix stays in the window for ever and every step looks at it; chosen


@dataclass(frozen=True)
class Decided:
    """The outcome of a flush."""

    chunks: tuple[EncodedChunk, ...]
    p_response: float
    kind: TokenKind
    forgotten: Eviction | None


@dataclass(frozen=True)
class Spoken:
    """The outcome of a text step. `reason` is set when it was the reply's last."""

    kind: TokenKind
    delta: str
    emotion: str | None
    text: str
    tokens: int
    reason: EndReason | None


Outcome = Decided | Spoken


class Decoding:
    """One stream's running state beside the weights: the cache, the rows to be fed next, the reply that grows.

    Every step feeds the rows that wait together with what is new, so that a decision is one pass over
    1 + (audio positions + 2) rows; before the first one the prefix waits. In a flush of k chunks the k - 1 earlier
    control places hold <silent>. A step is `prepare`, a pass of the network over its rows behind `cache`, and
    `decide` or `say`, so that the passes of many streams can be made together; `run` makes one alone.

    Args:
        text_positions: room for replies that are kept as text when the sound they answered is forgotten.

    Raises:
        UsageError: the threshold is no probability (`session.threshold`) or the instruction is too long
            (`session.instruction`).

    Source: rulings 2 and 3.
    """

    def __init__(
        self,
        bundle: Bundle,
        instruction: str | None,
        threshold: float,
        max_reply_tokens: int,
        text_positions: int = 0,
    ) -> None:
        self.threshold = check_threshold(threshold)
        self._bundle = bundle
        self._network = bundle.network
        self._control = bundle.config.control
        self._max_reply_tokens = max_reply_tokens
        self._text_positions = text_positions
        self._reply: ReplyText | None = None
        self._replies = 0
        self._pending: Tensor  # rows that wait for the next pass, [positions, width]
        self._forgotten: Eviction | None = None  # by the pass that is being made
        with torch.inference_mode():
            self._look_up()
            self._open(prefix_of(bundle, instruction))

    @property
    def window_chunks(self) -> int:
        """Chunks in the context now."""
        return self._window.chunks

    @property
    def window_positions(self) -> int:
        """Positions in the context now, those that wait to be fed included."""
        return self._window.positions

    @property
    def newest_tokens(self) -> tuple[int, ...]:
        """The control token behind the newest chunk and what was said so far."""
        return tuple(self._window.blocks[-1].tokens)

    @property
    def cache(self) -> KVCache:
        """What a pass over the prepared rows goes behind."""
        return self._cache

    def run(self, action: Flush[EncodedChunk] | TextStep) -> Outcome:
        """Do one step of the rule."""
        with torch.inference_mode():
            hidden = self._network(self.prepare(action)[None], self._cache)[:, -1]
            if isinstance(action, Flush):
                return self.decide(action.chunks, hidden)
            return self.say(self._network.logits(hidden)[0])

    def prepare(self, action: Flush[EncodedChunk] | TextStep) -> Tensor:
        """Rows of the next pass, [positions, width]; what no longer fits is forgotten first."""
        self._forgotten = self._window.make_room(len(action.chunks)) if isinstance(action, Flush) else None
        for start, count in self._forgotten.spans if self._forgotten else ():
            self._cut(start, count)  # behind a new instruction the window waits in rows and is not cached yet
        rows = self._pending
        if isinstance(action, Flush):
            # the encoder computes in float32 even where the decoder is bfloat16
            sounds = [chunk.features[0].to(rows) for chunk in action.chunks]
            for sound in sounds:
                self._window.open_block(sound, self._control.silent)
            rows = torch.cat([rows, *self._between(sounds)])
        self._pending = rows[:0]
        return rows

    def decide(self, chunks: tuple[EncodedChunk, ...], hidden: Tensor) -> Decided:
        """What a flush came to, from the hidden state of its pass's last row, [1, width]."""
        p_response = self._chosen.p_response(hidden)
        if p_response < self.threshold:
            self._pending = self._silent
            return Decided(chunks, p_response, TokenKind.SILENT, self._forgotten)
        self._pending = self._response
        self._window.decide(self._control.response, self._replies)
        self._replies += 1
        self._reply = ReplyText(self._bundle.tokenizer, self._control, self._max_reply_tokens)
        return Decided(chunks, p_response, TokenKind.RESPONSE, self._forgotten)

    def say(self, logits: Tensor) -> Spoken:
        """What a text step came to, from the logits behind its pass's last row, [vocabulary]."""
        reply = self._reply
        assert reply is not None, "a text step without a reply"
        is_opening = reply.tokens == 0 and reply.emotion is None
        barred = self._never if is_opening else self._never_later
        token = int(logits.index_fill(0, barred, -torch.inf).argmax())
        delta = reply.add(token)
        if reply.reason is None or reply.reason == "repetition":  # it was said, so it stands in the context
            self._window.add_token(token)
            self._pending = self._network.embed(torch.tensor([token]))
        return self._spoken(delta)

    def cancel(self) -> Spoken:
        """End the reply that is being spoken, in place of a text step."""
        assert self._reply is not None, "no reply to cancel"
        self._reply.reason = "cancelled"
        return self._spoken("")

    def instruct(self, instruction: str | None) -> None:
        """Listen for something else and remember all the same: the window is heard again behind the new prefix.

        All its rows wait for the next pass. Not while a reply is spoken.

        Raises:
            UsageError: the instruction is too long (`session.instruction`).
        """
        assert self._reply is None, "an instruction in the middle of a reply"
        blocks, turns = self._window.blocks, self._window.turns
        with torch.inference_mode():
            self._open(prefix_of(self._bundle, instruction))
            self._window.blocks, self._window.turns = blocks, turns
            said = [row for turn in turns for row in self._embedded(turn.tokens)]
            heard = [row for block in blocks for row in self._block_rows(block)]
            self._pending = torch.cat([self._pending, *said, *heard])

    def truncate(self, reply: int, characters: int) -> bool:
        """Leave only the first characters of a reply in the context, as they were played; not while one is spoken.

        Args:
            reply: its number, from 0.

        Returns:
            Whether the reply was still there to be cut.
        """
        assert self._reply is None, "a cut in the middle of a reply"
        found = self._window.find(reply)
        if found is None:
            return False
        block, at = found
        kept = self._kept_tokens(block.tokens, characters)
        start, count = at + kept, len(block.tokens) - 1 - kept  # <eos> stays
        del block.tokens[kept:-1]
        with torch.inference_mode():
            self._cut(start, count)
        return True

    def _cut(self, start: int, count: int) -> None:
        """Take positions out of the cache and out of the rows that wait behind it."""
        cached = min(max(self._cache.length - start, 0), count)
        waiting = max(start - self._cache.length, 0)  # index among the rows that wait of the first one cut there
        self._pending = torch.cat([self._pending[:waiting], self._pending[waiting + count - cached :]])
        if cached:
            self._cache.evict(start, cached)

    def snapshot(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Arrays and values that `restore` goes on from; between two steps."""
        window, length = self._window, self._cache.length
        sounds = [block.sound for block in window.blocks if block.sound is not None]
        tensors = {
            "keys": self._cache.keys[:, :, :, :length],
            "values": self._cache.values[:, :, :, :length],
            "pending": self._pending,
            "sounds": torch.stack(sounds) if sounds else self._pending[:0],
        }
        return tensors, {
            "threshold": self.threshold,
            "prefix": self._prefix,
            "max_reply_tokens": self._max_reply_tokens,
            "text_positions": self._text_positions,
            "replies": self._replies,
            "is_speaking": self._reply is not None,
            "turns": [(block.tokens, block.reply) for block in window.turns],
            "blocks": [(block.tokens, block.reply) for block in window.blocks],
        }

    @classmethod
    def restore(cls, bundle: Bundle, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> Decoding:
        """A stream that goes on where `snapshot` was taken."""
        self = cls(bundle, None, values["threshold"], values["max_reply_tokens"], values["text_positions"])
        with torch.inference_mode():
            self._open(values["prefix"])
            self._pending = tensors["pending"].to(self._pending)
            length = tensors["keys"].shape[3]
            self._cache.keys[:, :, :, :length] = tensors["keys"]
            self._cache.values[:, :, :, :length] = tensors["values"]
            self._cache.advance(length)
        self._replies = values["replies"]
        self._window.turns.extend(Block(None, tokens, reply) for tokens, reply in values["turns"])
        sounds = tensors["sounds"].to(self._pending)
        for sound, (tokens, reply) in zip(sounds, values["blocks"], strict=True):
            self._window.blocks.append(Block(sound, tokens, reply))
        if values["is_speaking"]:
            self._reply = ReplyText(bundle.tokenizer, bundle.config.control, self._max_reply_tokens)
            for token in self._window.blocks[-1].tokens[1:]:
                self._reply.add(token)
        return self

    @property
    def cache_device(self) -> torch.device:
        """Where the rows are."""
        return self._pending.device

    def _look_up(self) -> None:
        """Rows and ids that every step needs."""
        c = self._control
        ids = torch.tensor([c.silent, c.response, c.eos, c.audio_begin, c.assistant])
        rows = self._network.embed(ids).clone()
        self._silent, self._response, self._eos, self._begin, self._assistant = rows.split(1)  # [1, width] each
        self._chosen = Choice(self._network, c)
        self._never, self._never_later = (ids.to(rows.device) for ids in barred(c))

    def _open(self, prefix: Sequence[int]) -> None:
        """An empty window behind a prefix, which waits to be fed."""
        config = self._bundle.config
        self._prefix = list(prefix)
        # a reply is at most <response>'s emotion, its text and <eos>
        reply = self._max_reply_tokens + 2
        self._window: Window[Tensor] = Window(
            len(prefix), config.chunk_positions, config.max_chunks, reply, self._text_positions
        )
        self._cache = self._network.new_cache(self._window.capacity)
        self._pending = self._network.embed(torch.tensor(list(prefix)))

    def _between(self, sounds: Sequence[Tensor]) -> Iterator[Tensor]:
        """Rows of chunks with <silent> between them, the last one's control token left open."""
        for i, sound in enumerate(sounds):
            if i:
                yield self._silent
            yield from (self._begin, sound, self._assistant)

    def _block_rows(self, block: Block[Tensor]) -> Iterator[Tensor]:
        assert block.sound is not None
        yield from (self._begin, block.sound, self._assistant)
        yield from self._embedded(block.tokens)

    def _embedded(self, tokens: Sequence[int]) -> Iterator[Tensor]:
        yield self._network.embed(torch.tensor(list(tokens)))

    def _kept_tokens(self, tokens: Sequence[int], characters: int) -> int:
        """How many of a reply's tokens, the control token and an emotion included, give that much text at most."""
        shown = ReplyText(self._bundle.tokenizer, self._control, len(tokens))
        kept = 1
        for token in tokens[1:-1]:
            shown.add(token)
            if len(shown.text) > characters:
                break
            kept += 1
        return kept

    def _spoken(self, delta: str) -> Spoken:
        reply = self._reply
        assert reply is not None
        kind = TokenKind.TEXT
        if reply.reason is not None:
            kind = TokenKind.EOS
            self._pending = torch.cat([self._pending, self._eos])
            self._window.add_token(self._control.eos)
            self._reply = None
        return Spoken(kind, delta, reply.emotion, reply.text, reply.tokens, reply.reason)


def prefix_of(bundle: Bundle, instruction: str | None) -> list[int]:
    """Ids of the pinned prefix.

    Raises:
        UsageError: the instruction is too long (`session.instruction`).
    """
    prefix = bundle.grammar.prefix(instruction)
    if len(prefix) > _MOST_PREFIX_TOKENS:
        found = f"an instruction of {len(prefix)} tokens, the limit is {_MOST_PREFIX_TOKENS}"
        raise UsageError("session.instruction", found, "say it in fewer words")
    return prefix


def check_threshold(threshold: float) -> float:
    """A probability, as it is.

    Raises:
        UsageError: it is none (`session.threshold`).
    """
    if not 0.0 <= threshold <= 1.0:
        raise UsageError("session.threshold", f"a threshold of {threshold}", "give p(response) between 0 and 1")
    return threshold


def barred(control: ControlTokens) -> tuple[Tensor, Tensor]:
    """Ids that cannot open a reply, and those that cannot stand later in it: an emotion opens it or is not there."""
    return torch.tensor(sorted(control.unspoken)), torch.tensor(sorted(control.unspoken | {*control.emotions.values()}))


class Choice:
    """The decision between <silent> and <response>, in a stream or in a recording that is heard as one."""

    def __init__(self, network: AudioInteractionModel, control: ControlTokens) -> None:
        self._network = network
        self._control = control
        self._rows = _choice_rows(network, control)

    def p_response(self, hidden: Tensor) -> float:
        """The share of <response> against <silent> in a hidden row [1, width]: no other token can come of listening."""
        if self._rows is not None:
            silent, response = (hidden @ self._rows).float()[0].tolist()
        else:
            logits = self._network.logits(hidden).float()[0]
            silent, response = float(logits[self._control.silent]), float(logits[self._control.response])
        return 0.5 + 0.5 * math.tanh((response - silent) / 2)  # the sigmoid, without overflow


def _choice_rows(network: AudioInteractionModel, control: ControlTokens) -> Tensor | None:
    """The head's columns for <silent> and <response>, [width, 2]; None when they cannot be taken out of the head.

    The whole vocabulary is not needed to decide (the release computes it at every position).
    """
    if (rows := getattr(network, "choice_rows", None)) is not None:
        return rows.T.contiguous()  # type: ignore[no-any-return]
    head = getattr(network, "lm_head", None)
    if type(head) is nn.Linear:
        return head.weight[[control.silent, control.response]].T.contiguous()
    return None
