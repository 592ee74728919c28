"""The same items in the offline layout: the recording first and whole, then the question, then one answer.

A question about a whole stream is asked about the stream; an utterance, a sound to act on or a note is asked about
alone, in the chunks that hold it. The instruction is the question; where it is spoken in the stream, the recording
speaks for itself. Tests: tests/bench/capabilities/test_offline.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from soundflow.bench.capabilities.items import Asked, Item
from soundflow.data.tasks.registry import CAPABILITIES
from soundflow.data.timeline import SAMPLE_RATE
from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from soundflow.stream.offline import Conversation

ABOUT_THE_WHOLE = frozenset({"audio_qa_open", "audio_qa_choice", "audio_description", "music_qa_choice"})
ABOUT_ONE_CLIP = frozenset(
    {*CAPABILITIES["real_time_asr"], *CAPABILITIES["audio_agent"], "factual_spoken_qa", "music_qa_open"}
)

Samples = NDArray[np.float32]


def can_be_asked(asked: Asked, item: Item) -> bool:
    """Whether an item makes sense as one question about one recording: a clip alone does not hold a spoken question."""
    if item.sub_task in ABOUT_ONE_CLIP:
        return asked.column != "spoken"
    return item.sub_task in ABOUT_THE_WHOLE


def offline_answers(bundle: Bundle, asked: Asked, samples: Samples) -> dict[int, str]:
    """What is answered about everything in a stream that can be asked about: index of the item to the words.

    Args:
        bundle: a model that answers questions.
        samples: the stream, float32 [n], 16 kHz.
    """
    question = asked.timeline.instruction
    return {
        place: _answer(bundle, question, recording_of(asked, item, samples))
        for place, item in enumerate(asked.items)
        if can_be_asked(asked, item)
    }


def recording_of(asked: Asked, item: Item, samples: Samples) -> Samples:
    """What is asked about: the stream, or the chunks that hold the item's event; float32 [n]."""
    if item.sub_task in ABOUT_THE_WHOLE:
        return samples
    event, size = asked.timeline.events[item.event], round(asked.timeline.chunk_seconds * SAMPLE_RATE)
    start, end = round(event.onset * SAMPLE_RATE), round(event.end * SAMPLE_RATE)
    return samples[start // size * size : -(-end // size) * size]


def _answer(bundle: Bundle, question: str | None, recording: Samples) -> str:
    """The answer; an empty one, which is wrong, where a recording is too long to be asked about."""
    try:
        return Conversation(bundle).ask(question, recording).text
    except InputError as error:
        if error.code != "ask.too_long":
            raise
        return ""
