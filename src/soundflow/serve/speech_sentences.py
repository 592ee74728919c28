"""Text that is still being written, cut into what can be said already. Tests: tests/serve/test_speech_sentences.py."""

from __future__ import annotations

import re

MOST_CHARACTERS = 240  # said in one breath: some 15 s of speech, and within the 509 phonemes of Kokoro; chosen

_CLOSERS = "\"'”’»)\\]」』）"
# A sentence ends at its signs when something follows them: a space after ours, anything after the wide ones.
_END = re.compile(rf"(?:[.!?…]+[{_CLOSERS}]*(?=\s)|[。！？]+[{_CLOSERS}]*(?=[^。！？{_CLOSERS}])|\n)")
_NO_END = re.compile(r"(?:^|[\s(])(?:Mr|Mrs|Ms|Dr|St|No|vs|e\.g|i\.e|[A-Z])\.$")


class Sentences:
    """Cuts a text that comes in pieces; however it is cut, the sentences are those of the whole text."""

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, text: str) -> list[str]:
        """More text in, the sentences out that are over."""
        self._rest += text
        sentences: list[str] = []
        while (end := _first_end(self._rest)) is not None:
            sentences.append(self._rest[:end])
            self._rest = self._rest[end:]
        return _sayable(sentences)

    def end(self) -> list[str]:
        """What is left, and a fresh start."""
        rest, self._rest = self._rest, ""
        return _sayable([rest])


def _first_end(text: str) -> int | None:
    for found in _END.finditer(text):
        if found.end() > MOST_CHARACTERS:
            break
        if _NO_END.search(text[: found.end()]) is None:
            return found.end()
    if len(text) <= MOST_CHARACTERS:
        return None
    # no end in sight: a comma is the next best place, then a space
    head = text[:MOST_CHARACTERS]
    places = [head.rfind(sign) for sign in (", ", "，", "; ", " ")]
    return next((place + 1 for place in places if place > 0), MOST_CHARACTERS)


def _sayable(sentences: list[str]) -> list[str]:
    return [sentence.strip() for sentence in sentences if re.search(r"\w", sentence)]
