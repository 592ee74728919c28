"""A stream that remembers what it was told and says what it is given."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from soundflow.stream.events import Decision, Event


class FakeStream:
    """Fits `serve.sessions.Stream`."""

    def __init__(self, instruction: str | None = None, threshold: float | None = None) -> None:
        self.instruction = instruction
        self.thresholds: list[float | None] = [threshold]
        self.heard: list[NDArray[np.float32]] = []
        self.calls: list[str] = []
        self.truncated: list[tuple[int, int]] = []
        self.said: list[Event] = []

    @property
    def samples(self) -> int:
        return sum(len(block) for block in self.heard)

    def feed(self, samples: NDArray[np.float32]) -> None:
        self.heard.append(samples)

    def take(self) -> list[Event]:
        said, self.said = self.said, []
        return said

    def cancel(self) -> None:
        self.calls.append("cancel")

    def set_threshold(self, threshold: float) -> None:
        self.thresholds.append(threshold)

    def set_instruction(self, instruction: str | None) -> None:
        self.instruction = instruction

    def truncate(self, reply: int, characters: int) -> None:
        self.truncated.append((reply, characters))

    def end(self) -> None:
        self.calls.append("end")

    def close(self) -> None:
        self.calls.append("close")


def decision(chunk: int, speaks: bool = False) -> Decision:
    """A decision on one chunk of 0.4 s."""
    return Decision(chunk, 0.4 * chunk, 0.4 * chunk + 0.4, "response" if speaks else "silent", 0.7, 5.0, 1)


Opener = Callable[[str | None, float | None], FakeStream]
