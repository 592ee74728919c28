"""Annotation: the algorithm on a hand-written stream, and its properties on any stream."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.data.annotate import MASK, AnnotatedStream, annotate, read_back
from soundflow.data.timeline import Reply
from soundflow.errors import InputError
from soundflow.model.tokens import EMOTIONS, Grammar, TextTokenizer, own_control_tokens

CONTROL = own_control_tokens()
GRAMMAR = Grammar(
    CONTROL, TextTokenizer.train(["A dog is barking.", "Glass broke."], 280), audio_positions=2, default_instruction="A"
)
BARK = Reply("A dog is barking.", "normal")


def test_a_stream_of_three_chunks_by_hand() -> None:
    stream = annotate(None, 3, [(1, BARK)], GRAMMAR)
    block = [CONTROL.audio_begin, CONTROL.audio_pad, CONTROL.audio_pad, CONTROL.assistant]
    text = GRAMMAR.tokenizer.encode(BARK.text)
    spoken = [CONTROL.emotions["normal"], *text, CONTROL.eos]
    expected = [
        *GRAMMAR.prefix(None),
        *[*block, CONTROL.silent],
        *[*block, CONTROL.response, *spoken],
        *[*block, CONTROL.silent],
    ]
    assert stream.input_ids.tolist() == expected
    assert stream.y_stream[stream.decision_at].tolist() == [CONTROL.silent, CONTROL.response, CONTROL.silent]
    assert stream.y_lm[stream.y_lm != MASK].tolist() == spoken
    assert stream.is_audio.sum() == 6


def test_chunks_during_a_reply_are_forced_silent_and_a_response_due_there_moves_to_the_flush_end() -> None:
    spoken = len(GRAMMAR.reply(BARK.text, BARK.emotion))
    stream = annotate(None, 8, [(0, BARK), (2, BARK)], GRAMMAR, tokens_per_chunk=spoken / 4)  # four chunks arrive
    decisions = stream.input_ids[stream.decision_at].tolist()
    assert [d == CONTROL.response for d in decisions] == [True, False, False, False, True, False, False, False]
    labelled = stream.y_stream[stream.decision_at] != MASK
    assert labelled.tolist() == [True, False, False, False, True, False, False, False]  # only each flush's last chunk


def _responses(chunks: int) -> st.SearchStrategy[list[tuple[int, Reply]]]:
    reply = st.builds(Reply, st.text(max_size=12), st.one_of(st.none(), st.sampled_from(EMOTIONS)))
    at = st.lists(st.integers(0, chunks - 1), unique=True, max_size=6).map(sorted)
    return at.flatmap(lambda order: st.tuples(*[st.tuples(st.just(c), reply) for c in order]).map(list))


STREAMS = st.integers(1, 20).flatmap(lambda n: st.tuples(st.just(n), _responses(n)))


@given(STREAMS)
def test_read_back_is_the_identity(made: tuple[int, list[tuple[int, Reply]]]) -> None:
    chunks, responses = made
    assert read_back(annotate("A dog", chunks, responses, GRAMMAR), GRAMMAR) == responses


@given(STREAMS, st.floats(0.5, 20))
def test_every_position_has_exactly_one_kind(made: tuple[int, list[tuple[int, Reply]]], rate: float) -> None:
    chunks, responses = made
    stream = annotate(None, chunks, responses, GRAMMAR, rate)
    streamed, spoken = stream.y_stream != MASK, stream.y_lm != MASK
    assert not (streamed & spoken).any()
    _labels_repeat_their_own_token(stream)
    assert not (streamed | spoken)[stream.is_audio].any()
    assert not (streamed | spoken)[: len(GRAMMAR.prefix(None))].any()
    controls = {CONTROL.silent, CONTROL.response}
    assert set(stream.input_ids[stream.decision_at].tolist()) <= controls
    assert len(stream.decision_at) == chunks


def _labels_repeat_their_own_token(stream: AnnotatedStream) -> None:
    for row in (stream.y_stream, stream.y_lm):
        np.testing.assert_array_equal(row[row != MASK], stream.input_ids[row != MASK])


@given(STREAMS, st.floats(0.5, 20))
def test_flushes_lose_no_reply_that_still_fits(made: tuple[int, list[tuple[int, Reply]]], rate: float) -> None:
    chunks, responses = made
    given_back = read_back(annotate(None, chunks, responses, GRAMMAR, rate), GRAMMAR)
    assert [r for _, r in given_back] == [r for _, r in responses][: len(given_back)]
    assert all(now >= due for (now, _), (due, _) in zip(given_back, responses, strict=False))


@pytest.mark.parametrize("responses", [[(3, BARK)], [(2, BARK), (1, BARK)], [(-1, BARK)]])
def test_responses_outside_or_out_of_order_are_refused(responses: list[tuple[int, Reply]]) -> None:
    with pytest.raises(InputError):
        annotate(None, 3, responses, GRAMMAR, math.inf)
