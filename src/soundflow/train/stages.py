"""The paper's four stages as values: what is learned, from which streams, how long and how fast.

A recipe states only where it differs (`stages_of`). Knows nothing of networks or files.
Tests: tests/train/test_stages.py.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from soundflow.data.build.recipe import MixIns
from soundflow.data.tasks.registry import CAPABILITIES, SUB_TASKS
from soundflow.errors import UsageError
from soundflow.train.recipe import build

Part = Literal["head", "adapter", "lm", "encoder"]
Form = Literal["single", "interleaved", "listening"]
PARTS = ("head", "adapter", "lm", "encoder")

# Stages 1 to 3 learn "core capabilities": audio understanding, speech recognition, spoken dialogue (paper §3.3).
CORE = ("real_time_asr", "streaming_translation", "voice_chatting", "streaming_audio_understanding", "following_music")


@dataclass(frozen=True)
class Stage:
    """One stage; the defaults are the paper's where all its stages agree, else those of `PAPER`.

    Attributes:
        trains: `head` is the LM head and the rows of the control tokens, `lm` the whole language model, head and
            table included.
        form: `single` ends a stream behind its first reply, (instruction, sound → reply); `interleaved` keeps all of
            them, (instruction, sound, reply, sound, sound, reply …); `listening` is sound alone, nothing is said or
            decided, and only `hearing_weight` teaches (ours).
        mix: shares of capabilities or sub-tasks, relative to each other; empty takes every stream alike.
        mix_ins: chance that a drawn stream holds each; 0 leaves such streams out. They are put in by `data build`.
    """

    number: int
    trains: tuple[Part, ...]
    steps: int
    batch_size: int  # streams of one step, over all processes
    micro_batch: int  # streams of one process in one pass; the rest is accumulated
    learning_rate: float
    form: Form = "single"
    mix: Mapping[str, float] = field(default_factory=dict)
    mix_ins: MixIns = field(default_factory=lambda: MixIns(0.0, 0.0, 0.0))
    stream_weight: float = 1.0  # λ
    hearing_weight: float = 0.0  # of naming what each chunk holds, beside the paper's loss (docs/decisions/0015)
    asked_weight: float = 0.0  # of naming what was asked, beside the paper's loss (docs/decisions/0017)
    most_chunks: int = 60  # L_max: 24 s
    warmup: float = 0.03  # share of the steps, then a cosine to zero
    weight_decay: float = 0.01
    clip: float = 1.0  # of the gradient's norm
    bfloat16: bool = True
    checkpointing: bool = True  # activations of the decoder's layers are computed again instead of kept
    feature_dropout: float = 0.0  # of what the encoder heard, before the adapter projects it
    instant_share: float = 0.5  # of the streams whose replies take no time; the rest replay flushes (ruling 4)
    offline_share: float = 0.0  # of the streams with one reply left, those that are asked about as whole recordings
    respoken_share: float = 0.0  # of the streams that a voice out of another one can open (docs/decisions/0019)
    encoder_rate: float = 1.0  # share of the learning rate at which an encoder learns that is trained, too
    lora_rank: int = 0  # above 0, `lm` learns matrices of this rank beside its own, which stand still
    seed: int = 0


def _paper() -> dict[int, Stage]:
    core = dict.fromkeys(CORE, 1.0)
    return {
        1: Stage(1, ("head",), 5_000, 512, 8, 1e-4, mix=core),
        2: Stage(2, ("adapter",), 20_000, 1024, 8, 1e-4, mix=core),
        3: Stage(3, ("adapter", "lm"), 80_000, 1024, 4, 5e-5, mix=core),
        4: Stage(
            *(4, ("adapter", "lm"), 15_000, 1024, 2, 1e-5),
            form="interleaved",
            mix=dict.fromkeys(CAPABILITIES, 1.0),
            mix_ins=MixIns(history_review=0.30, silence=0.40, proactive=0.30),
        ),
    }


PAPER = _paper()
"""Stages 1 to 4 as in the paper's table of configurations (appendix "Experiments Details"); the shares of `mix` are
ours, for the paper names the capabilities of a stage and not how much of each."""


def title_of(place: int, number: int) -> str:
    """What a stage is called: its place in the recipe, as in folders and overrides, and its number in the paper."""
    return f"stage {place}" if place == number else f"stage {place} (the paper's {number})"


def stages_of(tables: Sequence[Mapping[str, Any]], where: str) -> tuple[Stage, ...]:
    """Stages out of a recipe's `[[stage]]` tables, each with a `number` and what differs from the paper.

    Raises:
        UsageError: an unknown key, capability or sub-task (the nearest is named), a value that makes no sense.
    """
    if not tables:
        raise UsageError("stages.none", f"{where} has no [[stage]]", "write at least one, with its number")
    return tuple(_stage(table, f"{where}: stage {i}") for i, table in enumerate(tables, start=1))


def _stage(table: Mapping[str, Any], where: str) -> Stage:
    number = table.get("number")
    if number not in PAPER:
        raise UsageError("stages.number", f"{where}: number is {number!r}", "give 1, 2, 3 or 4")
    usual = dataclasses.asdict(PAPER[number])
    given = dict(table)
    if isinstance(given.get("mix_ins"), Mapping):
        given["mix_ins"] = {**usual["mix_ins"], **given["mix_ins"]}
    if not isinstance(given.get("mix", {}), Mapping):
        _refuse(where, "mix", given["mix"], "a table of shares")
    stage = build(Stage, {**usual, **given}, where)
    _check(stage, where)
    return stage


def _check(stage: Stage, where: str) -> None:
    _known(stage.trains, PARTS, f"{where}: trains")
    _known(stage.mix, (*CAPABILITIES, *SUB_TASKS), f"{where}: mix")
    for name in ("steps", "batch_size", "micro_batch", "most_chunks", "learning_rate", "clip"):
        if getattr(stage, name) <= 0:
            _refuse(where, name, getattr(stage, name), "more than 0")
    chances = {"mix_ins." + name: chance for name, chance in dataclasses.asdict(stage.mix_ins).items()}
    shares = {
        name: getattr(stage, name)
        for name in ("warmup", "instant_share", "offline_share", "respoken_share", "encoder_rate", "feature_dropout")
    }
    for name, value in (chances | shares).items():
        if not 0 <= value <= 1:
            _refuse(where, name, value, "0 to 1")
    if not stage.trains:
        _refuse(where, "trains", stage.trains, f"some of {', '.join(PARTS)}")
    if stage.mix and (min(stage.mix.values()) < 0 or not sum(stage.mix.values())):
        _refuse(where, "mix", dict(stage.mix), "shares from 0, one of them above")
    if stage.form == "listening" and not stage.hearing_weight:
        _refuse(where, "hearing_weight", 0.0, "above 0 where form is listening: nothing else is learned there")
    for name in ("hearing_weight", "asked_weight", "stream_weight", "weight_decay", "seed"):
        if getattr(stage, name) < 0:
            _refuse(where, name, getattr(stage, name), "0 or more")
    if stage.lora_rank < 0 or (stage.lora_rank and "lm" not in stage.trains):
        _refuse(where, "lora_rank", stage.lora_rank, "0, or a rank where `lm` is trained")


def _known(names: Any, known: Sequence[str], where: str) -> None:
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
            raise UsageError("stages.unknown", f"{where}: unknown {name!r}", hint)


def _refuse(where: str, name: str, value: object, expected: str) -> None:
    raise UsageError("stages.value", f"{where}: {name} is {value!r}", f"expected {expected}")
