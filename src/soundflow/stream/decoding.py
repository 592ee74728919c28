"""The decoder's half of a stream: does what the FIFO rule says on one cache, and tells what came out.

Knows nothing of time, of sound or of threads. Tests: tests/stream/test_decoding.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from soundflow.errors import UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.network import AudioInteractionModel
from soundflow.model.tokens import ControlTokens
from soundflow.stream.events import EndReason
from soundflow.stream.fifo import Flush, TextStep, TokenKind
from soundflow.stream.memory import Eviction, Window
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
    """One stream's running state beside the weights: the cache, the token to be fed next, the reply that grows.

    Every step feeds the last token together with what is new, so that a decision is one pass over
    1 + (audio positions + 2) rows. In a flush of k chunks the k - 1 earlier control places hold <silent>.

    Source: rulings 2 and 3.
    """

    def __init__(self, bundle: Bundle, instruction: str | None, threshold: float, max_reply_tokens: int) -> None:
        config = bundle.config
        self.threshold = check_threshold(threshold)
        self._network = bundle.network
        self._tokenizer = bundle.tokenizer
        self._control = config.control
        self._max_reply_tokens = max_reply_tokens
        self._reply: ReplyText | None = None
        prefix = bundle.grammar.prefix(instruction)
        if len(prefix) > _MOST_PREFIX_TOKENS:
            raise UsageError(
                "session.instruction",
                f"an instruction of {len(prefix)} tokens, the limit is {_MOST_PREFIX_TOKENS}",
                "say it in fewer words",
            )
        # a reply is at most <response>'s emotion, its text and <eos>
        self._window = Window(len(prefix), config.audio_positions + 3, config.max_chunks, max_reply_tokens + 2)
        with torch.inference_mode():
            self._cache = self._network.new_cache(self._window.capacity)
            self._open(prefix, config.audio_positions)

    @property
    def window_chunks(self) -> int:
        """Chunks in the context now."""
        return self._window.chunks

    @property
    def window_positions(self) -> int:
        """Positions in the context now, the token that waits to be fed included."""
        return self._window.positions

    def run(self, action: Flush[EncodedChunk] | TextStep) -> Outcome:
        """Do one step of the rule."""
        with torch.inference_mode():
            return self._flush(action.chunks) if isinstance(action, Flush) else self._speak()

    def cancel(self) -> Spoken:
        """End the reply that is being spoken, in place of a text step."""
        assert self._reply is not None, "no reply to cancel"
        self._reply.reason = "cancelled"
        with torch.inference_mode():
            self._feed_pending()
        return self._spoken("")

    def _open(self, prefix: Sequence[int], audio_positions: int) -> None:
        embed = self._network.embed
        c = self._control
        ids = torch.tensor([c.silent, c.response, c.eos, c.audio_begin, c.assistant])
        self._silent, self._response, self._eos, begin, assistant = embed(ids).clone()
        rows = embed(torch.tensor([list(prefix)]))  # [1, prefix, width]
        self._network(rows[:, :-1], self._cache)
        self._pending = rows[0, -1].clone()
        self._step = rows.new_zeros(1, audio_positions + 3, rows.shape[-1])  # [1, pending + block, width]
        self._step[0, 1], self._step[0, -1] = begin, assistant
        self._choice = _choice_rows(self._network, c)
        self._never = torch.tensor(_never_spoken(c), device=rows.device)
        self._never_later = torch.tensor(_never_spoken(c) + list(c.emotions.values()), device=rows.device)

    def _flush(self, chunks: tuple[EncodedChunk, ...]) -> Decided:
        eviction = self._window.make_room(len(chunks))
        if eviction is not None:
            self._cache.evict(eviction.start, eviction.count)
        for _ in chunks:
            self._window.open_block()
        hidden = self._network(self._rows(chunks), self._cache)[:, -1]  # [1, width]
        p_response = self._p_response(hidden)
        kind = TokenKind.RESPONSE if p_response >= self.threshold else TokenKind.SILENT
        self._pending = self._silent
        if kind is TokenKind.RESPONSE:
            self._pending = self._response
            self._window.count_turn()
            self._reply = ReplyText(self._tokenizer, self._control, self._max_reply_tokens)
        return Decided(chunks, p_response, kind, eviction)

    def _rows(self, chunks: tuple[EncodedChunk, ...]) -> Tensor:
        """[1, chunks · (audio positions + 3), width]: a control token before each block, the last one left open."""
        step = self._step
        step[0, 0] = self._pending
        step[0, 2:-1] = chunks[0].features[0]
        if len(chunks) == 1:
            return step
        parts = [step.clone()]
        for chunk in chunks[1:]:
            step[0, 0] = self._silent
            step[0, 2:-1] = chunk.features[0]
            parts.append(step.clone())
        return torch.cat(parts, dim=1)

    def _p_response(self, hidden: Tensor) -> float:
        """The share of <response> against <silent>: no other token can come out of listening."""
        if self._choice is not None:
            silent, response = (hidden @ self._choice).float()[0].tolist()
        else:
            logits = self._network.logits(hidden).float()[0]
            silent, response = float(logits[self._control.silent]), float(logits[self._control.response])
        return 0.5 + 0.5 * math.tanh((response - silent) / 2)  # the sigmoid, without overflow

    def _speak(self) -> Spoken:
        reply = self._reply
        assert reply is not None, "a text step without a reply"
        logits = self._network.logits(self._feed_pending())[0]
        is_opening = reply.tokens == 0 and reply.emotion is None
        barred = self._never if is_opening else self._never_later
        token = int(logits.index_fill(0, barred, -torch.inf).argmax())
        delta = reply.add(token)
        if reply.reason is None or reply.reason == "repetition":
            self._window.add_reply_position()
            self._pending = self._network.embed(torch.tensor(token))
        if reply.reason == "repetition":
            self._feed_pending()  # it was said, so it stands in the context before <eos>
        return self._spoken(delta)

    def _feed_pending(self) -> Tensor:
        """Put the token that waits into the cache; its hidden row, [1, width]."""
        return self._network(self._pending[None, None], self._cache)[:, -1]  # type: ignore[no-any-return]

    def _spoken(self, delta: str) -> Spoken:
        reply = self._reply
        assert reply is not None
        kind = TokenKind.TEXT
        if reply.reason is not None:
            kind = TokenKind.EOS
            self._pending = self._eos
            self._window.add_reply_position()
            self._reply = None
        return Spoken(kind, delta, reply.emotion, reply.text, reply.tokens, reply.reason)


def check_threshold(threshold: float) -> float:
    """A probability, as it is.

    Raises:
        UsageError: it is none (`session.threshold`).
    """
    if not 0.0 <= threshold <= 1.0:
        raise UsageError("session.threshold", f"a threshold of {threshold}", "give p(response) between 0 and 1")
    return threshold


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


def _never_spoken(control: ControlTokens) -> list[int]:
    """Control tokens that cannot stand in a reply. <eos> may share its id with another one and is always allowed."""
    c = control
    ids = {c.silent, c.response, c.audio_begin, c.audio_pad, c.assistant, c.user, c.online, c.offline, c.language}
    ids |= {c.system, c.text_begin, c.offline_audio_pad, c.audio_end}
    return sorted(ids - {c.eos})
