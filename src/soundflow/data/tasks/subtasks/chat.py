"""Voice chatting: an answer at the end of each of the user's turns. Tests: tests/data/build/test_stream.py.

With voices, the user's turns are packaged dialogues and questions. Without, they are recordings whose meaning is known:
coffee orders with their slots, digits, wake words, and voices without words.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from soundflow.data.clips import Clip
from soundflow.data.tasks.material import Material, is_order, is_wake_word, language, pick, several, spoken, transcript
from soundflow.data.tasks.phrases import NUMBERS, sentence
from soundflow.data.tasks.plan import IGNORE
from soundflow.data.tasks.script import Part, Script
from soundflow.data.tasks.subtasks.words import at_end, chat, instruction, lines
from soundflow.errors import InputError

VOICED_SHARE = 0.75  # of streams, where there are voices; chosen
ROUNDS_BACK = 3  # paper, appendix "Streaming Training": a review asks about a turn at least three rounds earlier
SLOT_ORDER = ("size", "numberOfShots", "roast", "coffeeDrink", "milkAmount", "sugarAmount")


def multi_turn_dialogue(material: Material, rng: np.random.Generator) -> Script:
    """A conversation of several turns with one person."""
    voiced = material.conversations
    if voiced and (not material.orders or rng.random() < VOICED_SHARE):
        name, clips = pick(rng, voiced)
        return _dialogue(name, clips, rng)
    orders = material.speech(is_order, "spoken order")
    chosen = several(rng, orders, int(rng.integers(2, 5)))
    parts = (spoken(clip, choice=at_end(chat("barista_replies", rng).format(order=order_of(clip)))) for clip in chosen)
    return Script(chat("barista", rng), tuple(parts))


def factual_spoken_qa(material: Material, rng: np.random.Generator) -> Script:
    """Questions that have one answer."""
    voiced = [pair for spoken_in in ("en", "zh") for pair in material.voiced(f"facts-{spoken_in}")]
    voiced += material.questions
    if voiced and (not any(map(_is_digit, material.spoken)) or rng.random() < VOICED_SHARE):
        spoken_in = pick(rng, sorted({language(clips["0"]) for _, clips in voiced}))
        pool = [pair for pair in voiced if language(pair[1]["0"]) == spoken_in]
        chosen = [pool[int(at)] for at in rng.permutation(len(pool))[: int(rng.integers(3, 6))]]
        parts = [spoken(clips["0"], choice=at_end(_fact(name, clips["0"]))) for name, clips in chosen]
        return Script(_talk(spoken_in, rng), tuple(parts))
    digits = material.speech(_is_digit, "spoken number")
    parts = [spoken(clip, choice=at_end(f"{sentence(_after(clip))}.")) for clip in several(rng, digits, 5)]
    return Script(chat("number_instructions", rng), tuple(parts))


def audio_grounded_chat(material: Material, rng: np.random.Generator) -> Script:
    """Sounds, and a user who asks what they were."""
    rounds = min(int(rng.integers(2, 4)), material.count(rng))
    scene = material.scene(rng, rounds, allowed=_calm(material), behind=False)
    asking, asked = _ask(material, rng, "heard")
    parts: list[Part] = []
    for part in scene.parts:
        parts.append(part)
        if part.role == "foreground":
            noun = material.phrases(part.clip.label).noun
            parts.append(spoken(pick(rng, asking), choice=at_end(chat("heard_replies", rng).format(noun=noun))))
    return Script(asked, tuple(parts), scene.place, ambience=scene.ambience)


def emotional_chat(material: Material, rng: np.random.Generator) -> Script:
    """Voices without words, answered in a tone that fits."""
    known: Mapping[str, list[tuple[str, str]]] = lines("chat")["emotional"]
    scene = material.scene(
        rng, int(rng.integers(3, 5)), allowed=[label for label in material.labels if label in known], behind=False
    )
    parts = []
    for part in scene.parts:
        emotion, text = pick(rng, known.get(part.clip.label) or [("normal", "I am here.")])
        parts.append(Part(part.clip, at_end(text, emotion) if part.role == "foreground" else IGNORE, role=part.role))
    return Script(chat("emotional_instructions", rng), tuple(parts), scene.place, ambience=scene.ambience)


def history_review(material: Material, rng: np.random.Generator) -> Script:
    """A question about what was heard at least three rounds earlier."""
    voiced = [pair for pair in material.conversations if has_review(*pair)]
    is_heard = _calm(material) and (material.wake_words or _voiced_asking(material, "first"))
    if voiced and (not is_heard or rng.random() < VOICED_SHARE / 2):
        name, clips = pick(rng, voiced)
        return _dialogue(name, clips, rng)
    scene = material.scene(rng, ROUNDS_BACK + int(rng.integers(1, 3)), allowed=_calm(material), behind=False)
    if len(scene.heard) < ROUNDS_BACK:
        raise InputError("review.short", f"{len(scene.heard)} sounds before the question, {ROUNDS_BACK} are needed")
    asking, asked = _ask(material, rng, "first")
    first = material.phrases(scene.parts[scene.heard[0]].clip.label)
    probe = spoken(pick(rng, asking), choice=at_end(f"The first sound was {first.noun}."))
    return Script(asked, (*scene.parts, probe), scene.place, ambience=scene.ambience)


def order_of(clip: Clip) -> str:
    """A coffee order in words, from its slots."""
    slots: Mapping[str, str] = clip.extra["slots"]
    drink = " ".join(slots[name] for name in SLOT_ORDER[:4] if name in slots) or "your order"
    extras = " and ".join(slots[name] for name in SLOT_ORDER[4:] if name in slots)
    return f"{drink} with {extras}" if extras else drink


def language_of(name: str) -> str:
    """The language in a text's name, as in `facts-en/3`."""
    return name.partition("/")[0].rpartition("-")[2]


