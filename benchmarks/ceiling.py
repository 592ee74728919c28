"""What the labels allow: a plain offline classifier on isolated clips, clean and under the streams' noise.

Whisper base's encoder, frozen, over the whole clip (no chunks, no streaming); mean and deviation over time of layers
2, 3 and 4; a small network on top, trained on the train clips (clean and mixed), its threshold chosen on valid.

    python benchmarks/ceiling.py --clips DIR [--whisper package|FOLDER|FILE] [--json]

Needs the weight packages (or another source of Whisper base), as training does.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from soundflow.audio.log_mel import FrontEnd, log_mel
from soundflow.bench.bootstrap import Interval, bootstrap
from soundflow.data.augment import AugmentConfig, augment
from soundflow.data.clips import Clip, ClipStore
from soundflow.data.mixing import level_of, tile_crossfade
from soundflow.model.checkpoint.whisper import whisper_encoder_state
from soundflow.model.config import EncoderConfig
from soundflow.model.encoder import AudioEncoder

LAYERS = 4
HEARD_LAYERS = (2, 3, 4)  # 1-based; the best of Whisper base for sounds
SECONDS = 4.8  # a clip is cut or padded to this
COPIES = 2  # noisy, augmented copies of each train clip beside the clean one
Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Features:
    """Rows of one set: features [clips, width], label index, 1 for speak, and the recordings."""

    x: Tensor
    label: Tensor
    speak: Tensor
    recordings: tuple[str, ...]


def main() -> None:
    """Measure and print."""
    arguments = arguments_of(__doc__)
    store = ClipStore(arguments.clips, arguments.cache)
    encoder = whisper_layers(arguments.whisper)
    result = measure(store, encoder)
    if arguments.json:
        print(json.dumps(result))
        return
    rows: dict[str, dict[str, dict[str, float]]] = result["test"]  # type: ignore[assignment]
    for condition, row in rows.items():
        print(condition, *(f"{k} {v['value']:.3f} [{v['low']:.3f}, {v['high']:.3f}]" for k, v in row.items()), sep="  ")


def arguments_of(description: str | None) -> argparse.Namespace:
    """The command line; `unseen_sources.py` has the same. Sets the number of threads."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--whisper", default="package")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    return arguments


def whisper_layers(source: str) -> AudioEncoder:
    """Whisper base's first layers over whole clips instead of chunks."""
    config = EncoderConfig(
        num_mel_bins=80, d_model=512, encoder_layers=LAYERS, encoder_attention_heads=8, encoder_ffn_dim=2048
    )
    encoder = AudioEncoder(config, round(SECONDS * 100))
    encoder.load_state_dict(whisper_encoder_state(source, LAYERS))
    return encoder.eval().requires_grad_(False)


def measure(store: ClipStore, encoder: AudioEncoder) -> dict[str, object]:
    """Train on train, choose on valid, report on test."""
    clips = deciding_events(store)
    labels = {name: i for i, name in enumerate(sorted({c.label for c in clips["train"]}))}
    train = learned_from(store, encoder, clips["train"], labels)
    models = [fit(train, len(labels), seed) for seed in range(3)]
    rows: dict[str, dict[str, dict[str, float | None]]] = {}
    for condition, noisy in (("clean", False), ("noisy", True)):
        valid = features(store, encoder, clips["valid"], labels, "valid", noisy, seed=100)
        test = features(store, encoder, clips["test"], labels, "test", noisy, seed=200)
        threshold = best_threshold(speak_score(models, valid), valid.speak)
        rows[condition] = {k: v.to_dict() for k, v in scores(models, test, threshold).items()}
    return {"clips": {s: len(c) for s, c in clips.items()}, "labels": len(labels), "test": rows}


def deciding_events(store: ClipStore) -> dict[str, list[Clip]]:
    """By split, the events that should be answered or should not; their sounds are prepared."""
    splits = ("train", "valid", "test")
    for split in splits:
        store.prepare(split)
    return {s: [c for c in store.clips(split=s, kind="event") if c.proactive is not None] for s in splits}


def learned_from(
    store: ClipStore, encoder: AudioEncoder, clips: Sequence[Clip], labels: dict[str, int]
) -> list[Features]:
    """What is heard of clips of `train`: once clean, then under noise; seed n for the n-th time."""
    copies = range(1 + COPIES)
    return [features(store, encoder, clips, labels, "train", noisy=copy > 0, seed=copy) for copy in copies]


def features(
    store: ClipStore,
    encoder: AudioEncoder,
    clips: Sequence[Clip],
    labels: dict[str, int],
    split: str,
    noisy: bool,
    seed: int,
) -> Features:
    """Encode clips; noisy ones stand in two background tracks at 5-20 dB and 5 dB quieter, as in the streams."""
    backgrounds = store.clips(split=split, kind="background")
    rows, started = [], time.monotonic()
    for start in range(0, len(clips), 24):
        batch = []
        for i, clip in enumerate(clips[start : start + 24], start=start):
            rng = np.random.default_rng([seed, i])
            samples = store.tfjp_audio(clip)
            samples = augment(samples, rng, AugmentConfig()) if noisy and split == "train" else samples
            batch.append(heard(samples, store, backgrounds if noisy else (), rng))
        rows.append(pooled(encoder, torch.from_numpy(np.stack(batch))))
        left = (time.monotonic() - started) / (start + 24) * max(0, len(clips) - start - 24)
        what = f"{split} {'noisy' if noisy else 'clean'}"
        print(f"\r{what} {start}/{len(clips)}, {left:.0f} s left   ", end="", file=sys.stderr)
    return Features(
        torch.cat(rows),
        torch.tensor([labels.get(c.label, -1) for c in clips]),
        torch.tensor([float(bool(c.proactive)) for c in clips]),
        tuple(c.recording for c in clips),
    )


