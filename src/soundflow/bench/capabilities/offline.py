"""The same items in the offline layout: the recording first and whole, then the question, then one answer.

A question about a whole stream is asked about the stream; an utterance, a sound to act on or a note is asked about
alone, in the chunks that hold it. The instruction is the question; where it is spoken in the stream, the recording
speaks for itself. Tests: tests/bench/capabilities/test_offline.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from soundflow.bench.capabilities.items import Asked, Item
from soundflow.data.tasks.registry import ASKED_ABOUT_A_CLIP, ASKED_ABOUT_A_RECORDING
from soundflow.data.timeline import SAMPLE_RATE, chunks_with
from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from soundflow.stream.offline import Conversation

Samples = NDArray[np.float32]


def can_be_asked(asked: Asked, item: Item) -> bool:
    """Whether an item makes sense as one question about one recording: a clip alone does not hold a spoken question."""
    if item.sub_task in ASKED_ABOUT_A_CLIP:
        return asked.column != "spoken"
    return item.sub_task in ASKED_ABOUT_A_RECORDING


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
    if item.sub_task in ASKED_ABOUT_A_RECORDING:
        return samples
    size = round(asked.timeline.chunk_seconds * SAMPLE_RATE)
    held = chunks_with(asked.timeline.events[item.event], asked.timeline.chunk_seconds)
    return samples[held.start * size : held.stop * size]


def _answer(bundle: Bundle, question: str | None, recording: Samples) -> str:
    """The answer; an empty one, which is wrong, where a recording is too long to be asked about."""
    try:
        return Conversation(bundle).ask(question, recording).text
    except InputError as error:
        if error.code != "ask.too_long":
            raise
        return ""
