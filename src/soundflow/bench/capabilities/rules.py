"""Whether what was said at an item is right: one rule a sub-task, over words alone.

The rules stand in docs/reference/benchmarks.md. Tests: tests/bench/capabilities/test_rules.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from soundflow.bench.capabilities.calls import read_call, slot_counts
from soundflow.bench.capabilities.items import MIXED_IN_ALARM, MIXED_IN_REVIEW, Item
from soundflow.bench.capabilities.words import (
    holds_key_words,
    in_order,
    order_words,
    same_words,
    says_sound,
    spoken_of,
    takes_back,
    tokens,
)
from soundflow.bench.naming import names_sound
from soundflow.data.tasks.registry import CAPABILITIES
from soundflow.data.tasks.subtasks.words import lines
from soundflow.data.voices.orders import LABEL as ORDER_LABEL

Share = tuple[float, float]  # what was got, of how much
KEYWORD_WORDS = 2  # an utterance of at most so many words is a keyword
KEYWORD_CHARACTERS = 4  # the same for Chinese characters: a word or two

_CHOICE = re.compile(r"^\W*([A-Fa-f])(?:[).:,]|\s*$)")
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Verdict:
    """Whether the words are right, and what a sub-task counts beside: figure to its share of this item."""

    right: bool
    figures: Mapping[str, Share]


Rule = Callable[[Item, str], Verdict]


def verdict(item: Item, reply: str) -> Verdict:
    """Judge the words said at an item; an empty reply is wrong wherever one is due."""
    return RULES.get(item.sub_task, same_meaning)(item, reply)


def same_meaning(item: Item, reply: str) -> Verdict:
    """The reference, its key words, or another packaged answer to the same; an order with nothing beside it."""
    if item.label == ORDER_LABEL and order_words(item.reference) != order_words(reply):
        return _only(False)
    return _only(any(holds_key_words(text, reply) for text in interchangeable(item)))


def interchangeable(item: Item) -> tuple[str, ...]:
    """The reference, and the answers a corpus draws by chance in its place: nobody could know which."""
    known = lines("chat")
    moods = [text for _, text in known["emotional"].get(item.label, ())]
    for texts in (moods, known["music_talk"]):
        if item.reference in texts:
            return tuple(texts)
    return (item.reference,)


def question_of(item: Item) -> str:
    """What is asked of an item: its sub-task, and its kind where one sub-task asks for quite different answers."""
    call = read_call(item.reference) if item.sub_task in CAPABILITIES["audio_agent"] else None
    if call is not None:
        return f"{item.sub_task} ({_call_kind(item, call.name)})"
    return f"{item.sub_task} (start)" if item.reference in lines("chat")["music_starts"] else item.sub_task


def sound_named(item: Item, reply: str) -> Verdict:
    """The event's own sound is named."""
    return _only(says_sound(item.label, reply))


def sounds_spoken_of(item: Item, reply: str) -> Verdict:
    """Every sound of the stream that the reference speaks of is named, in its order, and no other.

    Where it speaks of none, its meaning decides.
    """
    labels = spoken_of(item.reference, item.heard)
    if not labels:
        return same_meaning(item, reply)
    named = sum(says_sound(label, reply) for label in labels)
    others = (label for label in item.heard if label not in labels and not says_sound(label, item.reference))
    right = named == len(labels) and not any(says_sound(label, reply) for label in others)
    right = right and not takes_back(item.reference, reply)
    told, wanted = in_order(reply, labels), in_order(item.reference, labels)
    if len(told) == len(labels) == len(wanted):  # else the reply has other words for one of them
        right = right and told == wanted
    return Verdict(right, {"sounds_named": (float(named), float(len(labels)))})


def letter_chosen(item: Item, reply: str) -> Verdict:
    """The option's letter opens the reply, with a bracket, point, colon or comma behind it, or stands alone."""
    wanted, said = _CHOICE.match(item.reference), _CHOICE.match(reply)
    return _only(bool(wanted and said and wanted[1].upper() == said[1].upper()))


