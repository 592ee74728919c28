"""Listen to the microphone until Ctrl-C, hearing on while speaking: `python examples/watch_the_microphone.py`.

Needs `pip install 'soundflow[mic]'`. No sound is stored.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

import soundflow
from soundflow.audio.microphone import iter_microphone


def main(source: Iterable[NDArray[np.float32]] | None = None) -> None:
    """Print replies as they are spoken."""
    model = soundflow.load("nano")
    with model.live_session() as session:
        try:
            for event in session.hear(iter_microphone() if source is None else source):
                if isinstance(event, soundflow.ReplyDelta):
                    print(event.text, end="", flush=True)
                elif isinstance(event, soundflow.ReplyEnd):
                    print()
        except KeyboardInterrupt:
            print("stopped")


if __name__ == "__main__":
    main()
