"""One stream of a corpus: its sub-task is drawn, its script written, composed, verified and described.

Number `index` of a seed is the same stream whoever makes it. Tests: tests/data/build/test_stream.py.
"""

from __future__ import annotations

import dataclasses
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundflow.data.augment import augment
from soundflow.data.build.fitting import Room, fitted
from soundflow.data.build.recipe import Recipe, shares
from soundflow.data.build.shard import Row
from soundflow.data.build.verify import Fault, verify_labels
from soundflow.data.clips import Clip
from soundflow.data.compose import ComposeConfig, Composition, SourceClip, compose
from soundflow.data.curate.scenes import read_scenes
from soundflow.data.curate.silence import read_not_silent
from soundflow.data.generate.catalogue import generated_sound
from soundflow.data.library import Library, is_generated
from soundflow.data.mixing import FRAME, active
from soundflow.data.streams import QUIET_SNR_DB, coloured_noise, cut, pauses_seconds
from soundflow.data.tasks.material import Material, pick, plain, spoken
from soundflow.data.tasks.plan import Choice
from soundflow.data.tasks.registry import SILENT_SUB_TASK, capability_of
from soundflow.data.tasks.script import Part, Said, Script
from soundflow.data.tasks.stand_ins import stand_in_for
from soundflow.data.tasks.subtasks import BUILDERS
from soundflow.data.tasks.subtasks.mix_ins import REVIEW, SPOKEN_OF, mix_in
from soundflow.data.timeline import SAMPLE_RATE, Reply, Timeline, Turn, chunk_of, joined
from soundflow.errors import InputError

Samples = NDArray[np.float32]

GOLDEN = (math.sqrt(5) - 1) / 2  # steps by it fill an interval evenly: few streams already meet every sub-task
SHORTEST_NOISE_SECONDS = 1.0
QUIET_SECONDS = (16.0, 24.0)  # of a stream without clips, where it may be so long; as the bench's
OTHER_DRAW = ("material.no_events", "material.no_event")  # a scene found no clip; the next one may
COLOURED_CLIP = "generated"


@dataclass(frozen=True)
class Workshop:
    """What streams are made from: the same for every worker."""

    recipe: Recipe
    seed: int
    library: Library
    material: Material


@dataclass(frozen=True)
class Made:
    """A stream that passed, and what was rejected on the way to it."""

    composition: Composition
    sub_task: str
    script: Script
    index: int
    attempt: int
    noise: dict[str, float]  # seconds of the recordings the noise tracks were tiled from
    late_cues: int = 0  # decisions more than a chunk away from their sound; only the ablation without TFJP keeps them


class Draws:
    """Generators by purpose: number `index` of a seed draws the same whoever asks."""

    def __init__(self, seed: int, index: int, attempt: int) -> None:
        self._seeds = (seed, index, attempt)

    def __call__(self, purpose: str) -> np.random.Generator:
        """A fresh generator for a purpose."""
        return np.random.default_rng([*self._seeds, zlib.crc32(purpose.encode())])


def workshop(recipe: Recipe, seed: int, library: Library) -> Workshop:
    """Everything a worker needs."""
    scenes = read_scenes(Path(recipe.scenes)) if recipe.scenes else ()
    not_silent = read_not_silent(Path(recipe.silence)) if recipe.silence else frozenset[str]()
    turns, share = recipe.turns, recipe.quick_turns_share
    material = Material(
        library, recipe.curation, recipe.tfjp, turns, share, scenes, not_silent, recipe.quiet, recipe.calls
    )
    return Workshop(recipe, seed, library, material)


def sub_task_of(recipe: Recipe, seed: int, index: int) -> str:
    """Which sub-task stream number `index` has: spread evenly by the recipe's shares."""
    start = float(np.random.default_rng([seed, zlib.crc32(b"sub-task")]).random())
    at, names = (start + index * GOLDEN) % 1.0, shares(recipe)
    for name, share in names.items():
        if at < share:
            return name
        at -= share
    return next(reversed(names))


