"""What each idea of the paper is worth: the same small training with one thing changed, under several seeds.

A row starts from a trained encoder and adapter that stand still, and a fresh decoder; it is trained on streams composed
afresh and judged by how well its p(response) separates the events of held-out streams. Source: paper, ablation study
(λ, chunk size, data). Tests: tests/analysis/test_ablation.py.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from soundflow.analysis.ledger import Ledger
from soundflow.analysis.separation import area_under_curve, balanced_at, best_threshold, event_scores
from soundflow.analysis.sounds import composed_streams
from soundflow.bench.listening import Setting
from soundflow.data.augment import AugmentConfig
from soundflow.data.clips import Clip, ClipStore, Samples
from soundflow.data.streams import StreamConfig
from soundflow.errors import UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.network import AudioInteractionModel, initialise
from soundflow.train.recipe import read_recipe
from soundflow.train.run import StreamMaker
from soundflow.train.trainer import Trainer, TrainerConfig

CONTEXT_SECONDS = 24.0  # of every row's window: the paper's L_max of 60 chunks at 0.4 s
STILL_HEARD = 2  # streams the trainer looks at when it ends; the figures here come from elsewhere


@dataclass(frozen=True)
class AblationRow:
    """One line of a table: which keys it changes, and what the paper found, in the paper's own figure."""

    name: str
    table: str
    paper: str = "–"
    set: tuple[str, ...] = ()


@dataclass(frozen=True)
class AblationRecipe:
    """The budget every row has, and the rows; the first is what the others are held against (recipes/ablation.toml)."""

    clips: Path
    row: tuple[AblationRow, ...]
    loop: TrainerConfig
    out: Path = Path("runs/ablation")
    cache: Path | None = None
    seeds: tuple[int, ...] = (1, 2, 3)
    decoder_layers: int = 2
    chunk_seconds: float = 0.4
    tfjp: bool = True
    instant_share: float = 0.5
    choosing_streams: int = 30  # of `valid`: the threshold
    judging_streams: int = 40  # of `test`: the figures
    streams: StreamConfig = field(default_factory=StreamConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)


@dataclass(frozen=True)
class RowResult:
    """One row: balanced accuracy and area under the curve of each seed, and the distance to the first row.

    `exceeds` says that the distance is more than twice its standard error, with the spread of all rows pooled.
    """

    row: AblationRow
    balanced: tuple[float, ...]
    area: tuple[float, ...]
    difference: float
    exceeds: bool | None

    def to_dict(self) -> dict[str, Any]:
        """Means, spreads, and each seed."""
        return {
            "table": self.row.table,
            "name": self.row.name,
            "paper": self.row.paper,
            "balanced": [round(value, 4) for value in self.balanced],
            "mean": round(statistics.fmean(self.balanced), 4),
            "deviation": round(_deviation(self.balanced), 4),
            "area": round(statistics.fmean(self.area), 4),
            "difference": round(self.difference, 4),
            "exceeds": self.exceeds,
        }


class UnprocessedStore(ClipStore):
    """A folder of clips whose sounds TFJP never touched."""

    def tfjp_audio(self, clip: Clip) -> Samples:
        """As `audio`."""
        return self.audio(clip)

    def seconds(self, clip: Clip, after_tfjp: bool = False) -> float:
        """How long the clip's own samples last."""
        return super().seconds(clip)


def read_ablation(path: Path, overrides: Sequence[str] = ()) -> AblationRecipe:
    """Read a recipe and check each of its rows.

    Raises:
        UsageError: it is not well formed, a row changes a key that is not there, or there is no row (`ablation.rows`).
    """
    recipe = read_recipe(AblationRecipe, path, overrides)
    names = [row.name for row in recipe.row]
    if not names or len(set(names)) < len(names) or not recipe.seeds:
        raise UsageError(
            "ablation.rows", f"{path}: rows {names}, seeds {list(recipe.seeds)}", "each needs its own name"
        )
    for row in recipe.row:
        read_recipe(AblationRecipe, path, [*overrides, *row.set])
    return recipe


def run_ablation(
    path: Path, overrides: Sequence[str], start: Bundle, done: Callable[[], None] = lambda: None
) -> list[RowResult]:
    """Train and judge every row under every seed, those that are finished already left alone.

    Args:
        path: the recipe; a row's own keys come after `overrides`.
        start: where encoder, adapter and vocabulary come from, in float32.
        done: called after each row and seed.

    Raises:
        UsageError: as `read_ablation`.
    """
    recipe = read_ablation(path, overrides)
    ledger = Ledger(recipe.out / "finished.jsonl", {})
    keys: dict[tuple[str, int], str] = {}
    for seed in recipe.seeds:  # all rows of one seed first: a run that is stopped has a whole table
        for row in recipe.row:
            changed = read_recipe(AblationRecipe, path, [*overrides, *row.set])
            key = keys[row.name, seed] = _key(changed, seed, start)
            if key not in ledger:
                ledger.add(key, _trained_and_judged(changed, seed, start, recipe.out / key))
            done()
    found = {row.name: [ledger[keys[row.name, seed]] for seed in recipe.seeds] for row in recipe.row}
    return results(recipe.row, found)


