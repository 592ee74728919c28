"""First stage of nano: Whisper's first layers learn to name isolated sounds, chunk by chunk, under noise.

Each clip is cut to six chunks, augmented, mixed with background at a random SNR and sometimes with another clip; a
small recurrent head names the sound after every chunk. Only encoder and adapter are kept. Tests:
tests/train/test_ears.py.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.utils.data import Dataset

from soundflow.atomic import replacing
from soundflow.audio.log_mel import chunked_log_mel
from soundflow.data.augment import AugmentConfig, augment
from soundflow.data.clips import Clip, ClipStore
from soundflow.data.mixing import level_of
from soundflow.data.streams import coloured_noise
from soundflow.model.adapter import Adapter
from soundflow.model.config import HOP_LENGTH, ModelConfig
from soundflow.model.encoder import AudioEncoder
from soundflow.train.loading import loaded
from soundflow.train.objective import mask_bands
from soundflow.train.resume import readable
from soundflow.train.schedule import schedule

log = logging.getLogger(__name__)

Samples = NDArray[np.float32]

CHUNKS = 6  # 2.4 s at 400 ms
STEP_WEIGHTS = (0.3, 0.6, 0.8, 1.0, 1.0, 1.3)  # of the loss after each chunk: late answers count more


@dataclass(frozen=True)
class EarsConfig:
    """How long and how hard; 0 steps leaves Whisper's weights as they are."""

    steps: int = 600
    batch_size: int = 48
    learning_rate: float = 1e-3  # adapter and head
    encoder_learning_rate: float = 1e-4
    weight_decay: float = 0.02
    dropout: float = 0.15
    label_smoothing: float = 0.05
    clean_share: float = 0.2
    snr_db: tuple[float, float] = (0.0, 25.0)
    level_dbfs: tuple[float, float] = (-40.0, -14.0)
    mixup_share: float = 0.15
    checkpoint_every: int = 100
    workers: int = 1
    threads: int = 2
    seed: int = 7


