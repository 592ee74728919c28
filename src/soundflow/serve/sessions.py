"""What the server asks of the loop: to open a stream and to talk to it. `Engine` fits; so does a test's fake.

Tests: tests/serve/test_connection.py (with an engine), tests/serve/test_conversation.py (with a fake).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from soundflow.stream.events import Event

Samples = NDArray[np.float32]


class Stream(Protocol):
    """One client's stream. No call waits for the model."""

    def feed(self, samples: Samples) -> None:
        """Hand over sound, float32 [n] at 16 kHz mono."""
        ...

    def take(self) -> list[Event]:
        """The events that are there by now."""
        ...

    def cancel(self) -> None:
        """End the reply that is being spoken; without one nothing happens."""
        ...

    def set_threshold(self, threshold: float) -> None:
        """From the next decision on speak at this p(response)."""
        ...

    def set_instruction(self, instruction: str | None) -> None:
        """From the next decision on listen for this; what was heard is kept."""
        ...

    def truncate(self, reply: int, characters: int) -> None:
        """Only the first characters of a reply were played."""
        ...

    def end(self) -> None:
        """No more sound: the rest is heard and said, then comes `end`."""
        ...

    def close(self) -> None:
        """Stop now."""
        ...


# Opens a stream: instruction, threshold, and what to call from any thread when events came.
OpenStream = Callable[[str | None, float | None, Callable[[], None]], Stream]
