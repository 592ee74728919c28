"""Which reply answers which item of a stream, when that is in time, and what the words are worth.

Ruling 11 holds: an answer starts between the onset of its event and 1.6 s after the cue. Knows nothing of models.
Tests: tests/bench/capabilities/test_judging.py.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from soundflow.bench.capabilities.items import Asked, Column, Item
from soundflow.bench.capabilities.rules import Share, verdict
from soundflow.bench.capabilities.words import says_sound, tokens
from soundflow.bench.scorers.alignment import align
from soundflow.bench.scorers.bleu import NO_NGRAMS, NgramCounts, count_ngrams, tokenize_13a, tokenize_zh
from soundflow.bench.scoring import LATE_SECONDS, TOLERANCE, SpokenReply, charge_responses, score_stream
from soundflow.data.tasks.registry import CAPABILITIES
from soundflow.data.timeline import StreamEvent, Timeline, joined

TRANSCRIBED = frozenset(CAPABILITIES["real_time_asr"])
TRANSLATED = frozenset(CAPABILITIES["streaming_translation"])
COUNTING = "event_counting"


@dataclass(frozen=True)
class JudgedItem:
    """One item: what was said to it in time (None: nothing), and whether that was right."""

    item: Item
    reply: str | None
    right: bool
    figures: Mapping[str, Share] = field(default_factory=dict)


@dataclass(frozen=True)
class Ignored:
    """One event that calls for nothing, and whether it was left alone."""

    recording: str
    synthetic: bool
    right: bool


@dataclass(frozen=True)
class Judged:
    """One stream: its items, its events that call for nothing, what its joined text is worth, and stray replies."""

    key: str
    sub_task: str
    column: Column
    seconds: float
    items: tuple[JudgedItem, ...]
    ignored: tuple[Ignored, ...]
    stray: int
    word_errors: Share | None = None
    bleu: NgramCounts = NO_NGRAMS


def judge(asked: Asked, replies: Sequence[SpokenReply]) -> Judged:
    """Judge one stream.

    Where words are written down one by one, what is said goes to their utterance (`charge_utterances`); every other
    reply goes to one event, as ruling 11 has it: to one that calls for it, or one to be ignored; the rest is stray.
    """
    line = asked.timeline
    written = charge_utterances(asked, replies)
    taken = {k for ks in written.values() for k in ks}
    others = [reply for k, reply in enumerate(replies) if k not in taken]
    masked = _without_utterances(line, asked.items)
    answers = charge_responses(masked.events, others)
    scored = score_stream(masked, others, {})
    items = _with_final_count([_judged_item(item, replies, others, written, answers) for item in asked.items])
    charged = [others[k] for k in answers.values()]
    passages = _passages(replies, written, charged)
    passed_over = [event for event in scored.events if not event.responds]
    return Judged(
        asked.key,
        asked.sub_task,
        asked.column,
        line.seconds,
        items,
        tuple(Ignored(event.recording, event.synthetic, event.right) for event in passed_over),
        len(scored.stray),
        _word_errors(asked, passages) if asked.sub_task in TRANSCRIBED else None,
        _bleu(asked, items, passages) if asked.sub_task in TRANSLATED else NO_NGRAMS,
    )


def charge_utterances(asked: Asked, replies: Sequence[SpokenReply]) -> dict[int, list[int]]:
    """Which replies are the words of which utterance: index of event to indices of replies, in time's order.

    In the windows of two utterances a reply goes to the later one if a word of it could be known by then. A reply in
    the window of a sound that calls for a reply too goes to the sound if it names it.
    """
    line = asked.timeline
    utterances = [item.event for item in asked.items if item.kind == "utterance"]
    sounds = [line.events[item.event] for item in asked.items if item.kind == "reply"]
    found: dict[int, list[int]] = {event: [] for event in utterances}
    for k in sorted(range(len(replies)), key=lambda k: replies[k].at):
        reply = replies[k]
        if any(_is_inside(reply.at, sound) and says_sound(sound.label, reply.text) for sound in sounds):
            continue
        inside = [event for event in utterances if _is_inside(reply.at, line.events[event])]
        known = [event for event in inside if _first_turn(line, event) <= reply.at + TOLERANCE]
        if inside:
            found[known[-1] if known else inside[0]].append(k)
    return found


def _judged_item(
    item: Item,
    replies: Sequence[SpokenReply],
    others: Sequence[SpokenReply],
    written: Mapping[int, Sequence[int]],
    answers: Mapping[int, int],
) -> JudgedItem:
    if item.kind == "silence":
        return JudgedItem(item, " ".join(reply.text for reply in replies) if replies else None, not replies)
    if item.kind == "utterance":
        said = joined([replies[k].text for k in written[item.event]]) if written[item.event] else None
    else:
        said = others[answers[item.event]].text if item.event in answers else None
    found = verdict(item, said or "")
    return JudgedItem(item, said, found.right and said is not None, found.figures)


def _with_final_count(items: Sequence[JudgedItem]) -> tuple[JudgedItem, ...]:
    """The items, the last one that counts with a figure of its own: was the whole count right in the end?"""
    counting = [place for place, one in enumerate(items) if one.item.sub_task == COUNTING]
    if not counting:
        return tuple(items)
    last = items[counting[-1]]
    figures = {**last.figures, "final_count": (float(last.right), 1.0)}
    return (*items[: counting[-1]], dataclasses.replace(last, figures=figures), *items[counting[-1] + 1 :])


def _passages(
    replies: Sequence[SpokenReply], written: Mapping[int, Sequence[int]], charged: Sequence[SpokenReply]
) -> list[str]:
    """Everything said in the stream but answers to other sounds, in time's order; one text an utterance."""
    found = [(replies[ks[0]].at, joined([replies[k].text for k in ks])) for ks in written.values() if ks]
    taken = {k for ks in written.values() for k in ks}
    found += [(r.at, r.text) for k, r in enumerate(replies) if k not in taken and not any(r is c for c in charged)]
    return [text for _, text in sorted(found, key=lambda passage: passage[0])]


