"""Offline samples in tokens: a whole recording, a user's text or both, and the answer (release: A_T_T, A_T, T_T).

Tests: tests/data/test_offline.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.data.annotate import MASK, AnnotatedStream
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
