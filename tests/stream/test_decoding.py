"""The cached step-by-step decoder against full passes over the stream written out in words."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from soundflow.errors import UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.quantize import int8_bundle, int8_supported
from soundflow.stream.decoding import Decided, Decoding, Spoken
from soundflow.stream.fifo import TEXT_STEP, Flush, TokenKind
from soundflow.stream.perception import EncodedChunk, Perception
from soundflow.stream.reply import ReplyText
from tests.stream.conftest import noise

ALWAYS, NEVER = 0.0, 1.0


class FullPass:
    """The same stream without a cache: the whole row list goes through the network at every step."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.control = bundle.config.control
        self.rows: list[Tensor] = []
        self.add(*bundle.grammar.prefix("Count the barks"))

    def add(self, *ids: int) -> None:
        self.rows.append(self.bundle.network.embed(torch.tensor(ids)))

    def logits(self) -> Tensor:
        return self.bundle.network.logits(self.bundle.network(torch.cat(self.rows)[None])[0, -1])

    def flush(self, chunks: list[EncodedChunk], answer: bool) -> float:
        for i, chunk in enumerate(chunks):
            self.add(*([self.control.silent] if i else []), self.control.audio_begin)
            self.rows.append(chunk.features[0])
            self.add(self.control.assistant)
        choice = self.logits()[[self.control.silent, self.control.response]].softmax(-1)
        self.add(self.control.response if answer else self.control.silent)
        return float(choice[1])

    def speak(self) -> ReplyText:
        c = self.control
        reply = ReplyText(self.bundle.tokenizer, c, self.bundle.config.max_reply_tokens)
        words = set(range(self.bundle.tokenizer.vocab_size)) - set(range(20)) | {c.eos}
        while reply.reason is None:
            allowed = sorted(words | (set() if reply.tokens or reply.emotion else set(c.emotions.values())))
            token = allowed[int(self.logits()[allowed].argmax())]
            reply.add(token)
            if reply.reason in (None, "repetition"):
                self.add(token)
        self.add(c.eos)
        return reply


def encoded(bundle: Bundle, count: int, seed: int = 0) -> list[EncodedChunk]:
    perception = Perception(bundle)
    return [c for p in perception.pieces(noise(count, seed)) for c in perception.hear(p, 0.0)]


def decide(decoding: Decoding, chunks: list[EncodedChunk], threshold: float) -> Decided:
    decoding.threshold = threshold
    outcome = decoding.run(Flush(tuple(chunks)))
    assert isinstance(outcome, Decided)
    return outcome


def speak(decoding: Decoding) -> Spoken:
    while True:
        outcome = decoding.run(TEXT_STEP)
        assert isinstance(outcome, Spoken)
        if outcome.reason is not None:
            return outcome


def test_decisions_and_replies_equal_full_passes(small_bundle: Bundle) -> None:
    chunks = encoded(small_bundle, 8)
    decoding = Decoding(small_bundle, "Count the barks", 0.5, small_bundle.config.max_reply_tokens)
    full = FullPass(small_bundle)
    start = 0
    for count, answer in ((1, False), (1, True), (3, False), (1, True), (2, True)):
        flushed, start = chunks[start : start + count], start + count
        outcome = decide(decoding, flushed, ALWAYS if answer else NEVER)
        assert outcome.p_response == pytest.approx(full.flush(flushed, answer), abs=1e-5)
        if answer:
            spoken, expected = speak(decoding), full.speak()
            assert (spoken.text, spoken.emotion, spoken.reason) == (expected.text, expected.emotion, expected.reason)


def test_a_decoder_in_bfloat16_takes_what_a_float32_encoder_heard(small_bundle: Bundle) -> None:
    chunks = encoded(small_bundle, 3)
    plain = [run(small_bundle, chunk) for chunk in chunks]
    small_bundle.network.decoder.bfloat16()
    small_bundle.network.lm_head.bfloat16()
    assert chunks[0].features.dtype == torch.float32
    assert [run(small_bundle, chunk) for chunk in chunks] == pytest.approx(plain, abs=0.02)


def run(bundle: Bundle, chunk: EncodedChunk) -> float:
    """p(response) of a stream's first chunk."""
    outcome = Decoding(bundle, None, NEVER, 4).run(Flush((chunk,)))
    assert isinstance(outcome, Decided)
    return outcome.p_response


def test_a_flush_equals_its_chunks_one_by_one_in_forced_silence(small_bundle: Bundle) -> None:
    chunks = encoded(small_bundle, 4)
    together = Decoding(small_bundle, None, NEVER, 6)
    apart = Decoding(small_bundle, None, NEVER, 6)
    for chunk in chunks[:-1]:
        decide(apart, [chunk], NEVER)
    a, b = decide(together, chunks, NEVER), decide(apart, chunks[-1:], NEVER)
    assert a.p_response == pytest.approx(b.p_response, abs=1e-5)
    assert together.window_positions == apart.window_positions


