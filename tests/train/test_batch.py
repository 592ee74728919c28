"""Batches: what is heard in each chunk, padding that teaches nothing, and the same stream at every asking."""

from __future__ import annotations

import numpy as np

from soundflow.data.annotate import MASK
from soundflow.data.compose import Composition
from soundflow.data.timeline import Decision, Reply, Role, StreamEvent, Timeline
from soundflow.model.tokens import Grammar, TextTokenizer
from soundflow.train.batch import StreamDataset, collate, example, heard_in_chunks
from tests.model.conftest import TEXTS, small_config

CONFIG = small_config()
GRAMMAR = Grammar(CONFIG.control, TextTokenizer.train(TEXTS, 300), CONFIG.audio_positions, CONFIG.default_instruction)
INDEX = {"dog_bark": 1, "glass_breaking": 2}


def event(
    onset: float,
    end: float,
    label: str,
    role: Role = "foreground",
    decision: Decision = "ignore",
    cue: float | None = None,
) -> StreamEvent:
    """One event; it is answered when its decision says so, at its end where no cue is given."""
    reply = Reply("A dog is barking.", "normal") if decision == "respond" else None
    cue = end if cue is None else cue
    return StreamEvent(onset, end, cue, label, "event", role, decision, reply, "c", "r", "CC0-1.0", "test", 0.0)


def timeline(*events: StreamEvent, seconds: float = 2.0) -> Timeline:
    """A proactive stream of these events."""
    return Timeline(seconds, 0.4, None, "proactive", events)


def test_the_sound_that_fills_most_of_a_chunk_is_heard_in_it() -> None:
    heard, _ = heard_in_chunks(timeline(event(0.4, 0.95, "dog_bark"), event(0.95, 1.6, "glass_breaking")), 5, INDEX)
    assert heard.tolist() == [0, 1, 2, 2, 0]


def test_what_was_answered_or_let_pass_is_not_named_again() -> None:
    long = event(0.0, 2.0, "dog_bark", decision="respond", cue=0.8)
    heard, calls = heard_in_chunks(timeline(long), 6, INDEX)
    assert heard.tolist() == [1, 1, MASK, MASK, MASK, 0]
    assert calls.tolist() == [1, 1, MASK, MASK, MASK, 0]


def test_only_what_will_be_answered_calls() -> None:
    events = (event(0.0, 0.4, "dog_bark", decision="respond"), event(0.4, 0.8, "dog_bark"))
    unsure = event(0.8, 1.2, "dog_bark", decision="open")
    assert heard_in_chunks(timeline(*events, unsure), 4, INDEX)[1].tolist() == [1, 0, MASK, 0]


def test_a_touch_of_sound_is_not_heard() -> None:
    assert heard_in_chunks(timeline(event(0.35, 0.41, "dog_bark")), 2, INDEX)[0].tolist() == [0, 0]


def test_what_lies_in_the_background_is_not_heard() -> None:
    heard, calls = heard_in_chunks(timeline(event(0.0, 0.4, "dog_bark", role="background")), 1, INDEX)
    assert heard.tolist() == calls.tolist() == [0]


def test_an_example_is_padded_to_whole_chunks() -> None:
    composition = Composition(np.ones(7000, np.float32), timeline(seconds=7000 / 16000))
    made = example(composition, GRAMMAR, INDEX, 6400, np.random.default_rng(0), instant_share=1.0)
    assert made.samples.shape == (12_800,)
    assert made.samples[7000:].max() == 0
    assert len(made.tokens.decision_at) == len(made.heard) == 2


def test_padding_of_a_batch_is_masked_everywhere() -> None:
    long = Composition(np.zeros(32_000, np.float32), timeline(event(0.4, 0.8, "dog_bark", decision="respond")))
    short = Composition(np.zeros(12_800, np.float32), timeline(seconds=0.8))
    rng = np.random.default_rng(0)
    examples = [example(c, GRAMMAR, INDEX, 6400, rng, instant_share=1.0) for c in (short, long)]
    batch = collate(examples)
    assert batch.chunks.tolist() == [2, 5]
    assert batch.samples.shape == (2, 32_000)
    end = len(examples[0].tokens.input_ids)
    assert end < batch.input_ids.shape[1]
    assert bool((batch.y_stream[0, end:] == MASK).all()) and bool((batch.y_lm[0, end:] == MASK).all())
    assert not bool(batch.is_audio[0, end:].any())
    assert batch.heard[0].tolist() == [0, 0, MASK, MASK, MASK]
    assert batch.decision_at[0, 2:].tolist() == [0, 0, 0]


def test_a_dataset_asks_for_the_stream_of_its_number() -> None:
    asked: list[int] = []

    def make(index: int) -> object:
        asked.append(index)
        return index

    dataset = StreamDataset(make, 10)  # type: ignore[arg-type]
    assert len(dataset) == 10
    made: list[object] = [dataset[3], dataset[3]]
    assert made == [3, 3]
    assert asked == [3, 3]