def make(shop: Workshop, index: int) -> tuple[Made | None, list[Row]]:
    """Make one stream; a rejected one is drawn anew a few times.

    Without TFJP clips keep the silence around their sound, and decisions at their ends come late: that is what the
    ablation shows, so there they are counted and kept.

    Returns:
        The stream, or None where no attempt passed; a row for every attempt that was rejected.
    """
    rejected: list[Row] = []
    sub_task = sub_task_of(shop.recipe, shop.seed, index)
    for attempt in range(shop.recipe.attempts):
        try:
            made, faults = _attempt(shop, sub_task, index, attempt)
        except InputError as error:
            rejected.append(_rejection(index, attempt, sub_task, Fault(error.code, str(error))))
            if error.code.startswith(("material.", "music.")) and error.code not in OTHER_DRAW:
                break  # there is nothing to draw from, and there will not be
            continue
        late = [] if shop.recipe.tfjp else [fault for fault in faults if fault.code == "cue"]
        faults = [fault for fault in faults if fault not in late]
        if not faults:
            return dataclasses.replace(made, late_cues=len(late)), rejected
        rejected += [_rejection(index, attempt, sub_task, fault) for fault in faults[:1]]
    return None, rejected


def _rejection(index: int, attempt: int, sub_task: str, fault: Fault) -> Row:
    return {
        "stream": index,
        "attempt": attempt,
        "sub_task": sub_task,
        "code": fault.code,
        "reason": fault.message,
    }


def _attempt(shop: Workshop, sub_task: str, index: int, attempt: int) -> tuple[Made, list[Fault]]:
    draw, recipe = Draws(shop.seed, index, attempt), shop.recipe
    script = BUILDERS[sub_task](shop.material, draw("script"))
    if not script.replies and sub_task != SILENT_SUB_TASK:
        raise InputError("stream.no_answer", "no clip was found that calls for an answer", "give more clips")
    chances = dataclasses.astuple(recipe.mix_ins)
    script = mix_in(script, sub_task, shop.material, draw("mix in"), chances)
    script = _fitted(script, sub_task in SPOKEN_OF or REVIEW in script.notes, shop, draw)
    sources = [_source(shop, part, draw(f"clip {i}")) for i, part in enumerate(script.parts)]
    noise = _noise(shop, script, draw)
    composition = compose(sources, *noise, _setting(shop, script, sources, draw), draw, script.instruction, sub_task)
    composition = _with_turns(composition, script.parts, sources)
    tracks = {clip.clip: clip.samples for clip in noise}
    behind = {source.clip: source.samples for source in sources if source.role != "foreground"}
    faults = verify_labels(
        composition.samples, composition.timeline, tracks.__getitem__, behind.__getitem__, recipe.compose
    )
    lengths = {name: len(samples) / SAMPLE_RATE for name, samples in tracks.items()}
    return Made(composition, sub_task, script, index, attempt, lengths), faults


def _asked_aloud(script: Script, shop: Workshop, rng: np.random.Generator) -> Script:
    """The script with its instruction said by a voice, where there is one and the draw falls so."""
    voices = shop.material.instructions.get(plain(script.instruction or ""), ())
    if not voices or rng.random() >= shop.recipe.spoken_instructions:
        return script
    return script.asked_by(spoken(pick(rng, voices)))


def _setting(shop: Workshop, script: Script, sources: Sequence[SourceClip], draw: Draws) -> Any:
    """The recipe's composition, with what this script needs, over a whole number of chunks."""
    config = _paced(script, shop)
    if script.snr_db is not None:
        config = dataclasses.replace(config, snr_db=script.snr_db)
    heard = [clip for clip in sources if clip.role == "foreground"]
    if not heard:
        seconds = float(draw("length").uniform(*QUIET_SECONDS)) * min(1.0, _most_seconds(shop) / QUIET_SECONDS[1])
        config = dataclasses.replace(config, snr_db=QUIET_SNR_DB)
    else:
        seconds = pauses_seconds(len(heard), config, draw) + sum(len(clip.samples) for clip in heard) / SAMPLE_RATE
    whole = math.ceil(round(seconds / config.chunk_seconds, 6)) * config.chunk_seconds
    return dataclasses.replace(config, least_seconds=whole)


def _paced(script: Script, shop: Workshop) -> ComposeConfig:
    """The recipe's composition with the script's own pauses."""
    config = shop.recipe.compose
    return config if script.gap_seconds is None else dataclasses.replace(config, gap_seconds=script.gap_seconds)


def _most_seconds(shop: Workshop) -> float:
    """The recipe's limit in whole chunks, for a stream has no half ones."""
    chunk = shop.recipe.compose.chunk_seconds
    return math.floor(round(shop.recipe.most_seconds / chunk, 6)) * chunk


