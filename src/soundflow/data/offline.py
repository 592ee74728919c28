"""Offline samples in tokens: a whole recording, a user's text or both, and the answer (release: A_T_T, A_T, T_T).

Tests: tests/data/test_offline.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.data.annotate import MASK, AnnotatedStream, annotate
from soundflow.data.timeline import Reply
from soundflow.errors import InputError
from soundflow.model.tokens import Grammar

TRAINED_SECONDS = 20  # the release cuts recordings to this length (`cons_offline_data.py`)


def trained_part(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """What is heard of a recording in training: float32 [n] at 16 kHz to its first 20 s."""
    return samples[: TRAINED_SECONDS * SAMPLE_RATE]


def annotate_offline(user: str | None, slots: int, answer: str, grammar: Grammar) -> AnnotatedStream:
    """Write one offline sample in tokens.

    Args:
        user: what is asked; None when the recording speaks for itself.
        slots: audio positions of the recording, 0 when there is none.
        answer: what is said; supervised whole, with ASSISTANT, TEXT_BEGIN and <eos>, as text: nothing is decided here.
        grammar: the model's vocabulary.

    Raises:
        InputError: neither recording nor text (`offline.empty`).

    Source: the release's `cons_offline_data.py`.
    """
    if not slots and user is None:
        raise InputError("offline.empty", "neither a recording nor a user's text", "give one of them, or both")
    given = grammar.first_turn(None, user, slots)
    said = grammar.answer(answer)
    ids = np.array([*given, *said], np.int64)
    masked = np.full(len(ids), MASK, np.int64)
    y_lm = np.where(np.arange(len(ids)) < len(given), MASK, ids)
    is_audio = ids == grammar.control.offline_audio_pad  # no text can hold that id
    return AnnotatedStream(ids, masked, y_lm, is_audio, np.zeros(0, np.int64))


def annotate_recording(question: str | None, chunks: int, answer: Reply, due: int, grammar: Grammar) -> AnnotatedStream:
    """Write a recording that is heard as a stream in tokens, with both label rows (docs/decisions/0020).

    The model learns when to answer as in a stream. An answer that is due at the last chunk is asked for there, as
    `Conversation` does at a recording's end, so that nothing is to be decided.

    Args:
        question: stands where a stream's instruction does; None where the recording holds it.
        chunks: of the recording.
        due: the chunk, from 0, at which the answer is said.

    Raises:
        InputError: `due` is no chunk of the recording (`annotate.responses`).
    """
    stream = annotate(question, chunks, [(due, answer)], grammar)
    control, ids, y_stream = grammar.control, stream.input_ids.copy(), stream.y_stream.copy()
    ids[stream.is_audio] = control.offline_audio_pad
    if due == chunks - 1:
        ids[stream.decision_at[due]] = control.text_begin
        y_stream[stream.decision_at[due]] = MASK
    return AnnotatedStream(ids, y_stream, stream.y_lm, stream.is_audio, stream.decision_at)
