"""The training loop: steps, averages of the weights, evaluation, checkpoints, exact resume.

Knows nothing of recipes or folders of clips; streams come in as a dataset. Tests: tests/train/test_trainer.py.
"""

from __future__ import annotations

import itertools
import json
import math
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from soundflow.atomic import replacing
from soundflow.errors import InputError, OutsideError
from soundflow.model.network import AudioInteractionModel
from soundflow.train.batch import Batch, Example, StreamDataset, collate
from soundflow.train.curves import board_of, cut_behind
from soundflow.train.loading import loaded
from soundflow.train.objective import Objective, ObjectiveConfig, encoded, objective
from soundflow.train.recipe import without
from soundflow.train.replay import Encoded, replayed, split_by_stream
from soundflow.train.resume import readable
from soundflow.train.schedule import schedule

CADENCE = ("workers", "threads", "evaluate_every", "checkpoint_every")  # may change when a run goes on
ROUNDING = 1e-6  # chunks: a time that lies on a boundary is on it, whatever its last bit says


@dataclass(frozen=True)
class TrainerConfig:
    """Optimisation. AdamW (0.9, 0.95, 1e-8), decay 0.01, clip 1.0, warm-up 0.03 and cosine are the paper's."""

    steps: int
    batch_size: int = 6
    learning_rate: float = 1e-3  # adapter, decoder, heads
    encoder_learning_rate: float = 1e-4
    warmup: float = 0.03  # share of the steps
    weight_decay: float = 0.01
    clip: float = 1.0
    average: float = 0.998  # of the moving average of the weights that is evaluated and kept
    evaluate_every: int = 200
    checkpoint_every: int = 100
    workers: int = 1
    threads: int = 2
    bfloat16: bool = True
    seed: int = 0
    uses: int = (
        0  # 0: the encoder learns too; n: it stands still, and each stream, encoded once, is learned from n times
    )
    pool: int = 1500  # uses that wait in a random order; only where `uses` is not 0
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)


@dataclass(frozen=True)
class Evaluation:
    """Losses on fixed streams and how well the teacher-forced decision separates the events."""

    lm: float
    stream: float
    naming: float
    calls: float
    balanced: float  # best balanced accuracy over thresholds, teacher-forced: a quick guide, not the bench
    threshold: float


