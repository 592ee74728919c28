"""Train from a recipe: ears first, then the loop, then the folder that ships. `soundflow train RECIPE` calls this.

Stages: (1) the encoder learns to name isolated sounds under noise (`train/ears.py`); (2) the whole network learns
to listen, decide and answer on streams composed afresh. Tests: tests/train/test_run.py.
"""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from soundflow.data.augment import AugmentConfig
from soundflow.data.clips import ClipStore
from soundflow.data.streams import StreamConfig, bench_config, stream
from soundflow.data.tasks import all_texts
from soundflow.errors import UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.ours import Storage, save_folder
from soundflow.model.checkpoint.whisper import whisper_encoder_state
from soundflow.model.config import ModelConfig, nano
from soundflow.model.network import AudioInteractionModel, count_parameters, initialise
from soundflow.model.tokens import Grammar, TextTokenizer, own_control_tokens
from soundflow.train.batch import Example, example
from soundflow.train.contents import data_contents
from soundflow.train.ears import EarsConfig, train_ears
from soundflow.train.recipe import at_least, read_recipe, read_values, without
from soundflow.train.resume import claim
from soundflow.train.staged import read_staged, run_staged
from soundflow.train.trainer import CADENCE, Evaluation, Trainer, TrainerConfig

log = logging.getLogger(__name__)

_HOW = ("out", "cache", "valid_streams", *CADENCE)  # the work is done; none of it changes what is learned


@dataclass(frozen=True)
class ModelChoice:
    """What of nano's shape a recipe may change."""

    vocab_size: int = 2048
    encoder_layers: int = 2
    max_chunks: int = 60