def results(rows: Sequence[AblationRow], found: dict[str, list[dict[str, float]]]) -> list[RowResult]:
    """The table out of what each row's seeds gave.

    Args:
        found: by row, `balanced` and `area` of each seed.
    """
    balanced = {row.name: tuple(part["balanced"] for part in found[row.name]) for row in rows}
    area = {row.name: tuple(part["area"] for part in found[row.name]) for row in rows}
    seeds = len(balanced[rows[0].name])
    pooled = math.sqrt(statistics.fmean(_deviation(values) ** 2 for values in balanced.values()))
    bound = 2 * pooled * math.sqrt(2 / seeds)
    base = statistics.fmean(balanced[rows[0].name])
    table = []
    for row in rows:
        difference = statistics.fmean(balanced[row.name]) - base
        exceeds = None if row is rows[0] or seeds < 2 else abs(difference) > bound
        table.append(RowResult(row, balanced[row.name], area[row.name], difference, exceeds))
    return table


def fresh_model(recipe: AblationRecipe, start: Bundle, seed: int) -> Bundle:
    """The row's network: hearing as `start` has it, a decoder of its own that knows nothing yet."""
    config = dataclasses.replace(
        start.config,
        name="ablation",
        chunk_seconds=recipe.chunk_seconds,
        max_chunks=round(CONTEXT_SECONDS / recipe.chunk_seconds),
        decoder=dataclasses.replace(start.config.decoder, num_hidden_layers=recipe.decoder_layers),
    )
    network = AudioInteractionModel(config)
    initialise(network, torch.Generator().manual_seed(seed))
    network.encoder.load_state_dict(start.network.encoder.state_dict())
    network.adapter.load_state_dict(start.network.adapter.state_dict())
    return Bundle(network, start.tokenizer, config, config.name)


def _trained_and_judged(recipe: AblationRecipe, seed: int, start: Bundle, out: Path) -> dict[str, float]:
    bundle = _trained(recipe, seed, start, out)
    store = ClipStore(recipe.clips, recipe.cache)  # every row is judged on the same streams
    chosen = composed_streams(Setting(store, "valid", 0), recipe.choosing_streams)
    threshold = best_threshold(event_scores(bundle, map(chosen.make, range(chosen.count))))
    judged = composed_streams(Setting(store, "test", 0), recipe.judging_streams)
    scores = event_scores(bundle, map(judged.make, range(judged.count)))
    return {
        "balanced": balanced_at(scores, threshold),
        "area": area_under_curve(scores),
        "threshold": threshold,
        "events": len(scores),
    }


def _trained(recipe: AblationRecipe, seed: int, start: Bundle, out: Path) -> Bundle:
    """The averaged weights after the row's training, which goes on where a stopped run left it."""
    bundle = fresh_model(recipe, start, seed)
    labels = {label: i + 1 for i, label in enumerate(bundle.config.labels)}
    compose = dataclasses.replace(recipe.streams.compose, chunk_seconds=recipe.chunk_seconds)
    kind = ClipStore if recipe.tfjp else UnprocessedStore
    make = StreamMaker(
        kind(recipe.clips, recipe.cache),
        "train",
        seed,
        dataclasses.replace(recipe.streams, compose=compose),
        recipe.augment,
        bundle.grammar,
        labels,
        bundle.config.chunk_samples,
        recipe.instant_share,
    )
    config = dataclasses.replace(recipe.loop, seed=seed)
    trainer = Trainer(bundle.network, len(labels) + 1, make, config, out)
    trainer.run([make(i) for i in range(STILL_HEARD)], lambda now, found: None)
    (out / "state.pt").unlink(missing_ok=True)  # large, and of no more use
    return dataclasses.replace(bundle, network=trainer.averaged_model().requires_grad_(False))


def _key(recipe: AblationRecipe, seed: int, start: Bundle) -> str:
    """Equal for equal trainings: all that the figures depend on, and nothing else."""
    values = dataclasses.asdict(dataclasses.replace(recipe, row=(), seeds=(), out=Path(), cache=None))
    told = json.dumps([values, seed, start.name], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _deviation(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0
