"""One stage, step by step: passes, the step, the guard, evaluation, checkpoints, the log.

Knows documents and an engine; nothing of recipes, corpora or how many processes there are.
Tests: tests/train/test_loop.py.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from soundflow.model.config import ModelConfig
from soundflow.model.network import AudioInteractionModel
from soundflow.train.curves import WandbChoice, curves_of, cut_behind
from soundflow.train.document import Document, Piece, Samples
from soundflow.train.evaluation import Found, summed_up
from soundflow.train.features import FeatureCache
from soundflow.train.feed import Documents, passes_of, steps
from soundflow.train.forecast import Forecast, Left, forecast, second_of_two, supervised_count
from soundflow.train.learner import LOSSES, Learner, log_mel_chunks, log_mels, mean_losses, pooled_features
from soundflow.train.packing import Packed, packed
from soundflow.train.parallel import Engine, Mode, World, engine_of, whole_tensors
from soundflow.train.resume import Position, position_of, restore, save
from soundflow.train.schedule import schedule
from soundflow.train.stages import title_of
from soundflow.train.trainer import training_progress

OnStep = Callable[[int], None]


@dataclass(frozen=True)
class Cadence:
    """How a run goes about its work; none of it changes what is learned."""

    mode: Mode = "ddp"
    workers: int = 0  # processes that prepare sound
    evaluate_every: int = 200  # steps
    checkpoint_every: int = 100
    wandb: WandbChoice = field(default_factory=WandbChoice)


class StageRun:
    """One stage in one folder: checkpoints to go on from, `log.jsonl` and TensorBoard events to look at."""

    def __init__(
        self,
        network: AudioInteractionModel,
        documents: Documents,
        out: Path,
        world: World,
        cadence: Cadence,
        features: FeatureCache | None = None,
        place: int = 1,  # of the stage in its recipe
    ) -> None:
        self.network, self.stage, self.world = network, documents.stage, world
        self.config: ModelConfig = network.config
        self._documents, self._out, self._cadence, self._features = documents, out, cadence, features
        self._place = place
        passes_of(self.stage, world.size)
        self.learner = Learner(network, self.stage)
        self.engine: Engine = engine_of(self.learner, cadence.mode, world)
        self.position = Position()

    def plan(self) -> Forecast:
        """What is left of the stage behind its newest checkpoint, measured on one pass; the weights stay as they are.

        All processes must call it.

        Raises:
            InputError: a stream or the checkpoint cannot be read.
        """
        own = range(self.world.rank, self.stage.micro_batch * self.world.size, self.world.size)
        documents = [self._documents[i] for i in own]
        batch, hearing = second_of_two(lambda: self._packed(documents))
        left = Left(self._place, self.stage.steps - position_of(self._out).step, 0.0 if self._features else hearing)
        return forecast(self.engine, batch, self.stage, self.config, self._cadence.mode, self.world, left)

    def run(self, valid: Sequence[Document], on_step: OnStep = lambda step: None) -> dict[str, Tensor]:
        """Learn to the last step, from the newest checkpoint where there is one.

        Args:
            valid: streams to be judged on, this process's share of them; every process must have as many.
            on_step: hears of every finished step.

        Returns:
            The network's weights by name, whole.

        Raises:
            OutsideError: too many steps in a row would have done harm.
            InputError: a stream or the checkpoint cannot be read.
        """
        self.position = restore(self._out, self.engine)
        log = _Log(self._out, self.position.step, self._cadence.wandb) if self.world.is_first else None
        world, begun, heard = self.world, time.monotonic(), 0.0
        with training_progress() if log else nullcontext() as bar:
            title, done = title_of(self._place, self.stage.number), self.position.step
            task = bar.add_task(title, total=self.stage.steps, completed=done, note="") if bar else None
            if valid and not self.position.step:
                self._judge(valid, log)  # what it was like before
            feed = steps(self._documents, self.position.step, world.rank, world.size, self._cadence.workers)
            for passes in feed:
                row = self._step(passes)
                heard += row["seconds"]
                row["audio_seconds_per_second"] = heard / (time.monotonic() - begun)
                done = self.position.step
                if log:
                    log.write("train", done, row)
                if bar and task is not None:
                    note = f"loss {row['loss']:.3f} · {row['audio_seconds_per_second']:.0f} s of sound a second"
                    bar.update(task, completed=done, note=note)
                if valid and self._is_due(self._cadence.evaluate_every):
                    self._judge(valid, log)
                if self._is_due(self._cadence.checkpoint_every):
                    save(self._out, self.engine, self.position, world)
                on_step(done)
        if log:
            log.close()
        return whole_tensors(self.engine.module)

    @torch.no_grad()
    def evaluate(self, valid: Sequence[Document]) -> Found:
        """Losses and trigger accuracy on streams that are not learned from. All processes must call it."""
        found = []
        for start in range(0, len(valid), self.stage.micro_batch):
            documents = valid[start : start + self.stage.micro_batch]
            batch = self._packed(documents)
            found.append((documents, self.engine.costs(batch, torch.ones((), device=self.world.device))))
        return summed_up(found, self.world)

    def _judge(self, valid: Sequence[Document], log: _Log | None) -> None:
        found = self.evaluate(valid)
        if log:
            log.write("valid", self.position.step, asdict(found))

    def _is_due(self, every: int) -> bool:
        return self.position.step % every == 0 or self.position.step == self.stage.steps

    def _step(self, passes: Sequence[Sequence[Document]]) -> dict[str, float]:
        """One step of the optimiser over all passes of all processes, or none where the guard says so."""
        stage, world, at = self.stage, self.world, self.position
        rate = stage.learning_rate * schedule(at.step, stage.steps, stage.warmup)
        for group in self.engine.optimizer.param_groups:
            group["lr"] = rate * group.get("rate_share", 1.0)
        batches = [self._packed(documents) for documents in passes]
        torch.manual_seed(hash((stage.seed, at.step, world.rank)))  # what is dropped is the same after a kill
        own = torch.tensor(float(sum(supervised_count(batch) for batch in batches)), device=world.device)
        count = world.summed(own).clamp(min=1)
        sums = torch.zeros(2 + 2 * len(LOSSES), dtype=torch.float64)
        for batch in batches:
            costs = self.engine.learn(batch, count, is_last=batch is batches[-1])
            parts = (costs.total.detach(), *costs.sums)
            sums += torch.tensor([*(float(part) for part in parts), batch.seconds], dtype=torch.float64)
        loss, *kinds, seconds = world.summed(sums.to(world.device)).tolist()
        norm = self.engine.clipped(stage.clip)
        fault = at.guard.fault(loss, norm)
        if fault is None:
            self.engine.step()
        else:
            self.engine.forget()
        self.position = Position(at.step + 1, at.guard.after(loss, fault, at.step))
        return {
            "loss": loss,
            **mean_losses(kinds),
            "gradient_norm": norm,
            "learning_rate": rate,
            "seconds": seconds,
            "left_out": float(fault is not None),
        }

    def _packed(self, documents: Sequence[Document]) -> Packed:
        """Documents in one row, heard already where the encoder stands still."""
        if self.learner.encoder_learns:
            return packed(documents, log_mels(self.network, documents)).to(self.world.device)
        heard = [self._heard(document).to(self.world.device) for document in documents]
        return packed(documents, torch.cat(heard)).to(self.world.device)

    def _heard(self, document: Document) -> Tensor:
        """What an encoder that stands still hears: each piece as in the stream it comes from, kept or not."""
        size = len(document.samples) // document.chunks
        pieces = document.pieces or (Piece(document.key, document.samples),)
        parts = [self._stream(piece.key, piece.samples, size)[piece.start // size :] for piece in pieces]
        return torch.cat(parts)[: document.chunks]

    def _stream(self, key: str, samples: Samples, size: int) -> Tensor:
        def hear() -> Tensor:
            return pooled_features(self.network, log_mel_chunks(self.network, samples), self.stage.bfloat16)

        return hear() if self._features is None else self._features.of(key, len(samples) // size, hear)


class _Log:
    """Lines and curves of a run; what a killed run wrote beyond its checkpoint is taken back."""

    def __init__(self, out: Path, step: int, wandb: WandbChoice) -> None:
        self._path = out / "log.jsonl"
        out.mkdir(parents=True, exist_ok=True)
        cut_behind(step, self._path)
        self._curves = curves_of(out, step, wandb)

    def write(self, kind: str, step: int, values: dict[str, Any]) -> None:
        for name, value in values.items():
            for curves in self._curves:
                curves.add_scalar(f"{kind}/{name}", value, step)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, "kind": kind} | values) + "\n")

    def close(self) -> None:
        for curves in self._curves:
            curves.close()
