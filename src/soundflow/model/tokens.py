"""Control tokens, the text tokenizer, and the grammar of a stream (ruling 2). No torch here.

A stream is a prefix, then per chunk: AUDIO_BEGIN, the chunk's audio positions, ASSISTANT, one control token;
<response> is followed by an optional emotion, text and <eos>. A whole recording is asked about in the offline
layout: a prefix, the recording, the user's text, the answer. Ids belong to a checkpoint's vocabulary and come
from its config. No text can produce a control id. Tests: tests/model/test_tokens.py.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from soundflow.errors import InputError

RecordingLayout = Literal["whole", "stream"]

LEAST_OCCURRENCES = 2  # of a pair of pieces that becomes one
EMOTIONS = ("happy", "sad", "angry", "surprise", "normal", "urgent")  # release file TOKENS.py


@dataclass(frozen=True)
class ControlTokens:
    """Ids of the control tokens in one checkpoint's vocabulary."""

    silent: int
    response: int
    eos: int
    audio_begin: int
    audio_pad: int
    assistant: int
    user: int
    online: int
    offline: int
    language: int
    system: int
    text_begin: int
    offline_audio_pad: int
    audio_end: int
    emotions: Mapping[str, int]

    @cached_property
    def ids(self) -> frozenset[int]:
        """Every id that means something other than text."""
        single = (getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "emotions")
        return frozenset([*single, *self.emotions.values()])

    @cached_property
    def unspoken(self) -> frozenset[int]:
        """Ids that cannot stand in a reply; an emotion may open one and <eos> ends it, whatever else it stands for."""
        return self.ids - {*self.emotions.values(), self.eos}

    def emotion_of(self, token: int) -> str | None:
        """The emotion a token stands for, or None when it is another token."""
        return next((name for name, i in self.emotions.items() if i == token), None)


RELEASE_TOKENS = ControlTokens(
    silent=151605,
    response=151644,
    eos=151643,
    audio_begin=151647,
    audio_pad=151608,
    assistant=151602,
    user=151601,
    online=151609,
    offline=151610,
    language=151611,
    system=151644,
    text_begin=151644,
    offline_audio_pad=151646,
    audio_end=151648,
    emotions={name: 151614 + i for i, name in enumerate(EMOTIONS)},
)

_OWN_NAMES = (
    *("silent", "response", "eos", "audio_begin", "audio_pad", "assistant", "user", "online", "offline"),
    *("language", "system", "text_begin", "offline_audio_pad", "audio_end"),
)


def own_control_tokens() -> ControlTokens:
    """Ids for a vocabulary of our own: the control tokens come first, in a fixed order."""
    ids = {name: i for i, name in enumerate(_OWN_NAMES)}
    return ControlTokens(**ids, emotions={name: len(ids) + i for i, name in enumerate(EMOTIONS)})


