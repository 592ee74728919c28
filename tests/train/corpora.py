"""A corpus in `data build`'s layout and a model to start from, both tiny: tones that must be answered, in noise."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import torch

from soundflow.data.build.run import CLAIM_NAME, INDEX_NAME
from soundflow.data.build.shard import Member, shard_name, write_shard
from soundflow.data.build.table import write_table
from soundflow.data.timeline import Decision, Reply, StreamEvent, Timeline
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.ours import save_folder
from soundflow.model.network import AudioInteractionModel, initialise
from soundflow.model.tokens import TextTokenizer
from soundflow.train.feed import Documents
from soundflow.train.shards import ShardStreams
from soundflow.train.stages import PAPER, Stage
from tests.model.conftest import TEXTS, small_config

SUB_TASKS = ("safety_alert", "keep_silent", "event_narration", "asr_read_speech_en")
CHUNK = 6400  # samples
STAGE = dataclasses.replace(
    PAPER[4],
    steps=4,
    batch_size=4,
    micro_batch=2,
    learning_rate=1e-3,
    mix={},
    mix_ins=dataclasses.replace(PAPER[4].mix_ins, history_review=0.3, silence=0.4, proactive=0.3),
    bfloat16=False,
    checkpointing=False,
)


def event(chunk: int, responds: bool, chunks: int = 1) -> StreamEvent:
    """A sound that fills some chunks, answered at its end or let pass."""
    onset, end = chunk * 0.4, (chunk + chunks) * 0.4
    decision: Decision = "respond" if responds else "ignore"
    reply = Reply("A dog is barking.", "normal") if responds else None
    where = ("event", "foreground", decision, reply, "c", "r", "CC0-1.0", "tones", 0.0)
    return StreamEvent(onset, end, end, "dog_bark", *where)  # type: ignore[arg-type]


VOICE = dataclasses.replace(event(0, False), kind="speech", label="speech_voice", content="Say what you hear.")


def stream(index: int, chunks: int) -> tuple[np.ndarray[Any, np.dtype[np.float32]], Timeline]:
    """Noise with a high tone that is answered and a low one that is not."""
    rng = np.random.default_rng(index)
    samples = rng.normal(0, 0.01, chunks * CHUNK).astype(np.float32)
    events = []
    for at, rate, responds in ((1, 0.4, True), (3, 0.1, False)):
        place = at + index % 2
        samples[place * CHUNK : (place + 1) * CHUNK] += (0.4 * np.sin(np.arange(CHUNK) * rate)).astype(np.float32)
        events.append(event(place, responds))
    return samples, Timeline(chunks * 0.4, 0.4, None, SUB_TASKS[index % 4], tuple(events))


def write_corpus(folder: Path, streams: int = 8, chunks: int = 6, first: int = 0, aloud: Collection[int] = ()) -> Path:
    """A finished corpus of two shards; `first` numbers its first sound, `aloud` are the streams asked by a voice."""
    folder.mkdir(parents=True)
    rows: list[dict[str, Any]] = []
    half = -(-streams // 2)
    for number in range(2):
        own: list[dict[str, Any]] = []
        members = []
        for index in range(number * half, min(streams, (number + 1) * half)):
            samples, line = stream(first + index, chunks + index % 3)
            line = dataclasses.replace(line, events=(VOICE, *line.events)) if index in aloud else line
            key, task = f"{index:09d}", SUB_TASKS[index % 4]
            notes = ["silence"] if index % 4 == 1 else []
            annotation: dict[str, Any] = {"key": key, "sub_task": task, "mix_ins": notes}
            annotation |= {"spoken_instruction": index in aloud, "timeline": dataclasses.asdict(line)}
            members.append(Member(key, samples, annotation))
            row = {"key": key, "shard": shard_name(number), "sub_task": task, "mix_ins": notes}
            own.append(row | {"spoken_instruction": index in aloud})
        write_shard(folder, number, "flac", members, own, [])
        rows += own
    write_table(folder / INDEX_NAME, rows)
    (folder / CLAIM_NAME).write_text(json.dumps({"seed": 0}))
    return folder


def small_start(**changes: object) -> Bundle:
    """A shrunk nano with weights that are always the same."""
    tokenizer = TextTokenizer.train(TEXTS, 300)
    config = small_config(**changes)
    config = dataclasses.replace(config, decoder=dataclasses.replace(config.decoder, vocab_size=tokenizer.vocab_size))
    network = AudioInteractionModel(config)
    generator = torch.Generator().manual_seed(1)
    initialise(network, generator)
    with torch.no_grad():
        for p in network.encoder.parameters():
            p.normal_(0, 0.05, generator=generator)
    return Bundle(network.eval().requires_grad_(False), tokenizer, config, "small")


def write_start(folder: Path) -> Path:
    """That model as a folder."""
    save_folder(small_start(), folder)
    return folder


def documents(corpus: Path, stage: Stage = STAGE) -> Documents:
    """The documents of a corpus as the small model learns from them."""
    bundle = small_start()
    return Documents(ShardStreams([corpus], stage, stage.seed), bundle.grammar, 0.4, stage)