def _word_errors(asked: Asked, passages: Sequence[str]) -> Share:
    """Edits and words of the reference over the stream's whole text; "nine" and then "four" are not 94."""
    reference = [word for item in asked.items if item.kind == "utterance" for word in tokens(item.reference)]
    edits = align(reference, [word for text in passages for word in tokens(text)])
    return float(edits.errors), float(len(reference))


def _bleu(asked: Asked, items: Sequence[JudgedItem], passages: Sequence[str]) -> NgramCounts:
    """N-grams of the joined text where pieces come while speech goes on, else of each answer."""
    tokenize = tokenize_zh if asked.sub_task.endswith("_zh") else tokenize_13a
    if any(one.item.kind == "utterance" for one in items):
        reference = joined([one.item.reference for one in items if one.item.kind == "utterance"])
        return count_ngrams(reference, joined(passages), tokenize)
    own = [one for one in items if one.item.sub_task == asked.sub_task]
    return sum((count_ngrams(one.item.reference, one.reply or "", tokenize) for one in own), NO_NGRAMS)


def _without_utterances(line: Timeline, items: Sequence[Item]) -> Timeline:
    """The timeline with its utterances open: their words were charged already."""
    spelled = {item.event for item in items if item.kind == "utterance"}
    events = (dataclasses.replace(e, decision="open") if i in spelled else e for i, e in enumerate(line.events))
    return dataclasses.replace(line, events=tuple(events))


def _first_turn(line: Timeline, event: int) -> float:
    return min(turn.at for turn in line.turns if turn.event == event)


def _is_inside(at: float, event: StreamEvent) -> bool:
    return event.onset - TOLERANCE <= at <= event.cue + LATE_SECONDS + TOLERANCE
