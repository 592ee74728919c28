"""What sounds in a stream, written down beside the paper's loss."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from soundflow.data.annotate import annotate
from soundflow.data.offline import annotate_offline
from soundflow.data.timeline import Reply, StreamEvent, Timeline, Turn
from soundflow.train.document import Document
from soundflow.train.hearing import heard_in, hearing_loss, name_of, rows_of
from soundflow.train.learner import Learner, log_mels, pooled_features
from soundflow.train.packing import packed
from tests.train.corpora import STAGE, documents, event, small_start

GRAMMAR = small_start().grammar
BLOCK = len(GRAMMAR.chunk_block()) + 1
EARS = dataclasses.replace(STAGE, hearing_weight=0.5)


def line(*events: StreamEvent, turns: tuple[Turn, ...] = ()) -> Timeline:
    return Timeline(4.0, 0.4, None, "safety_alert", events, turns=turns)


def says(words: str | None, chunk: int = 2, chunks: int = 3) -> StreamEvent:
    return dataclasses.replace(event(chunk, False, chunks), label="speech_digit", kind="speech", content=words)


def test_speech_is_its_words_a_note_its_instrument_a_sound_its_label() -> None:
    assert name_of(says("Three.")) == "three"
    assert name_of(says(None)) == ""
    assert name_of(dataclasses.replace(event(0, False), kind="music", content="violin")) == "violin"
    assert name_of(event(0, False)) == "dog bark"


def test_a_sound_is_heard_from_its_onset_to_its_cue() -> None:
    tokens = annotate(None, 10, [(1, Reply("A dog is barking."))], GRAMMAR)
    (found,) = heard_in(line(says("three")), tokens, 10, GRAMMAR)
    assert found.ids == tuple(GRAMMAR.tokenizer.encode("three"))
    assert found.rows[-1] == tokens.decision_at[4]
    assert found.rows[0] == tokens.decision_at[2] - BLOCK + 1 > tokens.decision_at[1]
    assert len(found.rows) == 3 * BLOCK


def test_no_row_of_a_reply_is_listened_to() -> None:
    tokens = annotate(None, 4, [(1, Reply("A dog is barking."))], GRAMMAR)
    rows = rows_of(tokens, 0, 3, GRAMMAR)
    assert len(rows) == 4 * BLOCK
    assert not (tokens.y_lm[rows] >= 0).any()


def test_what_the_replies_tell_or_nobody_knows_is_left_out() -> None:
    tokens = annotate(None, 10, [], GRAMMAR)
    spelled = Turn(1.4, Reply("three"), 0)
    for timeline in (
        line(says("three"), turns=(spelled,)),
        line(says(None)),
        line(dataclasses.replace(says("three"), role="background")),
        line(says("three", chunk=9, chunks=2)),  # its cue comes after the last chunk
        line(says(" ".join(["three"] * 20))),  # more than its rows can hold
    ):
        assert heard_in(timeline, tokens, 10, GRAMMAR) == ()


def test_in_the_offline_layout_it_is_heard_at_the_audio_slots() -> None:
    slots = 10 * GRAMMAR.audio_positions
    tokens = annotate_offline("What?", slots, "A dog.", GRAMMAR)
    rows = rows_of(tokens, 2, 4, GRAMMAR)
    assert tokens.is_audio[rows].all() and len(rows) == 3 * GRAMMAR.audio_positions
    assert rows[0] == np.flatnonzero(tokens.is_audio)[2 * GRAMMAR.audio_positions]


def test_a_name_written_at_its_rows_costs_nothing_and_another_much() -> None:
    sure = torch.full((4, 6), -20.0)
    sure[[0, 1, 2, 3], [5, 2, 5, 2]] = 0.0  # blank, 2, blank, 2
    assert float(hearing_loss([sure], [(2, 2)], blank=5)) == pytest.approx(0.0, abs=1e-3)
    assert float(hearing_loss([sure], [(2, 3)], blank=5)) > 10


def test_it_is_added_with_its_weight_and_kept_out_of_the_model(corpus: Path) -> None:
    source = documents(corpus, EARS)
    streams = [source[i] for i in range(3)]
    learner = Learner(small_start().network, EARS)
    row = packed(streams, _features(learner, streams))
    assert row.heard
    costs = learner(row, torch.tensor(1))
    whole = costs.lm_sum + EARS.stream_weight * costs.stream_sum + 0.5 * costs.hearing_sum
    assert float(costs.total.detach()) == pytest.approx(float(whole), rel=1e-5)
    assert float(costs.hearing_count) == sum(len(h.ids) for h in row.heard)
    assert not [name for name, _ in learner.network.named_parameters() if "hearing" in name]


def test_a_row_without_sounds_still_reaches_every_weight(corpus: Path) -> None:
    source = documents(corpus, EARS)
    streams = [dataclasses.replace(source[0], heard=())]
    learner = Learner(small_start().network, EARS)
    learner(packed(streams, _features(learner, streams)), torch.tensor(1)).total.backward()
    assert learner.hearing is not None and learner.hearing.weight.grad is not None


def _features(learner: Learner, streams: list[Document]) -> torch.Tensor:
    return pooled_features(learner.network, log_mels(learner.network, streams), EARS.bfloat16)