class TextTokenizer:
    """A byte-level BPE tokenizer for the text of instructions and replies.

    Names of special tokens (`<|im_end|>`) inside a text are text. The release's vocabulary also has control tokens
    among its ordinary pieces; what must not produce those is encoded by `Grammar.encode`.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    @classmethod
    def from_file(cls, path: Path) -> TextTokenizer:
        """Read a `tokenizer.json`.

        Raises:
            InputError: the file is absent or not a tokenizer.
        """
        try:
            return cls(Tokenizer.from_file(str(path)))
        except Exception as e:  # the library raises bare Exception for every fault of a file
            raise InputError("model.tokenizer", f"{path}: {e}", "the folder needs a `tokenizer.json`") from e

    @classmethod
    def train(cls, texts: Iterable[str], vocab_size: int) -> TextTokenizer:
        """Learn a byte-level BPE over `texts`; control tokens take the first ids."""
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        special = [f"<|{name}|>" for name in (*_OWN_NAMES, *EMOTIONS)]
        trainer = trainers.BpeTrainer(
            vocab_size=vocab_size,
            special_tokens=[AddedToken(s, special=True) for s in special],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer)

    def save(self, path: Path) -> None:
        """Write `tokenizer.json`.

        Raises:
            OSError: the disk refuses; the library's own way to save has a bare `Exception` for it.
        """
        path.write_text(self._tokenizer.to_str(pretty=True), encoding="utf-8")

    def spells_like(self, other: TextTokenizer) -> bool:
        """Whether every text becomes the same ids."""
        return bool(self._tokenizer.to_str() == other._tokenizer.to_str())

    @property
    def vocab_size(self) -> int:
        """Number of ids, control tokens included."""
        return int(self._tokenizer.get_vocab_size())

    def encode(self, text: str) -> list[int]:
        """Ids of a text, without any token added around it and without any added token in it.

        Raises:
            InputError: half a surrogate pair, which is no character (`text.surrogate`).
        """
        try:
            return list(self._without_added_tokens.encode(text, add_special_tokens=False).ids)
        except TypeError as e:  # how the library refuses what has no UTF-8
            raise InputError("text.surrogate", "a text with half a surrogate pair", "give whole characters") from e

    def spelled(self, token: int) -> list[int]:
        """The ids of single bytes that stand for the same text as `token`."""
        piece = self._tokenizer.id_to_token(token) or ""
        letters = (self._tokenizer.token_to_id(letter) for letter in piece)
        return [letter for letter in letters if letter is not None]

    def ids_of(self, piece: bytes) -> list[int]:
        """Ids whose bytes are these, also where they are half a character."""
        try:
            return self.encode(piece.decode("utf-8"))
        except UnicodeDecodeError:
            letters = (self._tokenizer.token_to_id(_LETTER_OF[byte]) for byte in piece)
            return [letter for letter in letters if letter is not None]

    def extended(self, texts: Iterable[str], vocab_size: int) -> TextTokenizer:
        """The same with further merges, learned from `texts` behind the old ones, up to `vocab_size` pieces in all."""
        plain = self._without_added_tokens
        counts = Counter(word for text in texts for word, _ in plain.pre_tokenizer.pre_tokenize_str(text))
        words = {word: [token.value for token in plain.model.tokenize(word)] for word in counts}
        state = json.loads(self._tokenizer.to_str())
        vocabulary: dict[str, int] = state["model"]["vocab"]
        free = max(vocabulary.values(), default=-1) + 1
        while free < vocab_size:
            pairs: Counter[tuple[str, str]] = Counter()
            for word, pieces in words.items():
                for pair in itertools.pairwise(pieces):
                    pairs[pair] += counts[word]
            best = max(pairs, key=lambda pair: (pairs[pair], pair), default=None)
            if best is None or pairs[best] < LEAST_OCCURRENCES:
                break
            state["model"]["merges"].append(list(best))
            if "".join(best) not in vocabulary:
                vocabulary["".join(best)] = free
                free += 1
            words = {word: _merged(pieces, best) for word, pieces in words.items()}
        return TextTokenizer(Tokenizer.from_str(json.dumps(state)))

    def decode(self, ids: Iterable[int]) -> str:
        """Text of whole ids; for text that is still growing join `token_bytes` instead."""
        return b"".join(self.token_bytes(i) for i in ids).decode("utf-8", errors="replace")

    def token_bytes(self, token: int) -> bytes:
        """The bytes one id stands for; empty for control tokens and unknown ids."""
        piece = self._tokenizer.id_to_token(token)
        if piece is None or token in self._special_ids:
            return b""
        return bytes(_BYTE_OF[c] for c in piece if c in _BYTE_OF)

    @cached_property
    def _without_added_tokens(self) -> Tokenizer:
        """The same pieces and rules, and none of the names that stand for special tokens."""
        plain = Tokenizer(self._tokenizer.model)
        if self._tokenizer.normalizer is not None:
            plain.normalizer = self._tokenizer.normalizer
        if self._tokenizer.pre_tokenizer is not None:
            plain.pre_tokenizer = self._tokenizer.pre_tokenizer
        return plain

    @cached_property
    def _special_ids(self) -> frozenset[int]:
        return frozenset(i for i, t in self._tokenizer.get_added_tokens_decoder().items() if t.special)


def _merged(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    """Pieces of a word with every `pair` of neighbours made one, from the left."""
    merged: list[str] = []
    for piece in pieces:
        if merged and (merged[-1], piece) == pair:
            merged[-1] += piece
        else:
            merged.append(piece)
    return merged


def _byte_alphabet() -> Iterator[tuple[str, int]]:
    """Pairs of the byte-level alphabet: printable bytes stand for themselves, the rest for code points from 256."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    moved = 0
    for byte in range(256):
        if byte in printable:
            yield chr(byte), byte
        else:
            yield chr(256 + moved), byte
            moved += 1