def heard(samples: Samples, store: ClipStore, backgrounds: Sequence[Clip], rng: np.random.Generator) -> Samples:
    """One clip at a drawn level in a window of fixed length, over noise when there is any."""
    length = round(SECONDS * 16_000)
    level = float(rng.uniform(-34, -16))
    window = np.zeros(length, np.float32)
    cut = samples[:length] * np.float32(10 ** ((level - level_of(samples[:length])) / 20))
    window[: len(cut)] = cut
    for extra in (0.0, 5.0) if backgrounds else ():
        noise = store.audio(backgrounds[int(rng.integers(len(backgrounds)))])
        noise, _ = tile_crossfade(noise, length, 4000, rng)
        window += noise * np.float32(10 ** ((level - rng.uniform(5, 20) - extra - level_of(noise)) / 20))
    return window / max(1.0, float(np.abs(window).max()) / 0.99)


@torch.inference_mode()
def pooled(encoder: AudioEncoder, samples: Tensor) -> Tensor:
    """Mean and deviation over time of the chosen layers, [batch, 2 · layers · width]."""
    mel = log_mel(samples, FrontEnd(chunk_samples=6400))
    with torch.autocast("cpu", torch.bfloat16):
        x = F.gelu(encoder.conv2(F.gelu(encoder.conv1(mel)))).transpose(1, 2)
        x = x + encoder.positions[: x.shape[1]]
        kept = []
        for i, layer in enumerate(encoder.layers, start=1):
            x = layer(x)
            if i in HEARD_LAYERS:
                kept += [x.float().mean(1), x.float().std(1)]
    return torch.cat(kept, dim=1)


class Head(nn.Module):
    """A small network: names of the sounds and speak or silent."""

    def __init__(self, width: int, names: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.BatchNorm1d(width), nn.Dropout(0.3), nn.Linear(width, 512), nn.GELU(), nn.Dropout(0.3)
        )
        self.names, self.speak = nn.Linear(512, names), nn.Linear(512, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """[batch, width] to ([batch, names], [batch])."""
        h = self.body(x)
        return self.names(h), self.speak(h).squeeze(-1)


def fit(sets: Sequence[Features], names: int, seed: int) -> Head:
    """Thirty epochs with mixup, each batch at a share of its own."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    x = torch.cat([s.x for s in sets])
    label, speak = torch.cat([s.label for s in sets]), torch.cat([s.speak for s in sets])
    head = Head(x.shape[1], names)
    optimizer = torch.optim.AdamW(head.parameters(), lr=1e-3, weight_decay=0.05)
    epochs, size = 30, 128
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * (len(x) // size))
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for rows in order[: len(x) // size * size].split(size):
            other, share = rows[torch.randperm(size)], float(rng.beta(0.4, 0.4))
            named, said = head(share * x[rows] + (1 - share) * x[other])
            loss = sum(
                part
                * (
                    F.cross_entropy(named, label[who], label_smoothing=0.1)
                    + F.binary_cross_entropy_with_logits(said, speak[who])
                )
                for part, who in ((share, rows), (1 - share, other))
            )
            optimizer.zero_grad()
            loss.backward()  # type: ignore[union-attr]
            optimizer.step()
            schedule.step()
    return head.eval().requires_grad_(False)


def speak_score(models: Sequence[Head], rows: Features) -> Tensor:
    """Mean probability to speak over the models, [clips]."""
    return torch.stack([m(rows.x)[1].sigmoid() for m in models]).mean(0)


def best_threshold(score: Tensor, speak: Tensor) -> float:
    """The threshold with the best balanced accuracy."""

    def balanced(threshold: float) -> float:
        said = score >= threshold
        return float((said[speak == 1].float().mean() + (~said[speak == 0]).float().mean()) / 2)

    thresholds: list[float] = torch.linspace(0.05, 0.95, 91).tolist()
    return max(thresholds, key=balanced)


def decided(said: Tensor, speak: Tensor) -> list[Tensor]:
    """Rightly answered, should be answered, rightly let pass, should be let pass; bool [clips] each."""
    return [said & speak, speak, ~said & ~speak, ~speak]


def scores(models: Sequence[Head], test: Features, threshold: float) -> dict[str, Interval]:
    """Balanced speak/silent, recall, specificity and top-1 / top-5 names, by recording."""
    said = speak_score(models, test) >= threshold
    speak = test.speak == 1
    named = torch.stack([m(test.x)[0].softmax(-1) for m in models]).mean(0)
    top = named.topk(5).indices == test.label[:, None]
    columns = [*decided(said, speak), top[:, 0], top.any(1), test.label >= 0]
    counts = torch.stack(columns, 1).double().numpy()
    figures = {
        "balanced": lambda c: (c[..., 0] / c[..., 1] + c[..., 2] / c[..., 3]) / 2,
        "recall": lambda c: c[..., 0] / c[..., 1],
        "specificity": lambda c: c[..., 2] / c[..., 3],
        "top1": lambda c: c[..., 4] / c[..., 6],
        "top5": lambda c: c[..., 5] / c[..., 6],
    }
    return {name: bootstrap(counts, test.recordings, figure) for name, figure in figures.items()}


if __name__ == "__main__":
    main()
