"""Where in a reply's text its sound is: a mark at the end of each sentence's sound, an even pace in between.

Tests: tests/serve/test_sound_marks.py.
"""

from __future__ import annotations

from bisect import bisect_right

_CHARACTERS_PER_MS = 0.016  # of speech, where no sentence is over yet: 240 in 15 s, as speech_sentences.py has it


class SoundMarks:
    """How many characters of one reply so many milliseconds of its sound stand for. The sound lags behind the text."""

    def __init__(self) -> None:
        self._marks = [(0, 0)]  # milliseconds, characters
        self._sent_ms = 0
        self._until = 0  # characters to the end of the sentence that is being said

    def add(self, text: str, sentence: str, is_first: bool, sent_ms: int) -> None:
        """More of a sentence's sound went out.

        Args:
            text: of the reply so far.
            sentence: as it stands in there.
            is_first: its sound begins; that of the sentence before is over.
            sent_ms: sound that went out by now, of the whole reply.
        """
        if is_first:
            self._mark()
            place = text.find(sentence, self._until)
            self._until = min(len(text), max(place, self._until) + len(sentence))
        self._sent_ms = sent_ms

    def finish(self, text: str, sent_ms: int) -> None:
        """The whole text was said: what stands behind its last sentence, and the last of the sound, belong to that."""
        self._sent_ms, self._until = sent_ms, len(text)
        self._mark()

    def characters(self, played_ms: int) -> int:
        """The characters that were heard when so much was played; none where no sound went out."""
        played_ms = min(played_ms, self._sent_ms)
        after = bisect_right(self._marks, played_ms, key=lambda mark: mark[0])
        begun_ms, begun = self._marks[after - 1]
        if after < len(self._marks):
            ms, characters = self._marks[after]
            return begun + (characters - begun) * (played_ms - begun_ms) // (ms - begun_ms)
        return begun + self._begun(played_ms - begun_ms)

    def _begun(self, played_ms: int) -> int:
        """Characters of a sentence that may not be over: as many as at the pace so far, no more than if it were."""
        begun_ms, begun = self._marks[-1]
        if played_ms == 0:
            return 0
        pace = begun / begun_ms if begun_ms else _CHARACTERS_PER_MS
        return min(int(pace * played_ms), (self._until - begun) * played_ms // (self._sent_ms - begun_ms))

    def _mark(self) -> None:
        if self._sent_ms > self._marks[-1][0]:
            self._marks.append((self._sent_ms, self._until))
