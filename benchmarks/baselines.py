"""Fit the plain classifier that stands beside every model, and choose the gates' thresholds on `valid`.

    python benchmarks/baselines.py --clips DIR --seed 0 --out src/soundflow/bench/baselines

Writes tagger.safetensors and its card, and prints the balanced accuracy of each gate on valid over its thresholds; the
best of energy_gate and voice_gate stand as constants in baselines/gates.py. Streams are those of `bench trigger`, of
the train split to fit and of the valid split to choose.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from soundflow.bench.baselines.gates import loudness, voicing
from soundflow.bench.baselines.rising import CHUNK_SECONDS, end_of, rises
from soundflow.bench.baselines.tagger import FEATURES, QUIET, Tagger, features
from soundflow.bench.machine import describe_machine
from soundflow.bench.scoring import SpokenReply, score_stream
from soundflow.bench.trigger import rates
from soundflow.data.clips import ClipStore
from soundflow.data.compose import Composition
from soundflow.data.streams import StreamConfig, bench_config, stream
from soundflow.data.timeline import Timeline

HIDDEN = 256
EPOCHS = 10
GRIDS = {
    "energy_gate": (3.0, 6.0, 9.0, 12.0, 15.0, 20.0, 25.0, 30.0),
    "voice_gate": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0),
    "plain_classifier": tuple(round(0.05 * step, 2) for step in range(2, 20)),
}
Scored = Callable[[Composition], Sequence[float]]


def training_streams() -> StreamConfig:
    """The bench's streams with speech and music among the sounds, and streams in which nothing calls."""
    return dataclasses.replace(bench_config(), other_kind_share=0.2, quiet_share=0.1, by_label=True)


def targets(timeline: Timeline, chunks: int, names: dict[str, int]) -> Tensor:
    """The class of each chunk: the label of the event that has sounded for 0.2 s or more, else nothing."""
    found = torch.full((chunks,), names[QUIET])
    for event in timeline.events:
        if event.role == "foreground" and event.kind == "event" and event.label in names:
            for chunk in range(chunks):
                if event.onset + CHUNK_SECONDS / 2 <= end_of(chunk) <= event.end + CHUNK_SECONDS / 2:
                    found[chunk] = names[event.label]
    return found


def fit(store: ClipStore, streams: int, seed: int) -> Tagger:
    """Train one hidden layer on composed streams of the train split."""
    events = store.clips(split="train", kind="event")
    labels = (*sorted({clip.label for clip in events}), QUIET)
    names = {label: number for number, label in enumerate(labels)}
    rows, classes = [], []
    for index in range(streams):
        made = stream(store, "train", seed, index, training_streams())
        rows.append(features(made.samples))
        classes.append(targets(made.timeline, len(rows[-1]), names))
    x, y = torch.cat(rows), torch.cat(classes)
    mean, scale = x.mean(dim=0), x.std(dim=0).clamp(min=1e-3)
    net = trained((x - mean) / scale, y, len(labels), seed)
    first, last = net[0], net[3]
    assert isinstance(first, nn.Linear) and isinstance(last, nn.Linear)
    weights = {"mean": mean, "scale": scale, "w1": first.weight.T, "b1": first.bias, "w2": last.weight.T}
    weights["b2"] = last.bias
    kept = {name: tensor.detach().half().float() for name, tensor in weights.items()}
    speak = torch.tensor([store.label(label).proactive is True for label in labels])
    return Tagger(kept, labels, speak, 0.5)


def trained(x: Tensor, y: Tensor, classes: int, seed: int) -> nn.Sequential:
    """Adam with weight decay and dropout; the seed fixes every draw."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = nn.Sequential(nn.Linear(FEATURES, HIDDEN), nn.ReLU(), nn.Dropout(0.3), nn.Linear(HIDDEN, classes))
        optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.02)
        for _ in range(EPOCHS):
            for batch in torch.randperm(len(x)).split(256):
                loss = F.cross_entropy(net(x[batch]), y[batch], label_smoothing=0.05)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
    return net.eval()


def curve(scored: Scored, made: Sequence[Composition], thresholds: Sequence[float]) -> list[tuple[float, float]]:
    """Balanced accuracy over thresholds."""
    scores = [scored(one) for one in made]
    found = []
    for threshold in thresholds:
        events = [
            event
            for one, row in zip(made, scores, strict=True)
            for event in score_stream(one.timeline, [SpokenReply(end_of(k)) for k in rises(row, threshold)], {}).events
        ]
        found.append((threshold, rates(events)["balanced_accuracy"].value or 0.0))
    return found


def write(tagger: Tagger, folder: Path, about: dict[str, str]) -> None:
    """Weights in half precision with what is needed to use them, and the card."""
    listed = [label for label, speaks in zip(tagger.labels, tagger.speak.tolist(), strict=True) if speaks]
    metadata = {
        "labels": json.dumps(tagger.labels),
        "speak": json.dumps(listed),
        "threshold": str(tagger.threshold),
    }
    temporary = folder / f".tagger.{os.getpid()}.tmp"
    save_file({name: tensor.half().contiguous() for name, tensor in tagger.weights.items()}, temporary, metadata)
    temporary.replace(folder / "tagger.safetensors")
    (folder / "tagger.md").write_text(card(about), encoding="utf-8")


def card(about: dict[str, str]) -> str:
    """What the classifier is, for whoever finds the file."""
    lines = "\n".join(f"- {name}: {value}" for name, value in about.items())
    return f"""# The plain classifier

One hidden layer over statistics of the log-mel spectrum: a row to compare models with, and nothing to rely on.
Fitted by `benchmarks/baselines.py` on composed streams of the clips nano was trained on; what those are and what they
allow stands in nano's card (`soundflow/model/weights/nano/README.md`) and holds for these weights too.

{lines}
"""


def main() -> None:
    """Fit, choose, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--streams", type=int, default=3000, help="of train")
    parser.add_argument("--valid", type=int, default=150, help="streams of valid")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    store = ClipStore(arguments.clips, arguments.cache)
    tagger = fit(store, arguments.streams, arguments.seed)
    made = [stream(store, "valid", arguments.seed, index, bench_config()) for index in range(arguments.valid)]
    scorers: dict[str, Scored] = {
        "energy_gate": lambda one: loudness(one.samples),
        "voice_gate": lambda one: voicing(one.samples),
        "plain_classifier": lambda one: tagger.scores(one.samples)[0],
    }
    best = {}
    for name, scored in scorers.items():
        points = curve(scored, made, GRIDS[name])
        best[name] = max(points, key=lambda point: point[1])
        print(name, *(f"{threshold:g}: {value:.3f}" for threshold, value in points), sep="  ")
    threshold, accuracy = best["plain_classifier"]
    about = {
        "labels": f"{len(tagger.labels) - 1}, of which {int(tagger.speak.sum())} are on its list",
        "fitted on": f"{arguments.streams} streams of train, seed {arguments.seed}",
        "threshold": f"{threshold:g}, balanced accuracy {100 * accuracy:.1f} % on {arguments.valid} streams of valid",
        "machine": describe_machine(),
    }
    write(dataclasses.replace(tagger, threshold=threshold), arguments.out, about)


if __name__ == "__main__":
    main()