def number_said(item: Item, reply: str) -> Verdict:
    """The reference's number, and no other, is in the reply, in words or digits."""
    wanted = _numbers(item.reference)
    return _only(bool(wanted) and _numbers(reply) == wanted)


def emotion_named(item: Item, reply: str) -> Verdict:
    """The emotion's name; of "tired or let down" either is enough."""
    name = lines("chat")["emotion_names"].get(item.label)
    if not name or name not in item.reference:
        return same_meaning(item, reply)
    return _only(names_sound(reply, name.split(" or ")))


def instrument_named(item: Item, reply: str) -> Verdict:
    """The instrument, and beside it the family where the reference gives one; or that music has begun."""
    if item.reference in lines("chat")["music_starts"]:
        return _only(names_sound(reply, ["music"]))
    instrument, _, family = _noun(item.reference).partition(" of the ")
    right = bool(instrument) and names_sound(reply, [instrument])
    return Verdict(right, {"family": (float(names_sound(reply, [family])), 1.0)} if family else {})


def call_made(item: Item, reply: str) -> Verdict:
    """The call: its name (`intent`), its arguments (`slot_f1`), both apart for orders, commands and sounds."""
    wanted, said = read_call(item.reference), read_call(reply)
    if wanted is None:
        return same_meaning(item, reply)
    intent = (float(said is not None and said.name == wanted.name), 1.0)
    slots = slot_counts(wanted, said)
    kind = _call_kind(item, wanted.name)
    return Verdict(said == wanted, {f"{kind}_intent": intent, f"{kind}_slot_f1": slots, "intent": intent})


def transcribed(item: Item, reply: str) -> Verdict:
    """Every word as it was said; utterances of a word or two are keywords."""
    right = same_words(item.reference, reply)
    return Verdict(right, {"keyword_accuracy": (float(right), 1.0)} if _is_keyword(item.reference) else {})


def translated(item: Item, reply: str) -> Verdict:
    """The translation word by word, in normal form."""
    return _only(same_words(item.reference, reply))


RULES: Mapping[str, Rule] = {
    **dict.fromkeys(CAPABILITIES["real_time_asr"], transcribed),
    **dict.fromkeys(CAPABILITIES["streaming_translation"], translated),
    **dict.fromkeys(("multi_turn_dialogue", "factual_spoken_qa", "emotional_chat"), same_meaning),
    **dict.fromkeys(("audio_grounded_chat", "history_review", MIXED_IN_REVIEW), sounds_spoken_of),
    **dict.fromkeys(("audio_qa_open", "audio_description"), sounds_spoken_of),
    **dict.fromkeys(("audio_qa_choice", "music_qa_choice"), letter_chosen),
    "event_narration": sound_named,
    "event_counting": number_said,
    "speech_emotion_recognition": emotion_named,
    "music_qa_open": instrument_named,
    "music_in_conversation": same_meaning,
    **dict.fromkeys((*CAPABILITIES["proactive_respond"], MIXED_IN_ALARM), sound_named),
    **dict.fromkeys(CAPABILITIES["audio_agent"], call_made),
}


def _only(right: bool) -> Verdict:
    return Verdict(right, {})


def _numbers(text: str) -> list[str]:
    """Numbers in a text as digits; Whisper's form leaves a lone "one" as it is."""
    return _NUMBER.findall(" ".join("1" if word == "one" else word for word in tokens(text)))


def _noun(reference: str) -> str:
    """What stands in a template's place: "This is an oboe, of the woodwinds." gives "an oboe of the woodwinds"."""
    for template in lines("chat")["music_replies"]:
        head, _, tail = template.partition("{noun}")
        if reference.startswith(head) and reference.endswith(tail):
            return reference[len(head) : len(reference) - len(tail)].replace(",", "")
    return reference


def _call_kind(item: Item, name: str) -> str:
    if name == "order_drink":
        return "orders"
    return "sounds" if item.label in lines("commands")["sounds"] else "commands"


def _is_keyword(reference: str) -> bool:
    words = tokens(reference)
    most = KEYWORD_WORDS if any(word.isascii() for word in words) else KEYWORD_CHARACTERS
    return len(words) <= most
