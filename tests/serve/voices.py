"""Engines that a test writes: what they say is counted, not heard."""

from __future__ import annotations

import threading
from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from soundflow.errors import OutsideError

RATE = 24_000
BLOCK = 2400  # samples of 0.1 s


class ScriptedVoice:
    """Says a block for each word, as loud as the word is long; breaks at "breaks", waits to be let go at "waits"."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.is_waiting = threading.Event()
        self.go = threading.Event()

    def __call__(self, sentence: str) -> Generator[NDArray[np.float32], None, None]:
        self.sentences.append(sentence)
        for word in sentence.split():
            if word.startswith("waits"):
                self.is_waiting.set()
                assert self.go.wait(20.0)
            if word.startswith("breaks"):
                raise OutsideError("speech.endpoint", "the engine is gone")
            if word.startswith("bug"):
                raise KeyError("oh")
            yield np.full(BLOCK, len(word) / 100, np.float32)
