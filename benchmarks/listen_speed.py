"""How fast `listen` is on one thread, beside a sound tagger of YAMNet's shape on the same chunks in the same run.

    python benchmarks/listen_speed.py [--model nano] [--seconds 120] [--json]

Reports milliseconds a chunk all-in (samples to decision, replies included), the real-time factor, the time from the
command's start to its first decision (a fresh process), and resident memory. The tagger is a MobileNet of 3.7 M
random weights on 96 × 64 patches: what people run today to label sound, as a yardstick for this machine.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import time

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Samples = NDArray[np.float32]
CHUNK = 6400  # samples: 0.4 s

# (stride, channels) of MobileNetV1's separable blocks, as YAMNet stacks them
BLOCKS = ((1, 64), (2, 128), (1, 128), (2, 256), (1, 256), (2, 512), *[(1, 512)] * 5, (2, 1024), (1, 1024))


class Tagger(nn.Module):
    """YAMNet's shape: a strided convolution, thirteen depth-wise separable blocks, 521 classes."""

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
        return self.body(patch).sigmoid()  # type: ignore[no-any-return]


def _unit(channels: int, out: int, kernel: int, stride: int, groups: int) -> nn.Sequential:
    convolution = nn.Conv2d(channels, out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(out), nn.ReLU())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nano")
    parser.add_argument("--source", default="kitchen", help="a packaged example or a file; repeated to fill the time")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--cold-runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cold = [cold_start(arguments.model, arguments.source) for _ in range(arguments.cold_runs)]
    samples = sound(arguments.source, arguments.seconds)
    result = {
        "machine": f"{platform.machine()}, torch {torch.__version__}, one thread",
        "seconds": len(samples) / 16_000,
        "listen": listening(arguments.model, samples),
        "tagger": tagging(samples),
        "first_decision_s": {"median": statistics.median(cold), "runs": cold},
    }
    ratio = result["listen"]["median_ms"] / result["tagger"]["median_ms"]  # type: ignore[index]
    result["listen_to_tagger"] = round(ratio, 3)
    print(json.dumps(result) if arguments.json else json.dumps(result, indent=1))


def sound(source: str, seconds: float) -> Samples:
    """The source again and again until the time is full, float32 16 kHz."""
    from soundflow.api import open_source

    once = np.concatenate(list(open_source(source, CHUNK)))
    return np.tile(once, int(np.ceil(seconds * 16_000 / len(once))))[: int(seconds * 16_000) // CHUNK * CHUNK]


def listening(model: str, samples: Samples) -> dict[str, float]:
    """Milliseconds for each chunk of one session, after ten chunks of warming up in another."""
    import soundflow

    loaded = soundflow.load(model)
    with loaded.session() as warm:
        warm.feed(samples[: 10 * CHUNK])
    times, started = [], time.perf_counter()
    with loaded.session() as session:
        for start in range(0, len(samples), CHUNK):
            before = time.perf_counter()
            session.feed(samples[start : start + CHUNK])
            times.append(1000 * (time.perf_counter() - before))
        session.end()
    whole = time.perf_counter() - started
    return {
        **spread(times),
        "real_time_factor": round(whole / (len(samples) / 16_000), 4),
        "peak_rss_mb": peak_rss_mb(),
    }


def tagging(samples: Samples) -> dict[str, float]:
    """Milliseconds for each chunk: log-mel of the last 0.96 s and one pass of the tagger."""
    from soundflow.audio.log_mel import FrontEnd, log_mel

    tagger, front_end = Tagger().eval(), FrontEnd(n_mels=64, normaliser="clip")
    times = []
    with torch.inference_mode():
        for start in range(0, len(samples) - 15_360, CHUNK):
            before = time.perf_counter()
            mel = log_mel(torch.from_numpy(samples[start : start + 15_360]), front_end)
            tagger(mel.T[None, None])
            times.append(1000 * (time.perf_counter() - before))
    return spread(times[10:])


def cold_start(model: str, source: str) -> float:
    """Seconds from starting the command to its first decision on standard output."""
    command = [sys.executable, "-m", "soundflow", "listen", source, "--model", model, "--json"]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        found = next((time.perf_counter() - started for line in process.stdout if '"decision"' in line), float("nan"))
        process.kill()
    return round(found, 2)


def spread(times: list[float]) -> dict[str, float]:
    """Median and 95th percentile, milliseconds."""
    return {
        "median_ms": round(statistics.median(times), 2),
        "p95_ms": round(float(np.percentile(times, 95)), 2),
        "chunks": len(times),
    }


def peak_rss_mb() -> float:
    """Most memory this process ever held, MB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


if __name__ == "__main__":
    main()