def has_review(name: str, clips: Mapping[str, Clip]) -> bool:
    """Whether a text's last turn asks about one at least three rounds earlier; every packaged dialogue ends so."""
    last = clips[str(len(clips) - 1)]
    return bool(last.extra.get("review")) or (name.startswith("dialogues-") and not last.extra.get("reply"))


def _answers(name: str, clips: Mapping[str, Clip]) -> list[str]:
    """What is answered turn by turn: the clips' own answers, or the packaged text's."""
    own = [str(clips[str(i)].extra.get("reply") or "") for i in range(len(clips))]
    if all(own):
        return own
    turns: list[tuple[str, str]] = lines("dialogues")[language_of(name)][int(name.rpartition("/")[2])]
    return [answer for _, answer in turns]


def _fact(name: str, clip: Clip) -> str:
    own = str(clip.extra.get("reply") or "")
    return own or str(lines("facts")[language_of(name)][int(name.rpartition("/")[2])][1])


def _talk(spoken_in: str, rng: np.random.Generator) -> str | None:
    """An instruction to talk, or none; in English for languages that have none of their own."""
    asked: str | None = instruction("talk", spoken_in if spoken_in in lines("chat")["talk"] else "en", rng)
    return asked


def _dialogue(name: str, clips: Mapping[str, Clip], rng: np.random.Generator) -> Script:
    answers = _answers(name, clips)
    parts = tuple(spoken(clips[str(i)], choice=at_end(answer)) for i, answer in enumerate(answers))
    return Script(_talk(language(clips["0"]), rng), parts, in_turn=True)


def _ask(material: Material, rng: np.random.Generator, kind: str) -> tuple[list[Clip], str | None]:
    """Clips a user asks with, and what has to be agreed on before: a wake word stands for a question."""
    voiced = _voiced_asking(material, kind)
    if voiced and (not material.wake_words or rng.random() < VOICED_SHARE):
        return voiced, None
    return ask_by_word(material, rng, kind)


def _voiced_asking(material: Material, kind: str) -> list[Clip]:
    return [clips["0"] for _, clips in material.voiced("probes-first" if kind == "first" else "heard")]


def ask_by_word(material: Material, rng: np.random.Generator, kind: str) -> tuple[list[Clip], str]:
    """Clips of a wake word, and the sentence that makes it a question about the `first` sound or the one `heard` last.

    Raises:
        InputError: there is no wake word.
    """
    words = material.speech(is_wake_word, "wake word")
    word = pick(rng, sorted({transcript(clip) for clip in words}))
    template = chat("wake_first_instructions" if kind == "first" else "wake_instructions", rng)
    return [clip for clip in words if transcript(clip) == word], template.format(word=word)


def _is_digit(clip: Clip) -> bool:
    return transcript(clip) in NUMBERS[:11]


def _after(clip: Clip) -> str:
    return NUMBERS[NUMBERS.index(transcript(clip)) + 1]


def _calm(material: Material) -> tuple[str, ...]:
    """Labels that nobody must be warned of: a question about a fire alarm comes after the warning."""
    return tuple(label for label in material.labels if label not in material.speaks)
