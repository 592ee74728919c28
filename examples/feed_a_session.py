"""Feed sound piece by piece, as it comes from any source of yours: `python examples/feed_a_session.py`.

Here the source is a few seconds of noise in pieces of odd sizes. The session does not care how sound is cut.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

import soundflow


def pieces(seconds: float = 4.0) -> Iterator[NDArray[np.float32]]:
    """Soft noise, float32, 16 kHz mono, in pieces of 1 to 2000 samples."""
    rng = np.random.default_rng(0)
    left = round(seconds * 16_000)
    while left:
        size = min(left, int(rng.integers(1, 2000)))
        left -= size
        yield rng.normal(0, 0.003, size).astype(np.float32)


def main() -> None:
    """Print every decision."""
    model = soundflow.load("nano")
    with model.session(instruction="Tell me when the baby cries") as session:
        for piece in pieces():
            show(session.feed(piece))
        show(session.end())


def show(events: list[soundflow.Event]) -> None:
    """One line a decision or reply."""
    for event in events:
        if isinstance(event, soundflow.Decision):
            print(f"{event.end:4.1f} s  {event.decision:8}  p(response) {event.p_response:.3f}")
        elif isinstance(event, soundflow.ReplyEnd):
            print(f"        {event.text}")


if __name__ == "__main__":
    main()
