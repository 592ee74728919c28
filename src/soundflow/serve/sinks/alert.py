"""An alert: what is told of one reply to somebody who is not watching. It holds text and time, never sound.

Tests: tests/serve/sinks/test_alert.py.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from soundflow.errors import InputError

MOST_TEXT = 4000  # characters of a reply that are told; far above any reply of nano, below every sink's bound; chosen

# Words of a first sentence that do not name the sound: "I hear a dog barking now" is about "dog barking".
_EMPTY_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an the i we it you he she is are was were be being there that this these those here and or of in on at by "
        "to up off out hear heard hearing sound sounds sounded sounding like going goes near close now again just some "
        "somebody someone something your my its",
    )
)
_ENDING = re.compile(r"(?<=\w{3})(?:ing|ed|en|es|s|y)$")  # "barking", "barks": one word; crude, and enough


@dataclass(frozen=True)
class Alert:
    """One reply that is told.

    Fields:
        id: names the alert for ever; a receiver that gets an id twice may drop the second.
        time: when the reply ended, ISO 8601 with the offset to UTC.
        source: what was heard: a file's or device's name, or a session of the server.
        at: seconds of stream up to which the model had heard.
        emotion: the reply's tone, `urgent` for what cannot wait; None where the model gave none.
        text: what was said, at most 4,000 characters.
    """

    id: str
    time: str
    source: str
    at: float
    emotion: str | None
    text: str

    @property
    def is_urgent(self) -> bool:
        """Whether the model said it in its urgent tone."""
        return self.emotion == "urgent"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, `type` first."""
        return {"type": "alert", **asdict(self)}

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)


def read_alert(text: str) -> Alert:
    """The alert that `to_json` wrote.

    Raises:
        InputError: it is something else (`alerts.broken`).
    """
    try:
        fields = json.loads(text)
        del fields["type"]
        return Alert(**fields)
    except (ValueError, TypeError, KeyError) as e:
        raise InputError("alerts.broken", "a spooled alert cannot be read", "it is left out") from e


def sound_of(text: str) -> frozenset[str]:
    """The words that name the sound in a reply: those of its first sentence that carry meaning.

    Events carry no label, only what was said of it; all words are taken where none carries meaning.
    """
    first = re.split(r"[.!?。！？]", text.strip(), maxsplit=1)[0].casefold()
    words = frozenset(re.findall(r"\w+", first))
    return frozenset(_ENDING.sub("", word) for word in words - _EMPTY_WORDS or words)


def is_same_sound(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two replies speak of one kind of sound: more than half of the shorter's words are shared.

    Half is not enough: a car horn is no car alarm. In doubt they differ, for one message too many harms less.
    """
    return 2 * len(one & other) > min(len(one), len(other)) or one == other