class Ears(nn.Module):
    """Encoder and adapter as in the model, and a throw-away head that names sounds and says speak or silent."""

    def __init__(self, config: ModelConfig, names: int) -> None:
        super().__init__()
        width = config.decoder.hidden_size
        self.encoder = AudioEncoder(config.encoder, config.chunk_samples // HOP_LENGTH)
        self.adapter = Adapter(config.encoder, width)
        self.positions = config.audio_positions
        self.over_time = nn.GRU(width, width, batch_first=True)
        self.names = nn.Linear(width, names)
        self.speak = nn.Linear(width, 1)

    def forward(self, mel: Tensor, dropout: float) -> tuple[Tensor, Tensor]:
        """[batch, chunks, bins, frames] to ([batch, chunks, names], [batch, chunks])."""
        batch, chunks = mel.shape[:2]
        features = self.adapter(self.encoder(mel.flatten(0, 1))).float()
        features = F.dropout(features, dropout, self.training).reshape(batch, chunks * self.positions, -1)
        with torch.autocast("cpu", enabled=False):
            heard, _ = self.over_time(features)
        heard = F.dropout(heard[:, self.positions - 1 :: self.positions], dropout, self.training)
        return self.names(heard), self.speak(heard).squeeze(-1)


@dataclass(frozen=True)
class MixedClips(Dataset[tuple[Samples, int, int, float]]):
    """Clip i: (samples [CHUNKS · chunk], name, name of the clip mixed in, share of the first)."""

    store: ClipStore
    groups: Mapping[str, Sequence[Clip]]  # clips of each label
    weights: NDArray[np.float64]  # of the labels, in the groups' order; they sum to 1
    backgrounds: Sequence[Clip]  # none: coloured noise, as in the streams composed for the loop
    names: dict[str, int]
    config: EarsConfig
    augment: AugmentConfig
    length: int  # samples

    def __len__(self) -> int:
        return self.config.steps * self.config.batch_size

    def __getitem__(self, index: int) -> tuple[Samples, int, int, float]:
        rng = np.random.default_rng([self.config.seed, index])
        first = self._draw(rng)
        samples, second, share = self._heard(first, rng), first, 1.0
        if rng.random() < self.config.mixup_share:
            second, share = self._draw(rng), float(rng.uniform(0.5, 0.9))
            samples = share * _at_level(samples, -20) + (1 - share) * _at_level(self._heard(second, rng), -20)
        level = float(rng.uniform(*self.config.level_dbfs))
        samples = _at_level(samples, level)
        if rng.random() >= self.config.clean_share:
            samples = samples + _at_level(self._background(rng), level - float(rng.uniform(*self.config.snr_db)))
        peak = float(np.abs(samples).max(initial=0.0))
        samples = samples / max(1.0, peak / 0.99)
        return samples.astype(np.float32), self.names[name_of(first)], self.names[name_of(second)], share

    def _draw(self, rng: np.random.Generator) -> Clip:
        """A label by the square root of how many clips it has, then any of its clips."""
        pool = self.groups[str(rng.choice(list(self.groups), p=self.weights))]
        return pool[int(rng.integers(len(pool)))]

    def _heard(self, clip: Clip, rng: np.random.Generator) -> Samples:
        samples = self.store.tfjp_audio(clip) if rng.random() < 0.7 else self.store.audio(clip)
        return placed(augment(samples[: 2 * self.length], rng, self.augment), self.length, rng)

    def _background(self, rng: np.random.Generator) -> Samples:
        if not self.backgrounds:
            return placed(coloured_noise(rng).samples, self.length, rng)
        clip = self.backgrounds[int(rng.integers(len(self.backgrounds)))]
        return placed(self.store.audio(clip), self.length, rng)


def name_of(clip: Clip) -> str:
    """What the head calls a clip: its label, or its kind when it is no event."""
    return clip.label if clip.kind == "event" else clip.kind


def placed(samples: Samples, length: int, rng: np.random.Generator) -> Samples:
    """Exactly `length` samples: the loudest of three stretches of a longer clip, a shorter one at a random place."""
    if len(samples) > length:
        starts = rng.integers(0, len(samples) - length + 1, 3)
        loudest = max(starts, key=lambda s: float(np.square(samples[s : s + length]).sum()))
        return samples[loudest : loudest + length]
    out = np.zeros(length, np.float32)
    start = int(rng.integers(0, length - len(samples) + 1)) if rng.random() < 0.5 else 0
    out[start : start + len(samples)] = samples
    return out


def train_ears(
    config: EarsConfig,
    model: ModelConfig,
    encoder: dict[str, Tensor],
    store: ClipStore,
    sound: AugmentConfig,
    out: Path,
) -> Path:
    """Fine-tune encoder and adapter on the train split; returns the file that holds both.

    Args:
        encoder: Whisper's tensors to start from.
        out: `ears.safetensors` there is the result; `ears.state.pt` is what a stopped run goes on from.

    Raises:
        InputError: a clip or weight file cannot be read.
    """
    torch.set_num_threads(config.threads)
    out.mkdir(parents=True, exist_ok=True)
    store.prepare("train")
    clips = store.clips(split="train")
    names = {name: i for i, name in enumerate(sorted({name_of(c) for c in clips}))}
    (out / "ears.names.json").write_text(json.dumps(names))
    torch.manual_seed(config.seed)
    ears = Ears(model, len(names))
    ears.encoder.load_state_dict(encoder)
    speak, known = _speak_targets(clips, names)
    optimizer = _optimizer(ears, config)
    start = _resume(ears, optimizer, out)
    rows = [list(range(b * config.batch_size, (b + 1) * config.batch_size)) for b in range(start, config.steps)]
    groups = {label: [c for c in clips if c.label == label] for label in sorted({c.label for c in clips})}
    weights = np.sqrt([len(group) for group in groups.values()])
    backgrounds = [c for c in clips if c.kind == "background"]
    length = CHUNKS * model.chunk_samples
    mixed = MixedClips(store, groups, weights / weights.sum(), backgrounds, names, config, sound, length)
    batches = loaded(mixed, rows, config.workers)
    shown = track(batches, description=f"ears → {out}", total=len(rows), console=Console(stderr=True))
    for step, batch in enumerate(shown, start=start):
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * schedule(step, config.steps, 0.03)
        torch.manual_seed(config.seed * 1_000_003 + step)  # dropout: the same after a resume
        loss = _loss(ears, model, batch, speak, known, config)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(ears.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % config.checkpoint_every == 0 or step + 1 == config.steps:
            log.info("ears: step %d, loss %.3f", step + 1, float(loss.detach()))
            _save(ears, optimizer, step + 1, out)
    path = out / "ears.safetensors"
    kept = {n: t.contiguous() for n, t in ears.state_dict().items() if n.startswith(("encoder.", "adapter."))}
    with replacing(path) as temporary:
        save_file(kept, temporary)
    return path


def _loss(
    ears: Ears,
    model: ModelConfig,
    batch: Sequence[Tensor],
    speak: Tensor,
    known: Tensor,
    config: EarsConfig,
) -> Tensor:
    samples, first, second, share = batch
    generator = torch.Generator().manual_seed(int(first.sum()))
    mel = mask_bands(chunked_log_mel(samples, model.front_end()), 10, generator)
    with torch.autocast("cpu", torch.bfloat16):
        named, spoken = ears(mel, config.dropout)
    named, spoken = named.float(), spoken.float()
    weights = torch.tensor(STEP_WEIGHTS)

    def cost(target: Tensor) -> Tensor:
        targets = target[:, None].expand(-1, CHUNKS)
        naming = F.cross_entropy(
            named.transpose(1, 2), targets, reduction="none", label_smoothing=config.label_smoothing
        )
        said = F.binary_cross_entropy_with_logits(spoken, speak[targets], reduction="none") * known[targets]
        return ((naming + said) * weights).mean(1)

    return (share.float() * cost(first) + (1 - share.float()) * cost(second)).mean()


def _speak_targets(clips: Sequence[Clip], names: dict[str, int]) -> tuple[Tensor, Tensor]:
    """Per name: 1 where an assistant speaks, and 0 where the data leave it open."""
    speak, known = torch.zeros(len(names)), torch.ones(len(names))
    for clip in clips:
        if clip.kind == "event":
            speak[names[clip.label]] = float(clip.proactive is True)
            known[names[clip.label]] = float(clip.proactive is not None)
    return speak, known


def _optimizer(ears: Ears, config: EarsConfig) -> torch.optim.AdamW:
    encoder = list(ears.encoder.parameters())
    rest = [p for n, p in ears.named_parameters() if not n.startswith("encoder.")]
    groups = [
        {"params": encoder, "lr": config.encoder_learning_rate, "peak": config.encoder_learning_rate},
        {"params": rest, "lr": config.learning_rate, "peak": config.learning_rate},
    ]
    return torch.optim.AdamW(groups, weight_decay=config.weight_decay)


def _save(ears: Ears, optimizer: torch.optim.AdamW, step: int, out: Path) -> None:
    with replacing(out / "ears.state.pt") as temporary:
        torch.save({"step": step, "ears": ears.state_dict(), "optimizer": optimizer.state_dict()}, temporary)


def _resume(ears: Ears, optimizer: torch.optim.AdamW, out: Path) -> int:
    path = out / "ears.state.pt"
    if not path.exists():
        return 0
    with readable(path):
        state = torch.load(path, weights_only=True)
        ears.load_state_dict(state["ears"])
        optimizer.load_state_dict(state["optimizer"])
        return int(state["step"])


def _at_level(samples: Samples, dbfs: float) -> Samples:
    return samples * np.float32(10 ** ((dbfs - level_of(samples)) / 20))
