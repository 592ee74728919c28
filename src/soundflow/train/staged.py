"""Train by stages from a recipe: from any model, on corpora of `data build` or on clips, one process or many.

`soundflow train RECIPE` comes here when the recipe has `[[stage]]`. Tests: tests/train/test_staged.py.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from soundflow.data.augment import AugmentConfig
from soundflow.data.build.run import CLAIM_NAME
from soundflow.data.clips import ClipStore, is_index
from soundflow.data.streams import StreamConfig
from soundflow.errors import InputError, UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.find import find_folder
from soundflow.model.checkpoint.ours import Storage, pack, save_folder
from soundflow.model.checkpoint.recognise import load_model
from soundflow.model.checkpoint.write import write_folder
from soundflow.model.tokens import RecordingLayout
from soundflow.train.contents import data_contents, model_contents
from soundflow.train.curves import WandbChoice, check_wandb
from soundflow.train.document import Document, Sounding
from soundflow.train.features import cache_of
from soundflow.train.feed import Documents
from soundflow.train.forecast import Forecast
from soundflow.train.fresh import FreshStreams, joined, labels_of
from soundflow.train.learner import log_mels, pooled_features
from soundflow.train.loop import Cadence, OnStep, StageRun
from soundflow.train.lora import folded
from soundflow.train.parallel import Mode, World, joined_world
from soundflow.train.recipe import at_least, build, read_values, without
from soundflow.train.renew import renewed
from soundflow.train.resume import claim, is_claimed
from soundflow.train.shards import ShardStreams
from soundflow.train.stages import PAPER, Stage, stages_of, title_of
from soundflow.train.vocabulary import corpus_texts, grown

log = logging.getLogger(__name__)

Source = Callable[[int], Sounding]
_HOW = (  # a run goes about its work; none of it changes what is learned
    *("out", "cache", "workers", "threads", "evaluate_every", "checkpoint_every", "keep_features", "parallel"),
    *("valid", "valid_streams", "wandb"),
)
_OF_CORPORA = ("mix", "mix_ins", "respoken_share")  # what a stage asks of built streams and cannot have of clips
AUDIO_DEVIATION = 0.2  # of what a new decoder hears, beside a table of deviation 0.02; chosen on valid
RENEWED_FROM = 128  # streams whose sound says how it varies; chosen


@dataclass(frozen=True)
class StagedRecipe:
    """Everything a run by stages needs; see recipes/stage1.toml.

    Attributes:
        start: `nano`, `nano-2`, a model's folder of any layout, or `owner/name` on the hub.
        data: finished corpora, folders or stores of clips (of several, the first one's labels are new), or both.
        valid: corpora to be judged on; without any the split `valid` of clips, where they are learned from.
    """

    data: tuple[Path, ...]
    start: str = "nano"
    valid: tuple[Path, ...] = ()
    valid_streams: int = 64
    out: Path = Path("runs/staged")
    storage: Storage = "float32"
    parallel: Mode = "ddp"
    workers: int = 1  # processes that prepare sound, beside each that learns
    threads: int = 2
    evaluate_every: int = 200
    checkpoint_every: int = 100
    keep_features: bool = False  # of an encoder that stands still; corpora only
    cache: Path | None = None  # where decoded clips are kept
    vocab_size: int = 0  # above 0: so many pieces in all, new ones for the corpora's texts
    new_decoder: bool = False  # decoder and adapter begin anew behind the ears of `start` (docs/decisions/0015)
    recording: RecordingLayout | None = None  # that is asked about (docs/decisions/0020); None: as `start` has it
    clips_share: float = 0.5  # where data are corpora and clips: of the streams, those composed afresh out of the clips
    new_share: float = 0.5  # clips only: of the streams, those that are about the first folder's labels
    streams: StreamConfig = field(default_factory=StreamConfig)  # clips only
    augment: AugmentConfig = field(default_factory=AugmentConfig)  # clips only
    wandb: WandbChoice = field(default_factory=WandbChoice)  # curves beside TensorBoard's; off without a project
    stage: tuple[Stage, ...] = ()


def read_staged(path: Path, overrides: Sequence[str] = ()) -> StagedRecipe:
    """Read a recipe with `[[stage]]` tables.

    Raises:
        UsageError: it is not well formed; an unknown key names its nearest neighbour.
    """
    values = read_values(path, overrides)
    tables = values.pop("stage", [])
    stages = stages_of(tables if isinstance(tables, list) else [], str(path))
    for name in ("data", "valid"):
        if isinstance(values.get(name), str):
            values[name] = [values[name]]
    recipe = build(StagedRecipe, values, str(path))
    for name in ("clips_share", "new_share"):
        if not 0 <= getattr(recipe, name) <= 1:
            raise UsageError("staged.value", f"{path}: {name} is {getattr(recipe, name)}", "0 to 1")
    at_least(1, recipe, ("evaluate_every", "checkpoint_every", "threads"), str(path))
    at_least(0, recipe, ("workers", "valid_streams", "vocab_size"), str(path))
    check_wandb(recipe.wandb)
    return dataclasses.replace(recipe, stage=stages)


def run_staged(recipe: StagedRecipe, on_step: OnStep = lambda step: None) -> Path:
    """Train what a recipe says, stage by stage, and return the folder of the finished model.

    A run that was stopped goes on where its newest checkpoint stands; a stage that is done is not done again.

    Raises:
        InputError: model or data cannot be read, or the out folder holds another run.
        OutsideError: steps would do harm, or DeepSpeed is wanted and not there.
        UsageError: a batch cannot be shared out over the processes.
    """
    torch.set_num_threads(recipe.threads)
    with joined_world() as world:
        return train_stages(recipe, world, on_step)


def plan_staged(recipe: StagedRecipe) -> list[Forecast]:
    """What is left of each stage, from the model that the recipe starts from; nothing is written but caches."""
    torch.set_num_threads(recipe.threads)
    with joined_world() as world:
        folder = find_folder(recipe.start)
        is_begun = is_claimed(recipe.out, _claimed(recipe, folder))  # another run's positions would tell nothing
        outs = [recipe.out / f"stage{n}" if is_begun else folder for n in range(1, len(recipe.stage) + 1)]
        return [
            _stage_run(recipe, place, _bundle(recipe, folder), out, world)[0].plan()
            for place, out in enumerate(outs, start=1)
        ]


def train_stages(recipe: StagedRecipe, world: World, on_step: OnStep = lambda step: None) -> Path:
    """As `run_staged`, in a world that is there already."""
    folder = find_folder(recipe.start)
    if world.is_first:
        claim(recipe.out, _claimed(recipe, folder))
    if recipe.vocab_size or recipe.new_decoder:
        folder = _prepared(recipe, folder, world)
    world.wait()
    for number in range(1, len(recipe.stage) + 1):
        is_last = number == len(recipe.stage)
        target = recipe.out / "model" if is_last else recipe.out / f"stage{number}" / "model"
        if not (target / "config.json").exists():
            storage: Storage = recipe.storage if is_last else "float32"
            _train_stage(recipe, number, folder, target, world, on_step, storage)
        world.wait()
        folder = target
    return folder


def _prepared(recipe: StagedRecipe, folder: Path, world: World) -> Path:
    """The model to start from with a tokenizer of the corpora's texts, or with a new decoder; made once."""
    target = recipe.out / "start" / "model"
    if world.is_first and not (target / "config.json").exists():
        bundle, corpora = load_model(folder), sorted_out(recipe.data)[0]
        if recipe.vocab_size:
            bundle = grown(bundle, corpus_texts(corpora), recipe.vocab_size)
        if recipe.new_decoder:
            bundle = renewed(bundle, _heard_of(recipe, bundle), AUDIO_DEVIATION, recipe.stage[0].seed)
        save_folder(bundle, target, "float32")
    world.wait()
    return target


def _heard_of(recipe: StagedRecipe, bundle: Bundle) -> torch.Tensor:
    """What the encoder hears of some of the streams to be learned from: [chunks, positions, pooled width]."""
    stage = recipe.stage[0]
    source, _ = _sources(recipe, stage, bundle.config.chunk_seconds)
    documents = Documents(source, bundle.grammar, bundle.config.chunk_seconds, stage)
    network = bundle.network.float()
    heard = [pooled_features(network, log_mels(network, [documents[i]]), stage.bfloat16) for i in range(RENEWED_FROM)]
    return torch.cat(heard).float()


def _train_stage(
    recipe: StagedRecipe,
    number: int,
    folder: Path,
    target: Path,
    world: World,
    on_step: OnStep,
    storage: Storage,
) -> None:
    bundle = _bundle(recipe, folder)
    run, valid = _stage_run(recipe, number, bundle, recipe.out / f"stage{number}", world)
    if world.is_first:
        log.info("%s", run.engine.proof())
    planned = run.plan()
    if world.is_first:
        log.info("%s", planned)
    tensors = folded(run.run(valid, on_step))
    if world.is_first:
        about = {"format": "soundflow", "storage": storage}
        write_folder(target, pack(tensors, storage), bundle.config.to_dict(), bundle.tokenizer, about)


def _bundle(recipe: StagedRecipe, folder: Path) -> Bundle:
    """The model to start from; with clips it will know their labels, with offline layouts it will answer questions."""
    bundle = load_model(folder)
    config = bundle.config
    _, clips = sorted_out(recipe.data)
    if clips:
        config = dataclasses.replace(config, labels=tuple(sorted({*config.labels, *labels_of(clips[0])})))
    if any(stage.offline_share for stage in recipe.stage):
        if config.offline == "windows":
            found = f"{bundle.name} hears whole recordings in windows of 2 s"
            raise UsageError("staged.offline", found, "leave offline_share out: it is for models that hear chunks")
        config = dataclasses.replace(config, offline="chunks", recording=recipe.recording or config.recording)
    return dataclasses.replace(bundle, config=config)


def _stage_run(
    recipe: StagedRecipe, place: int, bundle: Bundle, out: Path, world: World
) -> tuple[StageRun, list[Document]]:
    """A stage ready to run, and this process's share of the streams it is judged on."""
    stage = recipe.stage[place - 1]
    learned_from, judged_on = _sources(recipe, stage, bundle.config.chunk_seconds)
    if world.is_first:
        for line in _unmet_of(learned_from, stage):
            log.warning("%s: %s", title_of(place, stage.number), line)
    chunk = bundle.config.chunk_seconds
    documents = Documents(learned_from, bundle.grammar, chunk, stage)
    cadence = Cadence(recipe.parallel, recipe.workers, recipe.evaluate_every, recipe.checkpoint_every, recipe.wandb)
    bundle.network.to(world.device)
    features = None
    if recipe.keep_features and not sorted_out(recipe.data)[1] and "encoder" not in stage.trains:
        features = cache_of(recipe.out / "features", bundle.network, stage.bfloat16)
    run = StageRun(bundle.network, documents, out, world, cadence, features, place)
    whole = dataclasses.replace(
        stage, form="interleaved", instant_share=1.0, offline_share=0.0
    )  # judged as it will listen
    if judged_on is None:
        return run, []
    held_out = dataclasses.replace(documents, source=judged_on, stage=whole)
    return run, [held_out[i] for i in _own_of(judged_on, recipe.valid_streams, world)]


def _own_of(judged_on: Source, wanted: int, world: World) -> range:
    """The positions of held-out streams that this process is judged on: each process has as many."""
    held_out = min(wanted, len(judged_on)) if isinstance(judged_on, ShardStreams) else wanted
    each = held_out // world.size
    if wanted and not each and world.is_first:
        log.warning("no stage is judged: %d streams are held out for %d processes", held_out, world.size)
    return range(world.rank, each * world.size, world.size)


def sorted_out(folders: Sequence[Path]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """The corpora that `data build` made, and the folders and stores of clips.

    Raises:
        InputError: there is no folder, or one holds neither.
    """
    if not folders:
        raise InputError("staged.data", "no data", "give corpora, folders of clips, or both")
    kinds = {folder: _kind(folder) for folder in folders}
    return tuple(f for f in folders if kinds[f] == "corpus"), tuple(f for f in folders if kinds[f] == "clips")


def _kind(folder: Path) -> str:
    if is_index(folder):
        return "clips"
    for kind, name in (("corpus", CLAIM_NAME), ("clips", "clips.jsonl")):
        if (folder / name).is_file():
            return kind
    hint = "build a corpus (soundflow data build), or see docs/reference/clips.md"
    raise InputError("staged.data", f"{folder} holds neither {CLAIM_NAME} nor clips.jsonl", hint)


def _sources(recipe: StagedRecipe, stage: Stage, chunk_seconds: float) -> tuple[Source, Source | None]:
    """What is learned from and what is judged on."""
    corpora, clips = sorted_out(recipe.data)
    judged = ShardStreams(recipe.valid, None, 0) if recipe.valid else None
    if not clips:
        return ShardStreams(corpora, stage, stage.seed, chunk_seconds), judged
    learned, composed = _composed(recipe, stage, clips)
    judged_on = composed if judged is None else judged
    if not corpora:
        return learned, judged_on
    built = ShardStreams(corpora, stage, stage.seed, chunk_seconds)
    return Both(built, learned, recipe.clips_share, stage.seed), judged_on


@dataclass(frozen=True)
class Both:
    """Position n: of one source or the other, the same one for ever."""

    first: Source
    second: Source
    second_share: float
    seed: int

    def __call__(self, position: int) -> Sounding:
        """The stream at a position."""
        drawn = np.random.default_rng([self.seed, position, 7]).random()
        return self.second(position) if drawn < self.second_share else self.first(position)


def _unmet_of(source: Source, stage: Stage) -> list[str]:
    """What a stage asks of the streams that a source draws, and does not get; a line each."""
    if isinstance(source, Both):
        return _unmet_of(source.first, stage)
    if isinstance(source, ShardStreams):
        return source.unmet
    asked = [name for name in _OF_CORPORA if getattr(stage, name) not in ({}, getattr(PAPER[stage.number], name))]
    return [f"{name} is asked of corpora, and all data are clips: it does nothing" for name in asked]


def _composed(recipe: StagedRecipe, stage: Stage, clips: tuple[Path, ...]) -> tuple[FreshStreams, FreshStreams | None]:
    """Streams composed afresh to learn from, and those of the split `valid` to be judged on."""
    store = joined(clips, recipe.out / "clips", recipe.cache)
    new = labels_of(clips[0]) if len(clips) > 1 else ()
    training = dataclasses.replace(recipe.streams, augment=recipe.augment)
    learned = FreshStreams(store, _split(store, "train"), stage.seed, training, new, recipe.new_share)
    if "valid" not in store.splits:
        return learned, None
    return learned, dataclasses.replace(learned, split="valid", seed=stage.seed + 1, config=recipe.streams)


def _split(store: ClipStore, name: str) -> str:
    if name not in store.splits:
        raise InputError(
            "staged.split", f"{store.folder} has no split {name!r}", 'give clips to learn from "split": "train"'
        )
    return name


def _claimed(recipe: StagedRecipe, folder: Path) -> dict[str, Any]:
    """What makes this run what it is; how it goes about its work may change between two starts."""
    sorted_out(recipe.data)  # says first which folder is none of data
    values = without(dataclasses.asdict(recipe), _HOW)
    return {**values, "start": model_contents(recipe.start, folder), "data": data_contents(recipe.data)}