@dataclass(frozen=True)
class NanoRecipe:
    """Everything a training run of nano needs; see recipes/nano.toml."""

    clips: Path
    whisper: str = "package"  # a hub name, a folder, or "package" for the installed weight package
    out: Path = Path("runs/nano")
    cache: Path | None = None
    storage: Storage = "int8"
    valid_streams: int = 64
    instant_share: float = 0.5  # of the training streams, spoken instantaneously (ruling 4)
    model: ModelChoice = field(default_factory=ModelChoice)
    ears: EarsConfig = field(default_factory=EarsConfig)
    streams: StreamConfig = field(default_factory=StreamConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    loop: tuple[TrainerConfig, ...] = (TrainerConfig(steps=2000),)  # each from the average of the one before


@dataclass(frozen=True)
class StreamMaker:
    """Composes, augments and annotates stream number i; it is sent to the composing process as it is."""

    store: ClipStore
    split: str
    seed: int
    config: StreamConfig
    augment: AugmentConfig | None
    grammar: Grammar
    label_index: dict[str, int]
    chunk_samples: int
    instant_share: float

    def __call__(self, index: int) -> Example:
        config = self.config
        config = dataclasses.replace(config, augment=self.augment)
        composition = stream(self.store, self.split, self.seed, index, config)
        rng = np.random.default_rng([self.seed, index, 4])
        return example(composition, self.grammar, self.label_index, self.chunk_samples, rng, self.instant_share)


def run_recipe(path: Path, overrides: Sequence[str] = ()) -> Path:
    """Train what a recipe says and return the folder of the finished model: by stages where it has any, else nano.

    A run that was stopped goes on where its last checkpoint stands.

    Raises:
        UsageError: the recipe is not well formed, or several processes are to train one that has no stages.
        InputError: the clips or the Whisper weights are not there, or the out folder holds another run.
    """
    if has_stages(path, overrides):
        return run_staged(read_staged(path, overrides))
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        found = f"{path} has no [[stage]]: it is trained by one process"
        raise UsageError("recipe.processes", found, "start it without torchrun, or give a recipe of stages")
    recipe = read_nano(path, overrides)
    store = ClipStore(recipe.clips, recipe.cache)
    claim(recipe.out, claimed(recipe))
    bundle = starting_bundle(recipe, store)
    start_hearing(recipe, store, bundle.network)
    return train_loop(recipe, store, bundle)


def read_nano(path: Path, overrides: Sequence[str] = ()) -> NanoRecipe:
    """Read a recipe without stages.

    Raises:
        UsageError: it is not well formed, or a number makes no sense.
    """
    recipe = read_recipe(NanoRecipe, path, overrides)
    if not recipe.loop:
        raise UsageError("recipe.value", f"{path}: loop is empty", "write at least one [[loop]]")
    at_least(1, recipe, ("valid_streams",), str(path))
    at_least(0, recipe.ears, ("steps",), f"{path}: ears")
    for where, training in [("ears", recipe.ears), *((f"loop {n}", one) for n, one in enumerate(recipe.loop, 1))]:
        at_least(0, training, ("learning_rate", "encoder_learning_rate", "weight_decay"), f"{path}: {where}")
        at_least(0, training, ("workers", "seed"), f"{path}: {where}")
        at_least(1, training, ("batch_size", "checkpoint_every", "threads"), f"{path}: {where}")
    for number, training in enumerate(recipe.loop, start=1):
        at_least(1, training, ("steps", "evaluate_every"), f"{path}: loop {number}")
        at_least(0, training, ("uses", "pool"), f"{path}: loop {number}")
    return recipe


def claimed(recipe: NanoRecipe) -> dict[str, Any]:
    """What makes a run of nano what it is; how it goes about its work may change between two starts."""
    values = without(dataclasses.asdict(recipe), _HOW)
    return {**values, "clips": data_contents([recipe.clips])}


def has_stages(path: Path, overrides: Sequence[str] = ()) -> bool:
    """Whether a recipe is one of stages (`train/staged.py`).

    Raises:
        UsageError: it cannot be read.
    """
    return "stage" in read_values(path, overrides)


def starting_bundle(recipe: NanoRecipe, store: ClipStore) -> Bundle:
    """Nano before training: fresh weights, and a tokenizer of the texts it will say."""
    tokenizer = TextTokenizer.train(all_texts(), recipe.model.vocab_size)
    base = nano(tokenizer.vocab_size, own_control_tokens())
    config: ModelConfig = dataclasses.replace(
        base,
        max_chunks=recipe.model.max_chunks,
        labels=tuple(sorted({c.label for c in store.clips(split="train")})),
        encoder=dataclasses.replace(base.encoder, encoder_layers=recipe.model.encoder_layers),
    )
    network = AudioInteractionModel(config)
    initialise(network, torch.Generator().manual_seed(recipe.loop[0].seed))
    log.info("%s has %.2f M parameters", config.name, count_parameters(network) / 1e6)
    return Bundle(network, tokenizer, config, config.name)


def start_hearing(recipe: NanoRecipe, store: ClipStore, network: AudioInteractionModel) -> None:
    """Stage 1: put Whisper's first layers into the encoder and train them on isolated sounds, once."""
    config = network.config
    if (recipe.out / "loop1" / "state.pt").exists():
        return  # the loop's own checkpoint holds encoder and adapter
    path = recipe.out / "ears.safetensors"
    if not path.exists():
        whisper = whisper_encoder_state(recipe.whisper, config.encoder.encoder_layers)
        path = train_ears(recipe.ears, config, whisper, store, recipe.augment, recipe.out)
    ears = load_file(path)
    network.encoder.load_state_dict({n[8:]: t for n, t in ears.items() if n.startswith("encoder.")})
    network.adapter.load_state_dict({n[8:]: t for n, t in ears.items() if n.startswith("adapter.")})


def train_loop(recipe: NanoRecipe, store: ClipStore, bundle: Bundle) -> Path:
    """Stage 2: streams composed afresh, dual loss; writes the averaged model at each evaluation."""
    labels = {label: i + 1 for i, label in enumerate(bundle.config.labels)}
    make = StreamMaker(
        store,
        "train",
        0,
        recipe.streams,
        recipe.augment,
        bundle.grammar,
        labels,
        bundle.config.chunk_samples,
        recipe.instant_share,
    )
    as_judged = dataclasses.replace(
        make, split="valid", seed=1_000_000, config=bench_config(), augment=None, instant_share=1.0
    )
    evaluation = [as_judged(i) for i in range(recipe.valid_streams)]
    folder = recipe.out / "model"

    def keep(now: Trainer, found: Evaluation) -> None:
        log.info("step %d: %s", now.step, found)
        averaged = dataclasses.replace(bundle, network=now.averaged_model())
        save_folder(averaged, folder, recipe.storage)

    hearing_head: nn.Linear | None = None
    for number, config in enumerate(recipe.loop, start=1):
        streams = dataclasses.replace(make, seed=config.seed)
        trainer = Trainer(bundle.network, len(labels) + 1, streams, config, recipe.out / f"loop{number}", hearing_head)
        trainer.run(evaluation, keep)
        bundle, hearing_head = dataclasses.replace(bundle, network=trainer.averaged_model()), trainer.hearing_head
    return folder