_BYTE_OF = dict(_byte_alphabet())
_LETTER_OF = {byte: letter for letter, byte in _BYTE_OF.items()}


@dataclass(frozen=True)
class Grammar:
    """How a stream is written in one model's vocabulary: the same in training and in a session."""

    control: ControlTokens
    tokenizer: TextTokenizer
    audio_positions: int
    default_instruction: str
    layout: RecordingLayout = "whole"

    def encode(self, text: str) -> list[int]:
        """Ids that are text and nothing else: a piece whose id is a control token's is spelled in bytes.

        Any other text has the tokenizer's own ids. Decoding gives the text back, in the normal form that the
        tokenizer was trained with (release: NFC).

        Raises:
            InputError: half a surrogate pair (`text.surrogate`).
        """
        control = self.control.ids
        pieces = self.tokenizer.encode(text)
        return [i for piece in pieces for i in (self.tokenizer.spelled(piece) if piece in control else [piece])]

    def prefix(self, instruction: str | None) -> list[int]:
        """Ids before a stream's first chunk: mode, language, and the instruction as the system's text."""
        return [self.control.online, *self._system(instruction)]

    def chunk_block(self) -> list[int]:
        """Ids of one chunk up to the place where its decision is read: AUDIO_BEGIN, audio slots, ASSISTANT."""
        c = self.control
        return [c.audio_begin, *[c.audio_pad] * self.audio_positions, c.assistant]

    def reply(self, text: str, emotion: str | None) -> list[int]:
        """Ids that follow <response>: an optional emotion, the text, <eos>."""
        tag = [] if emotion is None else [self.control.emotions[emotion]]
        return [*tag, *self.encode(text), self.control.eos]

    def offline_prefix(self, instruction: str | None) -> list[int]:
        """Ids before a whole recording or a question without one; as `prefix`, in the other mode."""
        return [self.control.offline, *self._system(instruction)]

    def recording(self, slots: int) -> list[int]:
        """Ids of a whole recording that takes `slots` audio positions.

        Laid out as a stream it stands chunk by chunk, each but the last followed by ASSISTANT and <silent>, in place of
        which something may be said; the answer begins with the last one's ASSISTANT (docs/decisions/0020).
        """
        c = self.control
        if self.layout == "whole":
            return [c.audio_begin, *[c.offline_audio_pad] * slots, c.audio_end]
        chunk = [c.audio_begin, *[c.offline_audio_pad] * self.audio_positions]
        return [*[*chunk, c.assistant, c.silent] * (slots // self.audio_positions - 1), *chunk]

    def slots_without(self, slots: int, positions: int) -> int:
        """The audio positions of a recording of `slots` that is made so many positions shorter in all."""
        if self.layout == "whole":
            return slots - positions
        chunks = -(-positions // (self.audio_positions + 3))  # with AUDIO_BEGIN, ASSISTANT and <silent>
        return slots - chunks * self.audio_positions

    def user(self, text: str) -> list[int]:
        """Ids of what the user writes."""
        return [self.control.user, self.control.text_begin, *self.encode(text), self.control.eos]

    def first_turn(self, instruction: str | None, question: str | None, slots: int) -> list[int]:
        """Ids of an offline conversation's first turn up to its answer: a recording, a question, or both.

        Where a model hears recordings as streams the turn begins as a stream does, with the question as its
        instruction: so the recording is heard for its sake (docs/decisions/0020). Not where both are given.

        Args:
            slots: audio positions of the recording, 0 when there is none.
        """
        heard = self.recording(slots) if slots else []
        if self.layout == "stream" and heard and None in (instruction, question):
            return [*self.prefix(instruction if question is None else question), *heard]
        asked = [] if question is None else self.user(question)
        return [*self.offline_prefix(instruction), *heard, *asked]

    def answer_head(self) -> list[int]:
        """Ids that ask for an answer: its text is read behind them."""
        return [self.control.assistant, self.control.text_begin]

    def answer(self, text: str) -> list[int]:
        """Ids of a whole answer; the release gives it no emotion."""
        return [*self.answer_head(), *self.encode(text), self.control.eos]

    def _system(self, instruction: str | None) -> list[int]:
        c = self.control
        return [c.language, c.system, c.text_begin, *self.encode(instruction or self.default_instruction), c.eos]
