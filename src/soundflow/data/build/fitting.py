"""A script is made to fit into a stream's time: sounds are cut short first, then parts are left out, an answer stays.

Knows nothing of samples but how long they last. Tests: tests/data/build/test_fitting.py.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from soundflow.data.streams import SHORTEST_CUT_SECONDS, common_limit
from soundflow.data.tasks.script import Part, Script
from soundflow.data.timeline import SAMPLE_RATE

Parts = tuple[Part, ...]


@dataclass(frozen=True)
class Room:
    """What a stream may last, and what its parts need.

    Args:
        seconds: of the stream at most.
        pauses: seconds in which no foreground clip sounds, for so many clips.
        lasting: seconds of the clip at a place of the script, before it is cut.
        stretch: how much longer a clip may be played than it was recorded.
    """

    seconds: float
    pauses: Callable[[int], float]
    lasting: Callable[[int, Part], float]
    stretch: float = 1.0


def fitted(script: Script, whole: bool, room: Room) -> Script | None:
    """The script with as many of its parts as fit; sounds are cut alike to make room, what is said never is.

    Args:
        whole: answers are about sounds that are not answered themselves, none of which may be missing.

    Returns:
        None where not even one answer fits, or not the whole.
    """
    for parts in (script.parts,) if whole else _ever_fewer(script, room):
        cut = _cut(parts, room)
        if cut is not None:
            return dataclasses.replace(script, parts=cut)
    return None


def _ever_fewer(script: Script, room: Room) -> Iterator[Parts]:
    """All parts, then without the last ones: unanswered, answered, mixed in; at last the shortest answer alone."""
    parts, kept = script.parts, list(range(len(script.parts)))
    heard = [i for i in kept if parts[i].role == "foreground"][1 if script.asked_aloud else 0 :]
    mixed_in = [i for i in heard if parts[i].note]
    own = [i for i in heard if not parts[i].note]
    answered = [i for i in own if parts[i].is_answered] or own
    unanswered = [i for i in own if i not in answered]
    yield parts
    for i in (*unanswered[::-1], *answered[:0:-1], *mixed_in[::-1]):
        kept.remove(i)
        yield tuple(parts[j] for j in kept)
    if answered and not script.in_turn:
        shortest = min(answered, key=lambda i: room.lasting(i, parts[i]))
        yield tuple(parts[shortest if j == answered[0] else j] for j in kept)


def _cut(parts: Parts, room: Room) -> Parts | None:
    """The parts with their sounds cut to one length where that is needed; None where it would be too short."""
    heard = [i for i, part in enumerate(parts) if part.role == "foreground"]
    if not heard:
        return parts
    lengths = {i: min(room.lasting(i, parts[i]), parts[i].longest_seconds) for i in heard}
    sounds = [i for i in heard if parts[i].clip.kind != "speech"]
    said = sum(lengths[i] for i in heard if i not in sounds)
    left = (room.seconds - room.pauses(len(heard))) / room.stretch - said
    if left < sum(min(lengths[i], SHORTEST_CUT_SECONDS) for i in sounds):
        return None
    limit = common_limit([lengths[i] for i in sounds], left)
    limit = math.floor(limit * SAMPLE_RATE) / SAMPLE_RATE if math.isfinite(limit) else limit  # in whole samples
    cut = list(parts)
    for i in sounds:
        cut[i] = dataclasses.replace(parts[i], longest_seconds=min(parts[i].longest_seconds, limit))
    return tuple(cut)
