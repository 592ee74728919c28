"""How fast `listen` is on one thread, beside a sound tagger of YAMNet's shape on the same chunks in the same run.

    python benchmarks/listen_speed.py [--model nano] [--source kitchen] [--seconds 120] [--json]

Reports milliseconds a chunk all-in (samples in to decision out, the reply's words included), the real-time factor, the
time from the command's start to its first decision, and resident memory. The tagger is a MobileNet with YAMNet's layers
and random weights, which take as long as trained ones: what people run today to label sound, and so a yardstick for
this machine. It hears every chunk with the sound before it, 0.96 s in all. The two take turns every ten seconds of
sound, so that a machine that slows down slows both. `first_decision_s` starts the command in a fresh process; its files
may be in the system's cache already.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from soundflow.api import Model, load, open_source
from soundflow.audio.log_mel import FrontEnd, log_mel
from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.bench.machine import describe_machine, peak_mb, resident_mb
from soundflow.bench.timing import Stopwatch

Samples = NDArray[np.float32]
PATCH_SAMPLES = 15_360  # 0.96 s, YAMNet's patch: 96 frames of 64 mel bands
TURN_CHUNKS = 25  # each of the two hears so many before the other goes on; chosen
WARM_PATCHES = 20  # tagged before times count

# (stride, channels) of MobileNetV1's separable blocks, as YAMNet stacks them
BLOCKS = ((1, 64), (2, 128), (1, 128), (2, 256), (1, 256), (2, 512), *[(1, 512)] * 5, (2, 1024), (1, 1024))


class Tagger(nn.Module):
    """YAMNet's shape: a strided convolution, thirteen depth-wise separable blocks, 521 classes.

    Float32, batch norms folded into the convolutions' biases and channels last, the fastest of the ways torch has.
    """

    def __init__(self) -> None:
        super().__init__()
        parts: list[nn.Module] = [_unit(1, 32, 3, 2, 1)]
        width = 32
        for stride, channels in BLOCKS:
            parts += [_unit(width, width, 3, stride, width), _unit(width, channels, 1, 1, 1)]
            width = channels
        self.body = nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 521))

    def forward(self, patch: Tensor) -> Tensor:
        """[batch, 1, 96, 64] to [batch, 521]."""
        scores: Tensor = self.body(patch).sigmoid()
        return scores


def _unit(channels: int, out: int, kernel: int, stride: int, groups: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, out, kernel, stride, kernel // 2, groups=groups), nn.ReLU())


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Everything that is measured, as one object."""
    torch.set_num_threads(1)
    cold = [cold_start(arguments.model, arguments.source) for _ in range(arguments.cold_runs)]
    model = load(arguments.model)
    samples = sound(arguments.source, arguments.seconds, model.config.chunk_samples)
    memory = warm_up(model, samples)
    listening, tagging, replies = take_turns(model, samples)
    seconds = len(samples) / SAMPLE_RATE
    listen, tagger = listening.spread(), tagging.spread()
    return {
        "listen": {
            **listen,
            "replies": replies,
            "real_time_factor": round(sum(listening.wall_ms) / 1e3 / seconds, 5),
            "resident_mb": round(memory, 1),
            "peak_mb": round(peak_mb(), 1),
        },
        "tagger": {**tagger, "parameters": sum(p.numel() for p in Tagger().parameters())},
        "listen_to_tagger": round(listen["p50_ms"] / tagger["p50_ms"], 3),
        "listen_to_tagger_cpu": round(listen["cpu_p50_ms"] / tagger["cpu_p50_ms"], 3),
        "first_decision_s": {"median": statistics.median(cold), "runs": cold} if cold else None,
        "seconds": seconds,
        "model": model.name,
        "machine": describe_machine(),
        "command": " ".join(["python", *sys.argv]),
    }


def sound(source: str, seconds: float, chunk: int) -> Samples:
    """The source again and again until the time is full, float32 16 kHz, whole chunks."""
    once = np.concatenate(list(open_source(source, chunk)))
    count = round(seconds * SAMPLE_RATE) // chunk * chunk
    return np.resize(once, count)


def warm_up(model: Model, samples: Samples) -> float:
    """Fill the window of another session; then the memory held, MiB, before there is a tagger."""
    with model.session() as warm:
        warm.feed(samples[: (model.config.max_chunks + 1) * model.config.chunk_samples])
        return resident_mb()


def take_turns(model: Model, samples: Samples) -> tuple[Stopwatch, Stopwatch, int]:
    """One session and the tagger hear the same sound: the times of both, and how many replies were begun."""
    chunk = model.config.chunk_samples
    tagger = Tagger().eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    front_end = FrontEnd(n_mels=64, normaliser="clip")
    for _ in range(WARM_PATCHES):
        tag(tagger, front_end, samples[:PATCH_SAMPLES])
    listening, tagging, replies = Stopwatch(), Stopwatch(), 0
    with model.session() as session:
        for turn in range(0, len(samples), TURN_CHUNKS * chunk):
            starts = range(turn, min(turn + TURN_CHUNKS * chunk, len(samples)), chunk)
            for start in starts:
                events = listening.time(partial(session.feed, samples[start : start + chunk]))
                replies += sum(event.type == "reply.start" for event in events)
            for start in starts:
                heard = samples[max(0, start + chunk - PATCH_SAMPLES) : start + chunk]
                if len(heard) == PATCH_SAMPLES:
                    tagging.time(partial(tag, tagger, front_end, heard))
        session.end()
    return listening, tagging, replies


@torch.inference_mode()
def tag(tagger: Tagger, front_end: FrontEnd, heard: Samples) -> Tensor:
    """0.96 s of sound to scores, [1, 521]."""
    patch = log_mel(torch.from_numpy(heard), front_end).T[None, None]
    scores: Tensor = tagger(patch.to(memory_format=torch.channels_last))
    return scores


def cold_start(model: str, source: str) -> float:
    """Seconds from starting the command, in a fresh process, to its first decision on standard output."""
    command = [sys.executable, "-m", "soundflow", "listen", source, "--model", model, "--json"]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["type"] == "decision":
                found = time.perf_counter() - started
                process.kill()
                return round(found, 2)
    raise SystemExit(f"{' '.join(command)} ended with {process.returncode} and without a decision")


def main() -> None:
    """Parse the command line, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nano", help="nano or a model's folder")
    parser.add_argument("--source", default="kitchen", help="an example or a file, repeated until the time is full")
    parser.add_argument("--seconds", type=float, default=120.0, help="of sound")
    parser.add_argument("--cold-runs", type=int, default=3, help="starts of the command")
    parser.add_argument("--json", action="store_true", help="one object on one line")
    arguments = parser.parse_args()
    print(json.dumps(run(arguments), allow_nan=False, indent=None if arguments.json else 1))


if __name__ == "__main__":
    main()
