"""Following music: which instrument, when it starts, and talk while it plays.

Tests: tests/data/build/test_stream.py.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from soundflow.data.clips import Clip
from soundflow.data.tasks.material import Material, is_wake_word, pick, several, spoken, transcript
from soundflow.data.tasks.script import Part, Script
from soundflow.data.tasks.subtasks.chat import order_of
from soundflow.data.tasks.subtasks.words import as_known, at_end, chat, instruction, lines, options
from soundflow.errors import InputError

MUSIC_SECONDS = 9.0  # of a piece that is asked about
UNDERLYING_SECONDS = 30.0  # of a piece that plays on while somebody talks
TALKS = (2, 4)
ORDERS_SHARE = 0.6  # of talks, where there are orders and wake words; chosen


def music_qa_open(material: Material, rng: np.random.Generator) -> Script:
    """Name the instrument, or say when music begins."""
    pieces = _music(material) if material.harmless else []
    if pieces and (not _with_instrument(material) or rng.random() < 0.5):
        scene = material.scene(rng, 2, allowed=material.harmless)
        at = int(rng.integers(len(scene.parts) + 1))
        piece = Part(pick(rng, pieces), as_known(chat("music_starts", rng)), longest_seconds=MUSIC_SECONDS)
        parts = (*scene.parts[:at], piece, *scene.parts[at:])
        return Script(instruction("music_questions", "kind", rng), parts, scene.place, ambience=scene.ambience)
    parts = tuple(
        Part(clip, as_known(chat("music_replies", rng).format(noun=_noun(clip))))
        for clip in several(rng, _notes(material), int(rng.integers(3, 6)))
    )
    return Script(instruction("music_questions", "instrument", rng), parts)


def music_qa_choice(material: Material, rng: np.random.Generator) -> Script:
    """Four instruments, one of which plays; before it, sounds that are no music."""
    clips = _notes(material)
    names = sorted({str(clip.extra["instrument"]) for clip in clips})
    chosen = [names[int(i)] for i in rng.permutation(len(names))[:4]]
    right = pick(rng, [clip for clip in clips if clip.extra["instrument"] == chosen[0]])
    text, letter = options(chosen[0], chosen[1:], rng)
    scene = material.scene(rng, 2, allowed=material.harmless)
    answer = Part(right, as_known(f"{letter}) {chosen[0]}."))
    asked = chat("music_choice", rng).format(options=text)
    return Script(asked, (*scene.parts, answer), scene.place, ambience=scene.ambience)


def music_in_conversation(material: Material, rng: np.random.Generator) -> Script:
    """Music plays on while the user talks; the answers are about what he says."""
    pieces = _music(material)
    if not pieces:
        raise InputError("music.none", "there is no music of some length", "set music_in_conversation to 0")
    under = Part(pick(rng, pieces), role="background", longest_seconds=UNDERLYING_SECONDS)
    count = int(rng.integers(TALKS[0], TALKS[1] + 1))
    if material.orders and (not material.wake_words or rng.random() < ORDERS_SHARE):
        said = [
            spoken(clip, choice=at_end(chat("barista_replies", rng).format(order=order_of(clip))))
            for clip in several(rng, material.orders, count)
        ]
        return Script(chat("barista", rng), (under, *said))
    words = material.speech(is_wake_word, "wake word")
    word = pick(rng, sorted({transcript(clip) for clip in words}))
    calls = several(rng, [clip for clip in words if transcript(clip) == word], count)
    said = [spoken(clip, choice=at_end(chat("music_talk", rng))) for clip in calls]
    return Script(f"Your name is {word}. Answer when you are called.", (under, *said))


def _notes(material: Material) -> list[Clip]:
    clips = _with_instrument(material)
    if not clips:
        raise InputError("music.no_instrument", "no music says which instrument plays", "set music_qa_* to 0")
    return clips


def _with_instrument(material: Material) -> list[Clip]:
    return [clip for clip in material.library.of_kind("music") if clip.extra.get("instrument")]


def _music(material: Material) -> list[Clip]:
    return [clip for clip in material.library.by_label.get("music", ()) if clip.kind == "music"]


def _noun(clip: Clip) -> str:
    """The instrument, and the family it belongs to: what can be known of one that was never heard before."""
    name = str(clip.extra["instrument"])
    plural = name.endswith("s") and not name.endswith("ss") and not name.endswith("bass")
    noun = name if plural else f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
    family = family_of(name)
    return f"{noun}, of the {family}" if family else noun


def family_of(instrument: str) -> str | None:
    """The family of an instrument by its name's last words, as in "woodwinds"; None for one that is not known."""
    families: Mapping[str, list[str]] = lines("chat")["instrument_families"]
    return next((name for name, members in families.items() if instrument.endswith(tuple(members))), None)
