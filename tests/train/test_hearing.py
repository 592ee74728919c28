"""What sounds in each chunk, named beside the paper's loss."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from soundflow.data.annotate import MASK, annotate
from soundflow.data.timeline import Reply, StreamEvent, Timeline
from soundflow.train.document import Document, Sounding, document
from soundflow.train.hearing import (
    ASKED_CHUNKS,
    LATER_WEIGHT,
    QUIET_WEIGHT,
    Heard,
    asked_in,
    heard_in,
    hearing_loss,
    joined,
    only_sound,
    spoken_tokens,
)
from soundflow.train.learner import Learner, log_mels, pooled_features
from soundflow.train.packing import packed
from soundflow.train.shards import ShardStreams
from tests.train.corpora import STAGE, documents, event, small_start, write_corpus

GRAMMAR = small_start().grammar
EARS = dataclasses.replace(STAGE, hearing_weight=0.5, asked_weight=0.25)
LISTENING = dataclasses.replace(EARS, form="listening")
SILENT = GRAMMAR.control.silent


def named(*events: StreamEvent, chunks: int = 10) -> dict[int, set[int]]:
    """By chunk the tokens its row should name; chunks that are left out are missing."""
    tokens = annotate(None, chunks, [(1, Reply("A dog is barking."))], GRAMMAR)
    found = heard_in(Timeline(4.0, 0.4, None, "safety_alert", events), tokens.decision_at - 1, range(chunks), GRAMMAR)
    rows = {int(at) - 1: chunk for chunk, at in enumerate(tokens.decision_at)}
    names: dict[int, set[int]] = {}
    for row, token in zip(found.rows, found.ids, strict=True):
        names.setdefault(rows[int(row)], set()).add(int(token))
    return names


def says(words: str | None, chunk: int = 2, chunks: int = 3) -> StreamEvent:
    return dataclasses.replace(event(chunk, False, chunks), label="speech_digit", kind="speech", content=words)


def pieces(text: str) -> set[int]:
    return set(GRAMMAR.tokenizer.encode(text))


def test_a_sound_is_named_from_its_onset_to_its_cue() -> None:
    bark = dataclasses.replace(event(2, True, 4), cue=1.6)  # chunks 2 to 5, answered in chunk 3
    found = named(bark)
    assert found[2] == found[3] == pieces("dog bark")
    assert 4 not in found and 5 not in found, "its reply tells what it is from here on"
    assert found[1] == found[6] == {SILENT}


def test_a_word_is_named_when_it_is_said_and_one_chunk_longer() -> None:
    found = named(says("one two", chunk=2, chunks=4))  # three letters each: two chunks each
    assert found[2] == found[3] == pieces(" one")
    assert found[4] == pieces(" one") | pieces(" two")
    assert found[5] == pieces(" two") and found[6] == {SILENT}


def test_words_that_nobody_answers_are_named_to_their_end() -> None:
    aside = dataclasses.replace(says("one two", chunk=1, chunks=6), cue=0.8)  # known to be no sound of alarm in chunk 1
    found = named(aside)
    assert found[1] == pieces(" one") and found[5] == found[6] == pieces(" two") and found[7] == {SILENT}


def test_words_are_not_named_once_their_answer_has_told_them() -> None:
    early = dataclasses.replace(says("one two", chunk=1, chunks=6), cue=0.8, reply=Reply("One, two."))
    found = named(early)
    assert found[1] == pieces(" one") and not {2, 3, 4, 5, 6} & found.keys()


def asked(line: Timeline, is_aloud: bool, chunks: int = 10) -> dict[int, float]:
    """By chunk how much naming what was asked weighs; every row names the same."""
    tokens = annotate(line.instruction, chunks, [], GRAMMAR)
    found = asked_in(line, tokens, chunks, GRAMMAR, is_aloud)
    assert set(found.ids) == (pieces(" count to two") if len(found.ids) else set())
    rows = {int(at) - 1: chunk for chunk, at in enumerate(tokens.decision_at)}
    return {rows[row]: found.weights[found.rows == row].sum() for row in np.unique(found.rows)}


def test_what_was_written_is_named_from_the_first_chunk_on() -> None:
    weights = asked(Timeline(4.0, 0.4, "Count to two", "t", (says("one"),)), is_aloud=False)
    assert list(weights) == list(range(10))
    assert list(weights.values()) == pytest.approx([1.0] * ASKED_CHUNKS + [LATER_WEIGHT] * 5)


def test_what_was_said_is_named_once_it_is_over() -> None:
    line = Timeline(4.0, 0.4, None, "t", (dataclasses.replace(says("Count to two", 1, 6), cue=1.2), says("one", 8, 1)))
    assert list(asked(line, is_aloud=True)) == [6, 7, 8, 9]
    assert asked(line, is_aloud=False) == {} == asked(line, is_aloud=True, chunks=6)


def number_of(stream: Sounding) -> int:
    return int(stream.key.partition("-")[0])


def test_a_corpus_says_which_streams_are_asked_aloud(tmp_path: Path) -> None:
    source = ShardStreams([write_corpus(tmp_path / "c", aloud=(1,))], None, 0)
    found = [source(position) for position in range(32)]
    assert {number_of(stream) for stream in found if stream.asks_aloud} == {1}
    assert 1 not in {number_of(stream) for stream in found if not stream.asks_aloud}


def test_speech_of_which_nobody_knows_the_words_is_left_out() -> None:
    assert named(says(None)).keys() == {0, 1, 5, 6, 7, 8, 9}


def test_a_note_is_its_instrument() -> None:
    assert named(dataclasses.replace(event(2, False), kind="music", content="violin"))[2] == pieces("violin")


def test_what_is_behind_or_comes_too_late_is_not_named() -> None:
    assert named(dataclasses.replace(says("one"), role="background"))[2] == {SILENT}
    assert named(says("one", chunk=2, chunks=9), chunks=4).keys() == {0, 1, 2, 3}


def test_letters_say_when_a_word_is_over() -> None:
    (first, second) = spoken_tokens(says("Two, three.", chunk=0, chunks=8), GRAMMAR)  # 3.2 s
    assert first[:2] == pytest.approx((0.0, 1.2)) and second[:2] == pytest.approx((1.2, 3.2))
    assert set(second[2]) == pieces(" three")
    assert spoken_tokens(says("...", chunk=0), GRAMMAR) == []


def test_mandarin_is_named_character_by_character() -> None:
    assert len(spoken_tokens(says("你好吗", chunk=0), GRAMMAR)) == 3


def test_each_row_weighs_the_same_whatever_its_names() -> None:
    tokens = annotate(None, 10, [], GRAMMAR)
    found = heard_in(Timeline(4.0, 0.4, None, "t", (says("one two"),)), tokens.decision_at - 1, range(10), GRAMMAR)
    weights = [found.weights[found.rows == row].sum() for row in np.unique(found.rows)]
    assert set(np.round(weights, 5)) == {1.0, np.float32(QUIET_WEIGHT)}


def test_a_recording_that_is_asked_about_names_what_sounds_in_it() -> None:
    says_one = dataclasses.replace(says("one two", chunk=4, chunks=4), reply=Reply("One, two."))
    line = Timeline(4.0, 0.4, "What is said?", "environment_aware_assistance", (event(1, True), says_one))
    sounding = Sounding("s", np.zeros(64_000, np.float32), line)
    stage = dataclasses.replace(EARS, offline_share=1.0)
    made = [document(sounding, GRAMMAR, 0.4, stage, np.random.default_rng(n)) for n in range(9)]
    found = next(one for one in made if one.key == "s-from4")
    last_of = np.flatnonzero(found.tokens.is_audio)[GRAMMAR.audio_positions - 1 :: GRAMMAR.audio_positions]
    heard = [{*found.heard.ids[found.heard.rows == row]} for row in last_of]
    both = pieces(" one") | pieces(" two")
    assert heard == [pieces(" one"), pieces(" one"), both, pieces(" two")]
    assert np.isin(found.heard.rows, last_of).all()
    deaf = dataclasses.replace(stage, hearing_weight=0.0)
    assert not len(document(sounding, GRAMMAR, 0.4, deaf, np.random.default_rng(0)).heard.rows)


def test_only_sound_decides_and_says_nothing() -> None:
    made = document(_sounding(), GRAMMAR, 0.4, LISTENING, np.random.default_rng(0))
    assert made.tokens.is_audio.all() and len(made.tokens.input_ids) == made.chunks * GRAMMAR.audio_positions
    assert (made.tokens.y_stream == MASK).all() and (made.tokens.y_lm == MASK).all()
    assert made.heard.rows.max() == len(made.tokens.input_ids) - 1
    assert len(only_sound(3, GRAMMAR).decision_at) == 3


def test_the_loss_is_the_weighted_cost_of_the_names() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]]))
    places, ids, weights = torch.tensor([0, 0, 1]), torch.tensor([0, 1, 2]), torch.tensor([0.5, 0.5, 0.3])
    expected = -(0.5 * np.log(0.5) + 0.5 * np.log(0.25) + 0.3 * np.log(0.8))
    assert float(hearing_loss(logits, places, ids, weights)) == pytest.approx(expected, rel=1e-5)


def test_rows_of_a_packed_batch_begin_at_their_streams() -> None:
    one = Heard(np.array([1, 2]), np.array([7, 8]), np.ones(2, np.float32))
    names = joined([one, one], [0, 10])
    assert names.rows.tolist() == [1, 2, 11, 12] and names.ids.tolist() == [7, 8, 7, 8]


def test_it_is_added_with_its_weight_and_kept_out_of_the_model(corpus: Path) -> None:
    streams = _documents(corpus, 3)
    learner = Learner(small_start().network, EARS)
    costs = learner(packed(streams, _features(learner, streams)), torch.tensor(1))
    whole = costs.lm_sum + EARS.stream_weight * costs.stream_sum + 0.5 * costs.hearing_sum + 0.25 * costs.asked_sum
    assert float(costs.hearing_sum) > 0 < float(costs.hearing_count)
    assert float(costs.total.detach()) == pytest.approx(float(whole), rel=1e-5)
    assert not [name for name, _ in learner.network.named_parameters() if "hearing" in name]


def test_what_was_asked_is_added_with_a_weight_and_a_matrix_of_its_own() -> None:
    line = dataclasses.replace(_sounding().timeline, instruction="Count to two")
    stream = document(dataclasses.replace(_sounding(), timeline=line), GRAMMAR, 0.4, EARS, np.random.default_rng(0))
    learner = Learner(small_start().network, EARS)
    costs = learner(packed([stream], _features(learner, [stream])), torch.tensor(1))
    whole = costs.lm_sum + EARS.stream_weight * costs.stream_sum + 0.5 * costs.hearing_sum + 0.25 * costs.asked_sum
    assert float(costs.asked_sum) > 0 and float(costs.asked_count) == pytest.approx(ASKED_CHUNKS + 5 * LATER_WEIGHT)
    assert float(costs.total.detach()) == pytest.approx(float(whole), rel=1e-5)
    costs.total.backward()
    assert learner.asked is not None and learner.asked.weight.grad is not None and learner.asked.weight.grad.any()


def test_a_row_without_names_still_reaches_every_weight(corpus: Path) -> None:
    streams = [dataclasses.replace(_documents(corpus, 1)[0], heard=Heard(*(np.zeros(0, t) for t in "llf")))]
    learner = Learner(small_start().network, EARS)
    learner(packed(streams, _features(learner, streams)), torch.tensor(1)).total.backward()
    assert learner.hearing is not None and all(p.grad is not None for p in learner.hearing.parameters())


def test_a_stage_that_only_listens_learns_names_with_the_head_itself(corpus: Path) -> None:
    assert list(Learner(small_start().network, EARS).hearing.parameters())  # type: ignore[union-attr]
    learner = Learner(small_start().network, LISTENING)
    assert not list(learner.hearing.parameters())  # type: ignore[union-attr]
    source = documents(corpus, LISTENING)
    streams = [source[0]]
    learner(packed(streams, _features(learner, streams)), torch.tensor(1)).total.backward()
    assert learner.network.lm_head.weight.grad is not None


def _sounding() -> Sounding:
    return Sounding("s", np.ones(64_000, np.float32), Timeline(4.0, 0.4, None, "t", (says("one two"),)))


def _documents(corpus: Path, count: int) -> list[Document]:
    source = documents(corpus, EARS)
    return [source[i] for i in range(count)]


def _features(learner: Learner, streams: list[Document]) -> torch.Tensor:
    return pooled_features(learner.network, log_mels(learner.network, streams), EARS.bfloat16)
