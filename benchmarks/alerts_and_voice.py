"""What alerts cost a stream, and how soon a reply is heard.

    OMP_NUM_THREADS=1 python benchmarks/alerts_and_voice.py [--kokoro FOLDER]

Alerts: the time a stream spends in telling one (a row in the spool, on the disk of the temporary folder), with a sink
that hangs; beside it the time of a plain `print` to a file, flushed, in the same run. Voice: from the last word of a
reply's first sentence to its first sound, and what a cancel takes, with an engine that takes no time and, where a
folder of voices is given, with Kokoro; its real-time factor beside them.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np

from soundflow.serve.sinks.alert import Alert
from soundflow.serve.sinks.alerts import Alerts
from soundflow.serve.sinks.rules import Rules
from soundflow.serve.sinks.spool import Spool
from soundflow.serve.speech import Mouth, Samples, SpeechDelta, Voice, in_one_block

ALERTS = 2000
REPLY = "I hear glass breaking. Put on shoes before you walk there."
FIRST = "I hear glass breaking. "
ROUNDS = 5


class Hanging:
    """A sink that takes nothing."""

    kind, key = "hanging", "hanging:1"

    def __init__(self) -> None:
        self.go = threading.Event()

    def deliver(self, alert: Alert) -> None:
        """Wait until the end."""
        self.go.wait()

    def close(self) -> None:
        """Nothing is held."""


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kokoro", type=Path)
    given = parser.parse_args()
    result: dict[str, Any] = {"machine": f"{platform.machine()} {platform.python_version()}", **_alerts()}
    result["voice_that_takes_no_time"] = _voice(lambda sentence: np.zeros(24_000, np.float32), 24_000)
    if given.kokoro is not None:
        result["kokoro"] = _kokoro(given.kokoro)
    print(json.dumps(result, indent=1))


def _alerts() -> dict[str, Any]:
    sink = Hanging()
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "plain").open("w") as plain:
        alerts = Alerts([sink], Spool(Path(folder) / "spool", most=10 * ALERTS), Rules(), lambda failure: None)
        told = [
            Alert(f"{n:032}", "2026-11-21T14:10:00.000+00:00", "mic", float(n), "urgent", REPLY) for n in range(ALERTS)
        ]
        spent = [_seconds(lambda alert=alert: alerts.tell(alert)) for alert in told]  # type: ignore[misc]
        printed = [_seconds(lambda alert=alert: print(alert.to_json(), file=plain, flush=True)) for alert in told]  # type: ignore[misc]
        sink.go.set()
        alerts.close(60.0)
    return {"tell_an_alert": _figures(spent), "print_and_flush": _figures(printed)}


def _voice(say: Callable[[str], Samples], rate: int) -> dict[str, Any]:
    voice = Voice(in_one_block(say), rate)
    firsts, cancels = [], []
    for _ in range(ROUNDS):
        mouth = Mouth(voice)
        firsts.append(_seconds(lambda mouth=mouth: _first_sound(mouth)))  # type: ignore[misc]
        cancels.append(_seconds(mouth.cancel))
    voice.close()
    return {"first_sound": _figures(firsts), "cancel": _figures(cancels)}


def _first_sound(mouth: Mouth) -> None:
    mouth.speak(0, FIRST)
    mouth.speak(0, "Put")  # a sentence is over when the next begins
    while not any(isinstance(said, SpeechDelta) for said in mouth.take()):
        mouth.wait(60.0)


def _kokoro(folder: Path) -> dict[str, Any]:
    from soundflow.data.voices.kokoro import Kokoro

    engine = Kokoro(folder)
    voice = next(voice for voice in engine.voices if voice.name == "af_heart")
    engine.say("Ready.", voice)
    began = time.perf_counter()
    sound = engine.say(REPLY, voice)
    factor = (time.perf_counter() - began) / (len(sound) / 16_000)
    return {**_voice(lambda sentence: engine.say(sentence, voice), 16_000), "real_time_factor": round(factor, 3)}


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _figures(seconds: list[float]) -> dict[str, float]:
    """Median and 99th percentile in milliseconds."""
    return {"median_ms": round(1000 * median(seconds), 4), "p99_ms": round(1000 * quantiles(seconds, n=100)[98], 4)}


if __name__ == "__main__":
    main()
