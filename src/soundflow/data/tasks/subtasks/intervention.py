"""Proactive respond: nobody asked, and one sound calls for a word; or none does.

Source: paper, appendix "Proactive-Sound-Bench": sudden illness or discomfort, severe weather, possible equipment
damage, hazardous signals. Tests: tests/data/build/test_stream.py.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from soundflow.data.clips import Clip
from soundflow.data.tasks import proactive
from soundflow.data.tasks.material import Material, pick, spoken
from soundflow.data.tasks.script import Part, Script

HEALTH = "Human Sound Signals"
EQUIPMENT = ("Equipment", "Traffic / Vehicle", "Daily Living Sounds / Housekeeping")
ALSO_EQUIPMENT = ("water_drops", "electric_spark", "engine_knock")  # damage that the domain's name does not tell
PIECE_SECONDS = 9.0  # of music where nothing is to be said, out of a track that may last minutes


def safety_alert(material: Material, rng: np.random.Generator) -> Script:
    """Hazards and severe weather among everyday sounds."""
    return _calling(material, rng, labels_of(material, "safety"))


def health_and_comfort(material: Material, rng: np.random.Generator) -> Script:
    """Illness, discomfort and distress among everyday sounds."""
    return _calling(material, rng, labels_of(material, "health"))


def equipment_warning(material: Material, rng: np.random.Generator) -> Script:
    """Machines and fittings that want to be looked after."""
    return _calling(material, rng, labels_of(material, "equipment"))


def keep_silent(material: Material, rng: np.random.Generator) -> Script:
    """Sounds, speech, music or just a place, and not a word; `material.quiet` says how often each that is there."""
    there = {"events": material.harmless, "speech": material.overheard, "music": material.played, "background": True}
    shares = {kind: share for kind, share in dataclasses.asdict(material.quiet).items() if share and there[kind]}
    shares = shares or {"events": 1.0}  # which says that there is none
    kind = rng.choice(list(shares), p=np.array(list(shares.values())) / sum(shares.values()))
    if kind == "background":
        return Script(None, ())
    if kind == "speech":
        return Script(None, tuple(map(spoken, _every_label_alike(material.overheard, material.count(rng), rng))))
    if kind == "music":
        pieces = _every_label_alike(material.played, int(rng.integers(2, 5)), rng)
        return Script(None, tuple(Part(clip, longest_seconds=PIECE_SECONDS) for clip in pieces))
    scene = material.scene(rng, allowed=material.harmless)
    return Script(None, scene.parts, scene.place, ambience=scene.ambience)


def _every_label_alike(clips: Mapping[str, Sequence[Clip]], count: int, rng: np.random.Generator) -> list[Clip]:
    """A label is drawn before a clip: else the label with most clips is all that is learned."""
    return [pick(rng, clips[pick(rng, list(clips))]) for _ in range(count)]


def labels_of(material: Material, domain: str) -> tuple[str, ...]:
    """Labels that call for advice in one of the three domains."""
    return tuple(label for label in material.speaks if domain_of(material.library.by_label[label][0]) == domain)


def domain_of(clip: Clip) -> str:
    """`health`, `equipment` or `safety`, by the clip's domain in the benchmark's taxonomy."""
    category = clip.category or ""
    if clip.label in ALSO_EQUIPMENT or category.startswith(EQUIPMENT):
        return "equipment"
    return "health" if category.startswith(HEALTH) else "safety"


def advised(part: Part, material: Material, rng: np.random.Generator) -> Part:
    """A part with the advice its clip calls for; parts behind the foreground are never answered."""
    if part.role != "foreground":
        return part
    choice = proactive.choice(part.clip, material.phrases, rng)
    return Part(part.clip, choice, part.said, part.role, part.longest_seconds)


def _calling(material: Material, rng: np.random.Generator, labels: Sequence[str]) -> Script:
    """Everyday sounds and one to three that call for a word."""
    count = material.count(rng)
    times = int(rng.integers(1, min(3, count) + 1))
    wanted = material.together(rng, labels, times)
    scene = material.scene(rng, count, wanted=wanted, allowed=(*labels, *material.harmless))
    parts = tuple(advised(part, material, rng) for part in scene.parts)
    return Script(None, parts, scene.place, ambience=scene.ambience)
