"""Real-time ASR: one entry a chunk in which a word ends, with that chunk's words.

A sub-task's corpus is imitated by what the folder has; its clips say where they come from.
Tests: tests/data/build/test_stream.py.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from soundflow.data.clips import Clip
from soundflow.data.tasks.material import Material, language, several, spoken, transcript
from soundflow.data.tasks.script import Part, Script
from soundflow.data.tasks.subtasks.words import instruction, spelled

LONG_WORDS = 6  # a sentence as in a speech; shorter lines are words and phrases
WILD_SNR_DB = (0.0, 10.0)  # gigaspeech's streets and rooms; chosen
UTTERANCES = (3, 6)


def read_speech_en(material: Material, rng: np.random.Generator) -> Script:
    """English read aloud."""
    return _script(material, rng, "en", lambda clip: language(clip) == "en")


def in_the_wild_en(material: Material, rng: np.random.Generator) -> Script:
    """English in noise, with other sounds between the utterances."""
    script = _script(material, rng, "en", lambda clip: language(clip) == "en")
    parts = list(script.parts)
    scene = material.scene(rng, 2, allowed=material.harmless)
    for part in scene.parts:
        parts.insert(int(rng.integers(len(parts) + 1)), part)
    return Script(script.instruction, tuple(parts), scene.place, WILD_SNR_DB, ambience=scene.ambience)


def parliament_en(material: Material, rng: np.random.Generator) -> Script:
    """Long English sentences of one speaker."""
    clips = material.speech(lambda clip: _known(clip, "en", LONG_WORDS), "English sentence with a transcript")
    speakers = sorted({str(clip.extra.get("speaker")) for clip in clips})
    speaker = speakers[int(rng.integers(len(speakers)))]
    return _script(
        material, rng, "en", lambda c: _known(c, "en", LONG_WORDS) and str(c.extra.get("speaker")) == speaker
    )


def multilingual(material: Material, rng: np.random.Generator) -> Script:
    """English and Mandarin by turns."""
    english = _utterances(material, rng, lambda clip: language(clip) == "en", 2)
    mandarin = _utterances(material, rng, lambda clip: language(clip) == "zh", 2)
    parts = [*english, *mandarin]
    order = rng.permutation(len(parts))
    return Script(instruction("transcribe", "mixed", rng), tuple(parts[int(i)] for i in order))


def mandarin(material: Material, rng: np.random.Generator) -> Script:
    """Mandarin."""
    return _script(material, rng, "zh", lambda clip: language(clip) == "zh")


def _script(material: Material, rng: np.random.Generator, spoken_in: str, holds: Callable[[Clip], bool]) -> Script:
    count = int(rng.integers(UTTERANCES[0], UTTERANCES[1] + 1))
    return Script(instruction("transcribe", spoken_in, rng), tuple(_utterances(material, rng, holds, count)))


def _utterances(material: Material, rng: np.random.Generator, holds: Callable[[Clip], bool], count: int) -> list[Part]:
    clips = material.speech(lambda clip: bool(written(clip)) and holds(clip), "speech with a transcript")
    chosen = several(rng, clips, count)
    return [spoken(clip, said=spelled(written(clip), language(clip))) for clip in chosen]


def written(clip: Clip) -> str:
    """What an ASR would write: the transcript, where it is in words; syllables in Latin letters are none."""
    text = transcript(clip)
    return "" if language(clip) == "zh" and text.isascii() else text


def _known(clip: Clip, spoken_in: str, words: int) -> bool:
    return language(clip) == spoken_in and len(written(clip).split()) >= words
