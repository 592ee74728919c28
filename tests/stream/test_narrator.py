"""Outcomes and times become events."""

from __future__ import annotations

import torch

from soundflow.stream.decoding import Decided, Spoken
from soundflow.stream.events import Decision, End, Memory, ReplyDelta, ReplyEnd, ReplyStart
from soundflow.stream.fifo import TokenKind
from soundflow.stream.memory import Eviction
from soundflow.stream.narrator import Narrator
from soundflow.stream.perception import EncodedChunk


def chunk(index: int) -> EncodedChunk:
    return EncodedChunk(index, torch.zeros(1), arrived_at=(index + 1) * 0.4)


def text(delta: str, so_far: str, tokens: int) -> Spoken:
    return Spoken(TokenKind.TEXT, delta, "urgent", so_far, tokens, None)


def test_a_flush_is_one_decision_over_all_its_chunks() -> None:
    told = Narrator(6400).tell(Decided((chunk(1), chunk(2)), 0.25, TokenKind.SILENT, None), 1.25)
    assert [e.to_dict() for e in told] == [
        Decision(2, 0.4, 1.2, "silent", 0.25, 50.0, 2).to_dict(),
    ]


def test_a_reply_from_start_to_end() -> None:
    narrator = Narrator(6400)
    narrator.tell(Decided((chunk(0),), 0.9, TokenKind.RESPONSE, None), 0.5)
    assert narrator.tell(text("", "", 0), 0.6) == [ReplyStart(0, 0, 0.4, "urgent")]
    assert narrator.tell(text("Hi", "Hi", 1), 0.75) == [ReplyDelta(0, "Hi")]
    (end,) = narrator.tell(Spoken(TokenKind.EOS, "", "urgent", "Hi", 1, "eos"), 0.9)
    assert end.to_dict() == ReplyEnd(0, "Hi", "urgent", "eos", 1, 350.0).to_dict()


def test_an_empty_reply_has_a_start_and_no_first_text() -> None:
    narrator = Narrator(6400)
    narrator.tell(Decided((chunk(0),), 0.9, TokenKind.RESPONSE, None), 0.5)
    told = narrator.tell(Spoken(TokenKind.EOS, "", None, "", 0, "eos"), 0.6)
    assert told == [ReplyStart(0, 0, 0.4, None), ReplyEnd(0, "", None, "eos", 0, None)]


def test_what_was_forgotten_is_told_first() -> None:
    told = Narrator(6400).tell(Decided((chunk(0),), 0.1, TokenKind.SILENT, Eviction(((5, 30),), 3, 1)), 0.4)
    assert told[0].to_dict() == Memory(1.2, 1).to_dict()


def test_the_end_of_an_empty_stream_has_no_figures() -> None:
    assert Narrator(6400).end(0.0, 0, 0.0) == End(0.0, 0, 0, None, None, None)