class Trainer:
    """One run in one folder: `state.pt` to go on from, `log.jsonl` and TensorBoard events to look at."""

    def __init__(
        self,
        model: AudioInteractionModel,
        names: int,
        train: Callable[[int], Example],
        config: TrainerConfig,
        out: Path,
        hearing_head: nn.Linear | None = None,
    ) -> None:
        self.model, self.config, self.out = model, config, out
        torch.set_num_threads(config.threads)
        self.hearing_head = _hearing_head(model, names, config.seed) if hearing_head is None else hearing_head
        self.average = {n: p.detach().clone() for n, p in model.named_parameters()}
        self.optimizer = _optimizer(model, self.hearing_head, config)
        self.step = 0
        self._train = train
        out.mkdir(parents=True, exist_ok=True)

    def run(self, evaluation: list[Example], on_evaluation: Callable[[Trainer, Evaluation], None]) -> None:
        """Train to the last step, from the checkpoint when the folder holds one."""
        self._resume()
        cut_behind(self.step, self.out / "log.jsonl")
        writer = board_of(self.out, self.step)
        with training_progress() as bar:
            task = bar.add_task("training", total=self.config.steps, completed=self.step, note=str(self.out))
            started, heard = time.monotonic(), 0.0
            for batch, pooled in self._batches():
                losses = self._one_step(batch, pooled)
                heard += float(batch.samples.numel()) / 16_000
                rate = heard / (time.monotonic() - started)
                note = f"loss {losses['total']:.3f} · {rate:.0f} s of sound a second"
                bar.update(task, completed=self.step, note=note)
                self._log(writer, "train", losses | {"audio_seconds_per_second": rate})
                if self.step % self.config.evaluate_every == 0 or self.step == self.config.steps:
                    result = self.evaluate(evaluation)
                    self._log(writer, "valid", asdict(result))
                    on_evaluation(self, result)
                if self.step % self.config.checkpoint_every == 0 or self.step == self.config.steps:
                    self._save()  # last: from the final checkpoint on a run counts as done, its model written
        writer.close()

    def averaged_model(self) -> AudioInteractionModel:
        """A copy of the network with the averaged weights."""
        copy = AudioInteractionModel(self.model.config)
        copy.load_state_dict(self.model.state_dict())
        with torch.no_grad():
            for name, p in copy.named_parameters():
                p.copy_(self.average[name])
        return copy.eval()

    @torch.no_grad()
    def evaluate(self, examples: list[Example]) -> Evaluation:
        """Losses and teacher-forced separation of the averaged weights on fixed streams."""
        model, size = self.averaged_model(), self.config.batch_size
        scored: list[tuple[bool, float]] = []
        sums = torch.zeros(4)
        batches = [collate(examples[i : i + size]) for i in range(0, len(examples), size)]
        for batch in batches:
            found = self._objective(model, batch, None, None)
            sums += torch.stack([found.dual.lm, found.dual.stream, found.naming, found.calls]).float()
            scored += event_scores(batch, found.p_response, model.config.chunk_seconds)
        lm, stream, naming, calls = (sums / len(batches)).tolist()
        return Evaluation(lm, stream, naming, calls, *best_balanced(scored))

    def _one_step(self, batch: Batch, pooled: Tensor | None) -> dict[str, float]:
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * schedule(self.step, self.config.steps, self.config.warmup)
        generator = torch.Generator().manual_seed(self.config.seed * 1_000_003 + self.step)
        found = self._objective(self.model, batch, pooled, generator)
        if not bool(torch.isfinite(found.total)):
            found_at = f"the loss is not finite at step {self.step}"
            hint = "lower loop.learning_rate, then start again in another out folder"
            raise OutsideError("train.not_finite", found_at, hint)
        self.optimizer.zero_grad(set_to_none=True)
        found.total.backward()
        norm = nn.utils.clip_grad_norm_(self._parameters(), self.config.clip)
        self.optimizer.step()
        self.step += 1
        self._average()
        return {
            "total": float(found.total.detach()),
            "lm": float(found.dual.lm.detach()),
            "stream": float(found.dual.stream.detach()),
            "naming": float(found.naming.detach()),
            "calls": float(found.calls.detach()),
            "gradient_norm": float(norm),
        }

    def _objective(
        self, model: AudioInteractionModel, batch: Batch, pooled: Tensor | None, generator: torch.Generator | None
    ) -> Objective:
        with torch.autocast("cpu", torch.bfloat16, enabled=self.config.bfloat16):
            if pooled is None:
                pooled = encoded(model, batch, self.config.objective, generator)
            return objective(model, self.hearing_head, batch, pooled, self.config.objective, generator)

    def _parameters(self) -> list[nn.Parameter]:
        return [p for group in self.optimizer.param_groups for p in group["params"]]

    @torch.no_grad()
    def _average(self) -> None:
        keep = min(self.config.average, (1 + self.step) / (10 + self.step))
        names, live = zip(*self.model.named_parameters(), strict=True)
        kept = [self.average[n] for n in names]
        torch._foreach_mul_(kept, keep)
        torch._foreach_add_(kept, [p.detach() for p in live], alpha=1 - keep)

    def _batches(self) -> Iterator[tuple[Batch, Tensor | None]]:
        """Batches from the current step on, with their encoded chunks where the encoder stands still."""
        if self.config.uses == 0:
            for examples in self._streams(self.step, self.config.steps):
                yield collate(examples), None
            return
        size, uses = self.config.batch_size, self.config.uses
        first, last = self.step // uses, math.ceil((self.config.steps * size + self.config.pool) / (uses * size))
        fresh = (self._encode_still(examples) for examples in self._streams(first, last))
        order = torch.Generator().manual_seed(self.config.seed * 1_000_003 + self.step)
        drawn = replayed(fresh, uses, size, self.config.pool, order)
        for group in itertools.islice(drawn, self.config.steps - self.step):
            yield collate([one.example for one in group]), torch.cat([one.pooled for one in group]).float()

    def _streams(self, first: int, last: int) -> Iterator[list[Example]]:
        """Group b holds streams b·size … b·size + size − 1, whoever composes them."""
        size = self.config.batch_size
        groups = [list(range(b * size, (b + 1) * size)) for b in range(first, last)]
        yield from loaded(StreamDataset(self._train, last * size), groups, self.config.workers, list, ahead=4)

    @torch.no_grad()
    def _encode_still(self, examples: list[Example]) -> list[Encoded]:
        generator = torch.Generator().manual_seed(zlib.crc32(examples[0].samples.tobytes()))
        with torch.autocast("cpu", torch.bfloat16, enabled=self.config.bfloat16):
            pooled = encoded(self.model, collate(examples), self.config.objective, generator)
        return split_by_stream(examples, pooled)

    def _log(self, writer: SummaryWriter, kind: str, values: dict[str, float]) -> None:
        for name, value in values.items():
            writer.add_scalar(f"{kind}/{name}", value, self.step)
        with (self.out / "log.jsonl").open("a") as f:
            f.write(json.dumps({"step": self.step, "kind": kind} | values) + "\n")

    def _save(self) -> None:
        state = {
            "step": self.step,
            "config": json.dumps(asdict(self.config), sort_keys=True),
            "model": self.model.state_dict(),
            "average": self.average,
            "hearing_head": self.hearing_head.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        with replacing(self.out / "state.pt") as temporary:
            torch.save(state, temporary)

    def _resume(self) -> None:
        path = self.out / "state.pt"
        if not path.exists():
            return
        with readable(path):
            state: dict[str, Any] = torch.load(path, weights_only=True)
            made_by = json.loads(state["config"])
        if without(made_by, CADENCE) != without(asdict(self.config), CADENCE):
            raise InputError(
                "train.other_run", f"{path} belongs to a run with another configuration", "give another out folder"
            )
        with readable(path):
            self.step = state["step"]
            self.model.load_state_dict(state["model"])
            self.hearing_head.load_state_dict(state["hearing_head"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.average = state["average"]


def training_progress() -> Progress:
    """A bar whose tasks have a `note`, on standard error: standard output is for what a run gives."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} · {task.fields[note]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        refresh_per_second=0.5,
    )


def event_scores(batch: Batch, p_response: Tensor, chunk_seconds: float) -> list[tuple[bool, float]]:
    """For each event of proactive streams: should it be answered, and the highest p(response) in its window.

    Args:
        p_response: [batch, chunks].
        chunk_seconds: the model's.
    """
    scored: list[tuple[bool, float]] = []
    for timeline, row, chunks in zip(batch.timelines, p_response, batch.chunks, strict=True):
        for event in timeline.events if timeline.task == "proactive" else ():
            if event.decision == "open" or event.role != "foreground":
                continue
            responds = event.decision == "respond"
            last = event.cue + 1.6 if responds else event.end + 0.8
            first, end = (math.floor(at / chunk_seconds + ROUNDING) for at in (event.onset, last))
            window = row[: int(chunks)][first:end]
            if len(window):
                scored.append((responds, float(window.max())))
    return scored


def best_balanced(scored: list[tuple[bool, float]]) -> tuple[float, float]:
    """The best balanced accuracy over thresholds 0.05 to 0.95, and its threshold."""
    best = (0.0, 0.5)
    p = torch.tensor([s for _, s in scored])
    responds = torch.tensor([r for r, _ in scored], dtype=torch.bool)
    for threshold in torch.arange(0.05, 0.96, 0.05).tolist():
        said = p >= threshold
        recall, specificity = said[responds].float().mean(), (~said[~responds]).float().mean()
        best = max(best, (float((recall + specificity) / 2), threshold))
    return best


def _hearing_head(model: AudioInteractionModel, names: int, seed: int) -> nn.Linear:
    head = nn.Linear(model.config.decoder.hidden_size, names + 1)  # and whether the sound calls for an answer
    nn.init.normal_(head.weight, std=0.02, generator=torch.Generator().manual_seed(seed))
    nn.init.zeros_(head.bias)
    return head


def _optimizer(model: AudioInteractionModel, head: nn.Linear, config: TrainerConfig) -> torch.optim.AdamW:
    encoder = list(model.encoder.parameters())
    rest = [*model.adapter.parameters(), *model.decoder.parameters(), *head.parameters()]
    if not model.config.decoder.tie_word_embeddings:
        rest += model.lm_head.parameters()
    groups: list[dict[str, Any]] = []
    for params, peak in ((encoder, config.encoder_learning_rate), (rest, config.learning_rate)):
        for decay, dims in ((config.weight_decay, (2, 3)), (0.0, (1,))):
            chosen = [p for p in params if p.dim() in dims]
            groups.append({"params": chosen, "lr": peak, "peak": peak, "weight_decay": decay})
    return torch.optim.AdamW(groups, betas=(0.9, 0.95), eps=1e-8)