def test_chunks_do_not_leak_between_steps(small_bundle: Bundle) -> None:
    first, second = encoded(small_bundle, 2, seed=1), encoded(small_bundle, 2, seed=2)
    one, other = Decoding(small_bundle, None, NEVER, 6), Decoding(small_bundle, None, NEVER, 6)
    decide(one, [first[0]], NEVER)
    decide(other, [second[0]], NEVER)
    p = decide(one, [first[1]], NEVER).p_response
    assert p != decide(other, [first[1]], NEVER).p_response


def test_the_bookkeeping_matches_the_cache_for_ever(small_bundle: Bundle) -> None:
    decoding = Decoding(small_bundle, None, 0.5, 6)
    chunks = encoded(small_bundle, 4)
    forgotten = turns = 0
    for step in range(60):
        outcome = decide(decoding, chunks[: 1 + step % 4], ALWAYS if step % 3 == 0 else NEVER)
        if outcome.kind is TokenKind.RESPONSE:
            speak(decoding)
        if outcome.forgotten is not None:
            forgotten, turns = forgotten + outcome.forgotten.chunks, turns + outcome.forgotten.turns
        # the last token is counted but not yet fed
        assert decoding._cache.length == decoding.window_positions - 1
        assert decoding.window_chunks <= small_bundle.config.max_chunks
    assert forgotten == sum(1 + s % 4 for s in range(60)) - decoding.window_chunks
    assert 12 < turns <= 20


def test_the_instruction_stays_when_the_rest_is_forgotten(small_bundle: Bundle) -> None:
    decoding = Decoding(small_bundle, "Count the barks", NEVER, 6)
    prefix = len(small_bundle.grammar.prefix("Count the barks"))
    chunks = encoded(small_bundle, 4)
    decide(decoding, chunks[:1], NEVER)
    keys = decoding._cache.keys[:, :, :, :prefix].clone()
    for _ in range(10):
        decide(decoding, chunks, NEVER)
    assert torch.equal(keys, decoding._cache.keys[:, :, :, :prefix])


@pytest.mark.parametrize("later", [0, 1])
def test_a_new_instruction_for_a_full_window_forgets_what_waits_to_be_heard_again(
    small_bundle: Bundle, later: int
) -> None:
    """The flush that hears the window again must make room in it, too."""
    chunks = encoded(small_bundle, small_bundle.config.max_chunks + 2)
    changed = Decoding(small_bundle, "Count the barks", NEVER, 6)
    for chunk in chunks[:-2]:
        decide(changed, [chunk], NEVER)
    changed.instruct("Count the cats")
    found = decide(changed, chunks[-2 : len(chunks) - 1 + later], NEVER)
    assert found.forgotten is not None
    kept = Decoding(small_bundle, "Count the cats", NEVER, 6)
    expected = decide(kept, chunks[found.forgotten.chunks : len(chunks) - 1 + later], NEVER)
    assert found.p_response == pytest.approx(expected.p_response, abs=1e-5)
    assert changed._cache.length == changed.window_positions - 1 == kept.window_positions - 1


def test_a_cancelled_reply_leaves_a_stream_that_goes_on(small_bundle: Bundle) -> None:
    decoding = Decoding(small_bundle, None, ALWAYS, 6)
    decide(decoding, encoded(small_bundle, 1), ALWAYS)
    decoding.run(TEXT_STEP)
    cancelled = decoding.cancel()
    assert (cancelled.reason, cancelled.kind, cancelled.delta) == ("cancelled", TokenKind.EOS, "")
    assert decide(decoding, encoded(small_bundle, 1), NEVER).kind is TokenKind.SILENT
    assert decoding._cache.length == decoding.window_positions - 1


@pytest.mark.skipif(not int8_supported(), reason="this torch has no int8 engine")
def test_an_int8_head_decides_nearly_the_same(small_bundle: Bundle) -> None:
    chunks = encoded(small_bundle, 1)
    plain = decide(Decoding(small_bundle, None, 0.5, 6), chunks, NEVER)
    small = decide(Decoding(int8_bundle(small_bundle), None, 0.5, 6), chunks, NEVER)
    assert small.p_response == pytest.approx(plain.p_response, abs=0.02)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_is_a_probability(small_bundle: Bundle, threshold: float) -> None:
    with pytest.raises(UsageError):
        Decoding(small_bundle, None, threshold, 6)
