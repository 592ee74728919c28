"""Streaming translation: offline, once an utterance is over; simultaneous, piece by piece while it goes on.

Pieces come from voiced sentences (`parallel.json`) or, where there is no voice, from recorded words and phrases whose
translation the lexicon knows. Tests: tests/data/build/test_stream.py.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from soundflow.data.clips import Clip
from soundflow.data.tasks.material import Material, language, pick, plain, several, spoken, transcript
from soundflow.data.tasks.script import Part, Said, Script
from soundflow.data.tasks.subtasks.words import at_end, instruction, lines
from soundflow.data.timeline import Reply, joined

PIECES = (3, 6)  # utterances of a stream
VOICED_SHARE = 0.6  # of streams, where there are voices
STITCHED_GAP_SECONDS = (0.2, 0.5)  # pieces that stand for one running speech


def offline_en_zh(material: Material, rng: np.random.Generator) -> Script:
    """English in, Mandarin out at the end of each utterance."""
    return _offline(material, rng, "en", "en_zh")


def offline_zh_en(material: Material, rng: np.random.Generator) -> Script:
    """Mandarin in, English out at the end of each utterance."""
    return _offline(material, rng, "zh", "zh_en")


def simultaneous_en_zh(material: Material, rng: np.random.Generator) -> Script:
    """English in, Mandarin out as the pieces end."""
    return _simultaneous(material, rng, "en", "en_zh")


def simultaneous_zh_en(material: Material, rng: np.random.Generator) -> Script:
    """Mandarin in, English out as the pieces end."""
    return _simultaneous(material, rng, "zh", "zh_en")


def _offline(material: Material, rng: np.random.Generator, source: str, direction: str) -> Script:
    asked, count = instruction("translate", direction, rng), _count(rng)
    voiced = material.voiced(f"parallel-{direction}")
    if voiced and rng.random() < VOICED_SHARE:
        parts = []
        for at in rng.permutation(len(voiced))[:count]:
            name, clips = voiced[int(at)]
            parts.append(spoken(clips["0"], choice=at_end(joined([target for _, target in _pieces(name, direction)]))))
        return Script(asked, tuple(parts))
    known = lexicon(direction)
    return Script(
        asked, tuple(spoken(clip, choice=at_end(known[key_of(clip)])) for clip in _words(material, rng, source, count))
    )


def _simultaneous(material: Material, rng: np.random.Generator, source: str, direction: str) -> Script:
    asked, count = instruction("interpret", direction, rng), _count(rng)
    voiced = material.voiced(f"parallel-{direction}")
    if voiced and rng.random() < VOICED_SHARE:
        chosen = [voiced[int(at)] for at in rng.permutation(len(voiced))[:count]]
        return Script(asked, tuple(_interleaved(name, clips["0"], direction) for name, clips in chosen))
    known = lexicon(direction)
    clips = _words(material, rng, source, count + 2)
    said = [(Said(1.0, Reply(known[key_of(clip)])),) for clip in clips]
    parts = tuple(spoken(clip, said=pieces) for clip, pieces in zip(clips, said, strict=True))
    return Script(asked, parts, gap_seconds=STITCHED_GAP_SECONDS)


def _interleaved(name: str, clip: Clip, direction: str) -> Part:
    """A sentence whose pieces are translated where their source ends."""
    pieces = _pieces(name, direction)
    lengths = np.cumsum([len(source) for source, _ in pieces])
    said = tuple(Said(float(n / lengths[-1]), Reply(target)) for n, (_, target) in zip(lengths, pieces, strict=True))
    return spoken(clip, said=said)


def lexicon(direction: str) -> Mapping[str, str]:
    """Words and phrases with their translation."""
    known: Mapping[str, str] = lines("lexicon")[direction]
    return known


def key_of(clip: Clip) -> str:
    """How the lexicon spells what is said in a clip."""
    return plain(transcript(clip))


def _words(material: Material, rng: np.random.Generator, source: str, count: int) -> list[Clip]:
    known = lexicon("en_zh" if source == "en" else "zh_en")
    clips = material.speech(
        lambda clip: language(clip) == source and key_of(clip) in known, f"{source} speech the lexicon can translate"
    )
    labels = sorted({clip.label for clip in clips})
    label = pick(rng, labels)  # one kind of recording a stream: one voice, one room
    own = [clip for clip in clips if clip.label == label]
    return several(rng, own, min(count, len(own)))  # a stream of one word again and again would teach and judge little


def _pieces(name: str, direction: str) -> list[tuple[str, str]]:
    number = int(name.rpartition("/")[2])
    return [(source, target) for source, target in lines("parallel")[direction][number]]


def _count(rng: np.random.Generator) -> int:
    return int(rng.integers(PIECES[0], PIECES[1] + 1))
