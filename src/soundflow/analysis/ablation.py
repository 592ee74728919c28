"""What each idea of the paper is worth: the same small training with one thing changed, under several seeds.

A row starts from a trained encoder that stands still, its adapter, which goes on learning, and a fresh decoder; it is
trained on streams made as `data build` makes them, and judged on held-out ones. Source: paper, ablation study (λ, chunk
size, data). Tests: tests/analysis/test_ablation.py.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from soundflow.analysis.ablation_judge import HeldOut, encoded_streams, judged, listened
from soundflow.analysis.ablation_schedule import ScheduleConfig
from soundflow.analysis.ablation_streams import CorpusStreams, Pool
from soundflow.analysis.ablation_table import AblationRow, RowResult, results
from soundflow.analysis.fingerprint import model_sha256
from soundflow.analysis.ledger import Ledger
from soundflow.analysis.sounds import composed_streams
from soundflow.bench.listening import Setting
from soundflow.data.build.recipe import recipe_of
from soundflow.data.clips import ClipStore
from soundflow.errors import UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.network import AudioInteractionModel, initialise
from soundflow.train.contents import data_contents
from soundflow.train.recipe import read_recipe
from soundflow.train.trainer import Trainer, TrainerConfig

CONTEXT_SECONDS = 24.0  # of every row's window: the paper's L_max of 60 chunks at 0.4 s
STILL_HEARD = 2  # streams the trainer looks at when it ends; the figures here come from elsewhere
LEDGER_NAME = "finished.jsonl"
REVIEW = "history_review"  # the sub-task that asks for what was heard before


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
    instant_share: float = 0.5
    choosing_streams: int = 60  # of `valid`, as the bench composes them: the threshold
    judging_streams: int = 120  # of `test`: the trigger figures
    text_streams: int = 24  # of `test`, as the first row's corpus: the text losses, as many again of reviews
    corpus: Mapping[str, Any] = field(default_factory=dict)  # as recipes/corpus.toml
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)  # of the row without FIFO


def read_ablation(path: Path, overrides: Sequence[str] = ()) -> AblationRecipe:
    """Read a recipe and check each of its rows.

    Raises:
        UsageError: it is not well formed, a row changes a key that is not there, or there is no row (`ablation.rows`).
        InputError: a row's [corpus] is no corpus recipe.
    """
    recipe = read_recipe(AblationRecipe, path, overrides)
    names = [row.name for row in recipe.row]
    if not names or len(set(names)) < len(names) or not recipe.seeds:
        raise UsageError(
            "ablation.rows", f"{path}: rows {names}, seeds {list(recipe.seeds)}", "each needs its own name"
        )
    for row in recipe.row:
        changed = read_recipe(AblationRecipe, path, [*overrides, *row.set])
        recipe_of(changed.corpus, f"{path}: row {row.name}: [corpus]")
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
    heard: dict[float, HeldOut] = {}  # by chunk length: all rows are judged by the same streams
    ledger = Ledger(recipe.out / LEDGER_NAME, {})
    for training in _trainings(path, overrides, start):
        if training.key not in ledger:
            seconds = training.recipe.chunk_seconds
            if seconds not in heard:
                heard[seconds] = held_out(recipe, fresh_model(training.recipe, start, training.seed))
            trainer = _trained(training, start, recipe.out / training.key)
            ledger.add(training.key, judged(trainer.averaged_model(), trainer.hearing_head, heard[seconds]))
        done()
    return finished_ablation(path, overrides, start)


def finished_ablation(path: Path, overrides: Sequence[str], start: Bundle) -> list[RowResult]:
    """The table of what is finished with these clips and this model; nothing is trained.

    Raises:
        UsageError: as `read_ablation`.
        InputError: something is finished, and there are no such clips any more.
    """
    recipe = read_ablation(path, overrides)
    ledger = Ledger(recipe.out / LEDGER_NAME, {})
    if not len(ledger):
        return []  # and the clips need not be there
    found: dict[str, list[dict[str, float]]] = {row.name: [] for row in recipe.row}
    for training in _trainings(path, overrides, start):
        if training.key in ledger:
            found[training.row.name].append(ledger[training.key])
    return results(recipe.row, found) if found[recipe.row[0].name] else []


@dataclass(frozen=True)
class _Training:
    """One row under one seed, and what it is known by: equal for equal trainings."""

    row: AblationRow
    seed: int
    recipe: AblationRecipe
    key: str


def _trainings(path: Path, overrides: Sequence[str], start: Bundle) -> Iterator[_Training]:
    """All rows of one seed first: a run that is stopped has a whole table."""
    recipe = read_ablation(path, overrides)
    rows = [(row, read_recipe(AblationRecipe, path, [*overrides, *row.set])) for row in recipe.row]
    model = model_sha256(start)
    clips = {one.clips: data_contents([one.clips])[0]["sha256"] for one in (recipe, *(changed for _, changed in rows))}
    for seed in recipe.seeds:
        for row, changed in rows:
            yield _Training(row, seed, changed, _key(changed, seed, model, clips[changed.clips]))


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


def held_out(recipe: AblationRecipe, bundle: Bundle) -> HeldOut:
    """The streams that every row with this chunk length is judged by.

    Args:
        recipe: as the first row has it, whatever the row's own corpus is.
    """
    store = ClipStore(recipe.clips, recipe.cache)
    chosen = composed_streams(Setting(store, "valid", 0), recipe.choosing_streams)
    tried = composed_streams(Setting(store, "test", 0), recipe.judging_streams)
    tasks: Mapping[str, float] = recipe.corpus.get("tasks", {REVIEW: 1.0})
    others = {name: share for name, share in tasks.items() if name != REVIEW} or {REVIEW: 1.0}

    def corpus(only: Mapping[str, float]) -> list[Any]:
        pool = Pool(recipe.clips, recipe.cache, "test", {**recipe.corpus, "tasks": only})
        make = CorpusStreams(pool, 0, bundle, instant_share=1.0)
        return [make(i) for i in range(recipe.text_streams)]

    return HeldOut(
        choosing=encoded_streams(bundle, listened(bundle, map(chosen.make, range(chosen.count)))),
        judging=encoded_streams(bundle, listened(bundle, map(tried.make, range(tried.count)))),
        text=encoded_streams(bundle, corpus(others)),
        review=encoded_streams(bundle, corpus({REVIEW: 1.0})),
    )


def _trained(training: _Training, start: Bundle, out: Path) -> Trainer:
    """The row's training at its end; it goes on where a stopped run left it."""
    recipe, seed = training.recipe, training.seed
    bundle = fresh_model(recipe, start, seed)
    make = CorpusStreams(Pool(recipe.clips, recipe.cache, "train", recipe.corpus), seed, bundle, recipe.instant_share)
    config = dataclasses.replace(recipe.loop, seed=seed)
    trainer = Trainer(bundle.network, len(bundle.config.labels) + 2, make, config, out)
    trainer.run([make(i) for i in range(STILL_HEARD)], lambda now, found: None)
    (out / "state.pt").unlink(missing_ok=True)  # large, and of no more use
    return trainer


def _key(recipe: AblationRecipe, seed: int, model: str, clips: str) -> str:
    """Equal for equal trainings: all that the figures depend on, and nothing else.

    Args:
        model, clips: digests of what lies behind the name and the path, where other things may come to lie.
    """
    values = dataclasses.asdict(dataclasses.replace(recipe, clips=Path(), row=(), seeds=(), out=Path(), cache=None))
    del values["schedule"]
    told = json.dumps([values, seed, model, clips], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:12]
