"""A reply while it grows: whole characters out of tokens, the emotion tag, and the end of runaway replies.

Knows nothing of time or of the network. Tests: tests/stream/test_reply.py.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from typing import Protocol

from soundflow.model.tokens import ControlTokens
from soundflow.stream.events import EndReason

_LONGEST_PHRASE = 10  # tokens of a phrase that is looked for; chosen
_LEAST_REPEATS = 3  # times a phrase must stand in a row; chosen
_LEAST_SPAN = 6  # tokens the repeats must cover together, so that "no, no, no" passes; chosen


class TokenBytes(Protocol):
    """The one thing a reply needs of a tokenizer."""

    def token_bytes(self, token: int) -> bytes:
        """The bytes one id stands for."""
        ...


class ReplyText:
    """Collects the tokens of one reply. Add tokens until `reason` is set."""

    def __init__(self, tokenizer: TokenBytes, control: ControlTokens, max_tokens: int) -> None:
        self.text = ""
        self.emotion: str | None = None
        self.reason: EndReason | None = None
        self._tokenizer = tokenizer
        self._control = control
        self._max_tokens = max_tokens
        self._tokens: list[int] = []
        self._utf8 = codecs.getincrementaldecoder("utf-8")(errors="replace")

    @property
    def tokens(self) -> int:
        """Text tokens so far, without emotion and <eos>."""
        return len(self._tokens)

    def add(self, token: int) -> str:
        """Take the next token in and return the whole characters it completed, which may be none.

        A character cut off by the end of a reply is left out. The token that would exceed the limit is not used.
        """
        if token == self._control.eos:
            self.reason = "eos"
            return ""
        if not self._tokens and self.emotion is None:
            self.emotion = self._control.emotion_of(token)
            if self.emotion is not None:
                return ""
        if len(self._tokens) >= self._max_tokens:
            self.reason = "length"
            return ""
        return self._add_text(token)

    def _add_text(self, token: int) -> str:
        self._tokens.append(token)
        if ends_in_repetition(self._tokens):
            self.reason = "repetition"
        # the release's control tokens are ordinary pieces of its vocabulary, with bytes of their own
        spelled = b"" if token in self._control.ids else self._tokenizer.token_bytes(token)
        delta = self._utf8.decode(spelled)
        if not self.text:
            delta = delta.lstrip()
        self.text += delta
        return delta


def ends_in_repetition(tokens: Sequence[int]) -> bool:
    """True when the tokens end in the same phrase (up to ten tokens) three times or more, over six tokens or more."""
    for length in range(1, _LONGEST_PHRASE + 1):
        repeats = max(_LEAST_REPEATS, -(-_LEAST_SPAN // length))
        span = length * repeats
        if span > len(tokens):
            return False  # spans only grow from here
        tail = tokens[-span:]
        if tail[length:] == tail[:-length]:
            return True
    return False
