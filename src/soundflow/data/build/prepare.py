"""What a build asks endpoints for, before the first stream: scenes, an audit of silence, and sounds that are scarce.

It is done once, in one process, and kept in the corpus' folder; workers read files, so a build stays the same whatever
their number, and goes on after a kill with what was asked. Tests: tests/data/build/test_prepare.py.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from soundflow.data.build.shard import Row, write_lines
from soundflow.data.clips import user_cache_dir
from soundflow.data.curate.chat_planner import Names
from soundflow.data.curate.grammar import Scene
from soundflow.data.curate.made_clips import Maker, make_clips, requests_for
from soundflow.data.curate.scenes import ask_for_scenes, read_scenes, write_scenes
from soundflow.data.curate.silence import Candidate, audit, write_audit
from soundflow.data.endpoints.asking import Asker, Refusal
from soundflow.data.json_lines import lines_of
from soundflow.data.library import Library

if TYPE_CHECKING:
    from soundflow.data.build.run import Order

SCENES_NAME = "scenes.jsonl"
SILENCE_NAME = "silence.jsonl"
SOUNDS_NAME = "sounds"  # a folder of clips
REFUSED_NAME = "refused.jsonl"  # written last: with it the preparation is finished
ANSWERS_NAME = "answers"  # in the cache: right answers, by what was asked

Pause = Callable[[float], None]


def prepare(order: Order, library: Library, pause: Pause = time.sleep) -> tuple[Order, list[Row]]:
    """Ask the endpoints of a recipe, or find what was asked before.

    Args:
        pause: waits so many seconds after an outage.

    Returns:
        The order as workers take it, its recipe naming files and its folders the made sounds; a row for every answer
        that was not believed.

    Raises:
        InputError: a key is not in the environment.
        OutsideError: an endpoint refuses us for good, or the disk does.
    """
    recipe, out = order.recipe, Path(order.out)
    if not (recipe.chat.is_set or recipe.sounds.is_set):
        return order, []
    if not (out / REFUSED_NAME).exists():
        cache = (Path(order.cache) if order.cache else user_cache_dir()) / ANSWERS_NAME
        refused = [*_ask_chat(order, library, cache, pause), *_ask_sounds(order, library, cache, pause)]
        write_lines(out / REFUSED_NAME, [refusal.to_row() for refusal in refused])
    rows = [json.loads(line) for line in lines_of(out / REFUSED_NAME)]
    if recipe.chat.is_set:
        silence = recipe.silence or str(out / SILENCE_NAME)
        recipe = dataclasses.replace(recipe, scenes=str(out / SCENES_NAME), silence=silence)
        order = dataclasses.replace(order, recipe=recipe)
    if (out / SOUNDS_NAME / "clips.jsonl").exists():
        order = dataclasses.replace(order, folders=(*order.folders, str(out / SOUNDS_NAME)))
    return order, rows


def names_of(library: Library) -> Names:
    """Every event's label with its names."""
    return {label: library.synonyms(label) for label in _events(library)}


def candidates(library: Library) -> list[Candidate]:
    """Every event's label as one that may stand for silence."""
    found = []
    for label in _events(library):
        clips = library.by_label[label]
        written = dict.fromkeys(str(clip.extra.get("caption") or clip.extra.get("title") or "") for clip in clips)
        flags = {clip.proactive for clip in clips}
        proactive = flags.pop() if len(flags) == 1 else None
        captions = tuple(text for text in written if text)
        found.append(Candidate(label, library.synonyms(label), clips[0].category or "", proactive, captions))
    return found


def _ask_chat(order: Order, library: Library, cache: Path, pause: Pause) -> list[Refusal]:
    recipe, out = order.recipe, Path(order.out)
    if not recipe.chat.is_set:
        return []
    from soundflow.data.endpoints.chat import ask_endpoint

    asker = Asker(ask_endpoint(recipe.chat), cache, recipe.chat.model, pause=pause)
    given = read_scenes(Path(recipe.scenes)) if recipe.scenes else ()
    planned = ask_for_scenes(asker, names_of(library), recipe.planned_scenes, order.seed)
    write_scenes([*given, *planned], out / SCENES_NAME)
    if recipe.silence:
        return asker.refusals
    audited = audit(candidates(library), asker)
    write_audit(audited, out / SILENCE_NAME)
    taken = [found for found in audited if found.by == "endpoint" and found.ruling != "silent"]
    taken_away = [Refusal(f"silence of {found.label}", 0, "not silent", found.reason) for found in taken]
    return [*asker.refusals, *taken_away]


def _ask_sounds(order: Order, library: Library, cache: Path, pause: Pause) -> list[Refusal]:
    recipe, out = order.recipe, Path(order.out)
    if not recipe.sounds.is_set:
        return []
    from soundflow.data.generate.endpoint import SoundEndpoint

    place = out / SCENES_NAME if recipe.chat.is_set else Path(recipe.scenes) if recipe.scenes else None
    captions = captions_for(library, read_scenes(place) if place else ())
    counts = {label: len({clip.recording for clip in library.by_label[label]}) for label in _events(library)}
    asked = requests_for(counts, captions, recipe.sounds.below, recipe.sounds.per_label, recipe.sounds.seconds)
    like = {label: library.by_label[label][0] for label in counts}
    maker = Maker(SoundEndpoint(recipe.sounds), cache, pause)
    return make_clips(maker, asked, like, recipe.split, out / SOUNDS_NAME)


def captions_for(library: Library, scenes: Iterable[Scene]) -> dict[str, list[str]]:
    """What each label's sound is asked for with: captions of refined scenes, else a plain clause."""
    found: dict[str, list[str]] = {label: [] for label in _events(library)}
    for scene in scenes:
        for label, own in scene.refined.items():
            if label in found and own.caption not in found[label]:
                found[label].append(own.caption)
    return {label: captions or [f"{library.phrases(label).clause}."] for label, captions in found.items()}


def _events(library: Library) -> tuple[str, ...]:
    return tuple(label for label, clips in library.by_label.items() if clips[0].kind == "event")