def _fitted(script: Script, whole: bool, shop: Workshop, draw: Draws) -> Script:
    """The script within the recipe's length, asked aloud where the draw falls so and there is time for it.

    Args:
        whole: answers are about sounds that are not answered themselves, none of which may be missing.

    Raises:
        InputError: no answer fits, or a part would have to go that an answer speaks of.
    """
    aloud = _asked_aloud(script, shop, draw("spoken instruction"))
    room = _room(script, shop, draw)
    found = fitted(aloud, whole, room)
    if found is None and aloud.asked_aloud:
        found = fitted(script, whole, room)
    if found is None:
        what = "every sound that is spoken of" if whole else "any answer"
        message = f"more than {shop.recipe.most_seconds:g} s with {what}"
        raise InputError("stream.too_long", message, "give most_seconds more, or turns less")
    return found


def _room(script: Script, shop: Workshop, draw: Draws) -> Room:
    """What a stream of this script may last; clips count as if each were played as slowly as any may be."""
    config, changes = _paced(script, shop), shop.recipe.augment
    stretch = 1 / min(1.0, changes.speed[0]) if changes is not None and changes.speed_share > 0 else 1.0

    @cache  # what fits is tried again and again
    def generated_seconds(place: int, label: str) -> float:
        return len(generated_sound(label, draw(f"clip {place}"))) / SAMPLE_RATE

    def lasting(place: int, part: Part) -> float:
        if is_generated(part.clip):
            return generated_seconds(place, part.clip.label)
        return shop.library.seconds(part.clip, shop.recipe.tfjp)

    return Room(_most_seconds(shop), lambda count: pauses_seconds(count, config, draw), lasting, stretch)


def _source(shop: Workshop, part: Part, rng: np.random.Generator) -> SourceClip:
    clip, made = part.clip, is_generated(part.clip)
    whole = generated_sound(clip.label, rng) if made else shop.library.samples(clip, shop.recipe.tfjp)
    samples, start = cut(whole, round(part.longest_seconds * SAMPLE_RATE), rng)
    content = clip.content_of(samples, whole)
    if shop.recipe.augment is not None:
        samples = augment(samples, rng, shop.recipe.augment)
    choice = part.choice if not part.said else Choice("respond", None)
    return SourceClip(
        samples=samples,
        label=clip.label,
        clip=clip.id,
        kind=clip.kind,
        recording=clip.recording,
        licence=clip.licence,
        source=clip.source,
        role=part.role,
        decision=choice.decision,
        reply=choice.reply,
        early_cue=choice.early_cue and not part.said,
        preprocessed=True,
        clip_offset=start / SAMPLE_RATE,
        synthetic=made or clip.synthetic,
        content=content,
    )


def _noise(shop: Workshop, script: Script, draw: Draws) -> tuple[SourceClip, SourceClip]:
    """An event-like and an ambient track, of the script's place where it knows one."""
    fitting = [clip for label in script.ambience for clip in shop.library.by_label.get(label, ())]
    return _noise_track(shop, fitting, draw("noise clip event")), _noise_track(
        shop, fitting, draw("noise clip ambient")
    )


def _noise_track(shop: Workshop, fitting: Sequence[Clip], rng: np.random.Generator) -> SourceClip:
    pool = [c for c in fitting if shop.library.seconds(c, False) >= SHORTEST_NOISE_SECONDS]
    pool = pool or [
        c for c in shop.library.of_kind("background") if shop.library.seconds(c, False) >= SHORTEST_NOISE_SECONDS
    ]
    if not pool:
        return dataclasses.replace(coloured_noise(rng), clip=f"{COLOURED_CLIP}:{int(rng.integers(2**31))}")
    clip = pool[int(rng.integers(len(pool)))]
    samples = shop.library.samples(clip, False)
    return SourceClip(
        samples, clip.label, clip.id, clip.kind, clip.recording, clip.licence, clip.source, preprocessed=True
    )


def _with_turns(composition: Composition, parts: Sequence[Part], sources: Sequence[SourceClip]) -> Composition:
    """The composition with what is said during its parts, one reply a chunk."""
    if not any(part.said for part in parts):
        return composition
    line = composition.timeline
    heard = [i for i, event in enumerate(line.events) if event.role == "foreground"]
    pairs = [(p, s) for p, s in zip(parts, sources, strict=True) if s.role == "foreground" and len(s.samples)]
    turns: list[Turn] = []
    for (part, source), event in zip(pairs, heard, strict=True):
        times = [line.events[event].onset + at for at in sounding_times(source.samples, part.said)]
        turns += _by_chunk(part.said, times, event, line)
    return Composition(composition.samples, dataclasses.replace(line, turns=tuple(turns)))


