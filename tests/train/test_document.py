"""A stream in tokens, as a stage wants it."""

from __future__ import annotations

import dataclasses

import numpy as np

from soundflow.audio.quiet import LEAD_CHUNKS, TRAIL_CHUNKS, in_quiet
from soundflow.data.annotate import MASK, read_back
from soundflow.data.timeline import Timeline
from soundflow.train.document import Document, Sounding, document
from soundflow.train.stages import Stage
from tests.train.corpora import CHUNK, STAGE, VOICE, event, small_start

GRAMMAR = small_start().grammar
INSTANT = dataclasses.replace(STAGE, instant_share=1.0)


def made(stage: Stage, seconds: float = 2.4) -> Document:
    line = Timeline(2.4, 0.4, None, "safety_alert", (event(1, True), event(3, True)))
    samples = np.ones(round(seconds * 16_000), np.float32)
    return document(Sounding("s", samples, line), GRAMMAR, 0.4, stage, np.random.default_rng(0))


def test_an_interleaved_stream_is_whole() -> None:
    found = made(INSTANT)
    assert found.chunks == 6 and [chunk for chunk, _ in read_back(found.tokens, GRAMMAR)] == [1, 3]


def test_a_single_stream_ends_behind_its_first_reply() -> None:
    found = made(dataclasses.replace(INSTANT, form="single"))
    assert found.chunks == 2 and len(found.samples) == 2 * CHUNK
    assert [chunk for chunk, _ in read_back(found.tokens, GRAMMAR)] == [1]
    assert found.tokens.y_lm[-1] == GRAMMAR.control.eos


def test_no_stream_is_longer_than_its_stage_allows() -> None:
    found = made(dataclasses.replace(INSTANT, most_chunks=3))
    assert found.chunks == 3 and [chunk for chunk, _ in read_back(found.tokens, GRAMMAR)] == [1]


def test_the_last_chunk_is_filled_up_and_not_counted_as_sound() -> None:
    found = made(INSTANT, seconds=2.3)
    assert len(found.samples) == 6 * CHUNK and found.seconds == 2.3


def test_replies_that_take_time_leave_chunks_undecided() -> None:
    found = made(dataclasses.replace(INSTANT, instant_share=0.0))
    decided = (found.tokens.y_stream != MASK).sum()
    assert decided < found.chunks


def test_a_model_with_other_chunks_reads_the_same_moments() -> None:
    line = Timeline(2.4, 0.4, None, "safety_alert", (event(1, True),))
    sounding = Sounding("s", np.ones(38_400, np.float32), line)
    found = document(sounding, GRAMMAR, 0.8, INSTANT, np.random.default_rng(0))
    assert found.chunks == 3 and [chunk for chunk, _ in read_back(found.tokens, GRAMMAR)] == [0]


def test_a_stage_that_only_listens_names_what_a_voice_asked_and_nothing_that_was_written() -> None:
    listening = dataclasses.replace(INSTANT, form="listening", hearing_weight=1.0, asked_weight=1.0)
    samples, rng = np.ones(38_400, np.float32), np.random.default_rng(0)
    for is_aloud in (True, False):
        events = (VOICE, event(3, True)) if is_aloud else (event(3, True),)
        line = Timeline(2.4, 0.4, None if is_aloud else "Say what you hear.", "safety_alert", events)
        found = document(Sounding("s", samples, line, is_aloud), GRAMMAR, 0.4, listening, rng)
        assert bool(len(found.asked.rows)) == is_aloud


ASKED = dataclasses.replace(INSTANT, offline_share=1.0)


def one_reply(stage: Stage, at: int = 1) -> Document:
    line = Timeline(2.4, 0.4, "What is it?", "audio_qa_open", (event(at, True),))
    return document(Sounding("s", np.ones(38_400, np.float32), line), GRAMMAR, 0.4, stage, np.random.default_rng(0))


def test_a_stream_with_one_reply_can_be_a_recording_that_is_asked_about() -> None:
    found = one_reply(ASKED)
    answer = GRAMMAR.answer(found.timeline.responses[0][1].text)
    assert found.chunks == 6 and not len(found.tokens.decision_at), "heard whole, and nothing is decided"
    assert found.tokens.is_audio.sum() == 6 * GRAMMAR.audio_positions
    assert list(found.tokens.y_lm[-len(answer) :]) == answer
    assert (found.tokens.y_stream == MASK).all()


def test_a_recording_that_is_heard_as_a_stream_stands_in_quiet_with_its_answer_where_it_is_due() -> None:
    stream, line = one_reply(INSTANT), Timeline(2.4, 0.4, "What is it?", "audio_qa_open", (event(1, True),))
    grammar = dataclasses.replace(GRAMMAR, layout="stream")
    sounding = Sounding("s", np.ones(38_400, np.float32), line)
    naming = dataclasses.replace(ASKED, hearing_weight=1.0)
    found = document(sounding, grammar, 0.4, naming, np.random.default_rng(0))
    assert found.chunks == LEAD_CHUNKS + stream.chunks + TRAIL_CHUNKS
    heard = in_quiet(sounding.samples, CHUNK)
    assert np.array_equal(found.samples, heard), "as it is heard where somebody asks about it"
    assert found.tokens.input_ids[0] == grammar.control.online
    replies = [np.flatnonzero(one.tokens.y_lm != MASK)[0] for one in (stream, found)]
    said_at = [np.searchsorted(one.tokens.decision_at, at) for one, at in zip((stream, found), replies, strict=True)]
    assert said_at[1] == said_at[0] + LEAD_CHUNKS
    assert set(found.heard.rows) <= set(found.tokens.decision_at[LEAD_CHUNKS:-TRAIL_CHUNKS] - 1), "a stream's rows"


def test_a_recording_and_its_quiet_are_never_longer_than_a_stage_allows() -> None:
    grammar, short = dataclasses.replace(GRAMMAR, layout="stream"), dataclasses.replace(ASKED, most_chunks=5)
    line = Timeline(2.4, 0.4, "What is it?", "audio_qa_open", (event(1, True),))
    sounding = Sounding("s", np.ones(38_400, np.float32), line)
    found = document(sounding, grammar, 0.4, short, np.random.default_rng(0))
    assert found.chunks == 5 and found.key == "s-asked0-2"


def test_a_single_stream_of_one_reply_is_asked_about_whole() -> None:
    assert one_reply(dataclasses.replace(ASKED, form="single")).chunks == 6
    assert one_reply(dataclasses.replace(INSTANT, form="single")).chunks == 2


def test_several_replies_of_a_task_that_looks_at_all_of_them_are_never_a_recording() -> None:
    assert made(ASKED).chunks == 6 and len(made(ASKED).tokens.decision_at) == 6
    assert made(dataclasses.replace(ASKED, form="single")).chunks == 2


def test_one_of_several_sounds_is_asked_about_in_its_own_chunks() -> None:
    events = (event(1, True), event(3, True, 2))
    line = Timeline(2.4, 0.4, "What is it?", "environment_aware_assistance", events)
    sound = np.repeat(np.arange(6, dtype=np.float32), CHUNK)
    made = [document(Sounding("s", sound, line), GRAMMAR, 0.4, ASKED, np.random.default_rng(n)) for n in range(9)]
    keys = {one.key: one for one in made}
    assert sorted(keys) == ["s-from1", "s-from3"]
    assert sorted(set(keys["s-from3"].samples)) == [3, 4] and keys["s-from3"].seconds == 0.8
    assert keys["s-from1"].tokens.is_audio.sum() == GRAMMAR.audio_positions
