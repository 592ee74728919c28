"""A plain sound classifier with a list of labels as its gate: hears 1.6 s, names a sound, speaks if it is on the list.

It decides chunk by chunk from statistics of the log-mel spectrum, knows nothing of streams, instructions or words, and
is what one would build in an afternoon. Its weights come from `benchmarks/baselines.py`; their card is
tagger.md beside this file. Tests: tests/bench/baselines/test_tagger.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from torch import Tensor

from soundflow.audio.log_mel import FrontEnd, log_mel
from soundflow.bench.baselines.rising import CHUNK_SAMPLES, end_of, rises
from soundflow.bench.scoring import SpokenReply

Samples = NDArray[np.float32]

BANDS = 40  # mel bands of its ears
CONTEXT = 4  # chunks it looks at: 1.6 s, the time an alarm is answered in (ruling 1)
FEATURES = (4 + CONTEXT) * BANDS
SMOOTHED = 3  # chunks over which its scores are averaged
QUIET = "nothing"  # the class of background, speech, music and silence
_FRONT_END = FrontEnd(n_mels=BANDS, normaliser="window", chunk_samples=CHUNK_SAMPLES)
_WEIGHTS = "tagger.safetensors"


@dataclass(frozen=True, eq=False)
class Tagger:
    """A network of one hidden layer over `FEATURES` inputs; `speak` says which labels are on the list."""

    weights: Mapping[str, Tensor]
    labels: tuple[str, ...]
    speak: Tensor  # bool [labels]
    threshold: float

    def scores(self, samples: Samples) -> tuple[list[float], list[str]]:
        """Of each chunk of samples [n]: how likely a sound of the list is, and the likeliest of its labels."""
        if not len(samples):
            return [], []
        x = (features(samples) - self.weights["mean"]) / self.weights["scale"]
        hidden = torch.relu(x @ self.weights["w1"] + self.weights["b1"])
        shares = torch.softmax(hidden @ self.weights["w2"] + self.weights["b2"], dim=1)
        listed = _smoothed(shares) * self.speak
        names = [self.labels[i] for i in listed.argmax(dim=1).tolist()]
        return listed.sum(dim=1).tolist(), names

    def gate(self, samples: Samples, instruction: str | None = None) -> list[SpokenReply]:
        """Speaks when a sound of the list sets in, and names it; the instruction is not understood."""
        scores, names = self.scores(samples)
        return [SpokenReply(end_of(k), f"I hear {names[k].replace('_', ' ')}.") for k in rises(scores, self.threshold)]


def features(samples: Samples) -> Tensor:
    """What the classifier sees at the end of each chunk, float32 [chunks, FEATURES].

    Mean, deviation and peak of each band over the last 1.6 s (less at the start), how much it moved from frame to
    frame, and its mean in each of the four chunks; levels are relative to the mean of all bands.
    """
    padded = np.pad(samples, (0, -len(samples) % CHUNK_SAMPLES))
    mel = log_mel(torch.from_numpy(padded), _FRONT_END)  # [bands, frames]
    frames = _FRONT_END.chunk_frames
    before = mel[:, :1].expand(-1, (CONTEXT - 1) * frames)
    spans = torch.cat([before, mel], dim=1).unfold(1, CONTEXT * frames, frames)  # [bands, chunks, frames]
    mean = spans.mean(dim=2)
    moved = (spans[..., 1:] - spans[..., :-1]).abs().mean(dim=2)
    course = spans.unflatten(2, (CONTEXT, frames)).mean(dim=3) - mean.mean(dim=0)[None, :, None]  # chunk by chunk
    rows = (mean - mean.mean(dim=0), spans.std(dim=2), spans.amax(dim=2) - mean, moved, *course.unbind(dim=2))
    return torch.cat(rows).T.contiguous()


def _smoothed(shares: Tensor) -> Tensor:
    """Each chunk's mean over itself and those just before it, [chunks, labels]."""
    sums = torch.cat([torch.zeros(1, shares.shape[1]), shares.cumsum(dim=0)])
    ends = torch.arange(1, len(shares) + 1)
    starts = (ends - SMOOTHED).clamp(min=0)
    return (sums[ends] - sums[starts]) / (ends - starts)[:, None]


@cache
def packaged_tagger() -> Tagger:
    """The classifier that ships with the package."""
    with as_file(files(__package__) / _WEIGHTS) as path, safe_open(path, "pt") as file:
        about = file.metadata()
        weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 - not a dict
    labels: Sequence[str] = json.loads(about["labels"])
    speak = torch.tensor([name in set(json.loads(about["speak"])) for name in labels])
    return Tagger(weights, tuple(labels), speak, float(about["threshold"]))