def sounding_times(samples: Samples, said: Sequence[Said]) -> list[float]:
    """When each share of a clip's sounding frames is over, in seconds of the clip."""
    sounding = np.flatnonzero(active(samples))
    if not len(sounding):
        return [len(samples) / SAMPLE_RATE] * len(said)
    last = [int(sounding[max(0, math.ceil(round(s.share * len(sounding), 9)) - 1)]) for s in said]
    return [min((frame + 1) * FRAME, len(samples)) / SAMPLE_RATE for frame in last]


def _by_chunk(said: Sequence[Said], times: Sequence[float], event: int, line: Timeline) -> list[Turn]:
    turns: list[Turn] = []
    for piece, at in zip(said, times, strict=True):
        if turns and chunk_of(turns[-1].at, line.chunk_seconds) == chunk_of(at, line.chunk_seconds):
            text = joined((turns[-1].reply.text, piece.reply.text))
            turns[-1] = Turn(at, Reply(text, piece.reply.emotion), event)
        else:
            turns.append(Turn(at, piece.reply, event))
    return turns


def annotation(made: Made, shop: Workshop, key: str) -> dict[str, Any]:
    """What stands beside a stream's sound in its shard."""
    return {
        "key": key,
        "sub_task": made.sub_task,
        "capability": capability_of(made.sub_task),
        "seed": shop.seed,
        "index": made.index,
        "attempt": made.attempt,
        "curation": shop.recipe.curation,
        "tfjp": shop.recipe.tfjp,
        "augmented": shop.recipe.augment is not None,
        "spoken_instruction": made.script.asked_aloud,
        "place": made.script.place,
        "mix_ins": list(made.script.notes),
        "crossfade_seconds": shop.recipe.compose.crossfade_seconds,
        "noise_seconds": {name: round(seconds, 6) for name, seconds in made.noise.items()},
        "asr_checked": _asr_checked(made),
        "stand_in_for": _stand_in_for(made),
        "late_cues": made.late_cues,
        "timeline": dataclasses.asdict(made.composition.timeline),
    }


def _asr_checked(made: Made) -> bool | None:
    """Whether every made voice of the stream was checked by an ASR; None where there is no made voice."""
    voices = [part.clip for part in made.script.parts if part.clip.extra.get("line")]
    return all(bool(clip.extra.get("asr_checked")) for clip in voices) if voices else None


def _stand_in_for(made: Made) -> str | None:
    """The corpus that the stream's speech stands in for, or None."""
    spoken = {part.clip.source for part in made.script.parts if part.clip.kind == "speech"}
    return stand_in_for(made.sub_task, spoken)


def row_of(made: Made, shop: Workshop, key: str, shard: str) -> Row:
    """The index row of a stream."""
    line = made.composition.timeline
    responses = line.responses
    licences = sorted({e.licence for e in line.events} | {n.licence for n in line.noise})
    heard = [e for e in line.events if e.role == "foreground"]
    chunks = round(line.seconds / line.chunk_seconds)
    domains = {str(part.clip.category) for part in made.script.parts if part.clip.category}
    return {
        "key": key,
        "shard": shard,
        "index": made.index,
        "attempt": made.attempt,
        "sub_task": made.sub_task,
        "capability": capability_of(made.sub_task),
        "spoken_instruction": made.script.asked_aloud,
        "seconds": round(line.seconds, 6),
        "chunks": chunks,
        "events": len(heard),
        "responses": len(responses),
        "response_words": sum(_words(reply.text) for _, reply, _ in responses),
        "silent_share": round(1 - len({chunk for chunk, _, _ in responses}) / max(1, chunks), 6),
        "snr_db": round(min((n.snr_db for n in line.noise), default=0.0), 3),
        "labels": sorted({e.label for e in line.events}),
        "domains": sorted(domains),
        "sources": sorted({e.source for e in line.events} | {n.source for n in line.noise}),
        "licences": licences,
        "synthetic_share": round(sum(e.synthetic for e in line.events) / max(1, len(line.events)), 6),
        "place": made.script.place,
        "mix_ins": list(made.script.notes),
        "has_instruction": line.instruction is not None,
        "asr_checked": _asr_checked(made),
        "stand_in_for": _stand_in_for(made) or "",
        "late_cues": made.late_cues,
    }


def _words(text: str) -> int:
    """Words, or characters where a text has no spaces between its words."""
    return sum(len(word) if not word.isascii() else 1 for word in text.split())
