"""Control tokens, the text tokenizer, and the grammar of a stream (ruling 2). No torch here.

A stream is a prefix, then per chunk: AUDIO_BEGIN, the chunk's audio positions, ASSISTANT, one control token;
<response> is followed by an optional emotion, text and <eos>. Ids belong to a checkpoint's vocabulary and come
from its config. Tests: tests/model/test_tokens.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from soundflow.errors import InputError

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
    """A byte-level BPE tokenizer for the text of instructions and replies."""

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
        """Write `tokenizer.json`."""
        self._tokenizer.save(str(path))

    @property
    def vocab_size(self) -> int:
        """Number of ids, control tokens included."""
        return int(self._tokenizer.get_vocab_size())

    def encode(self, text: str) -> list[int]:
        """Ids of a text, without any token added around it."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

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
    def _special_ids(self) -> frozenset[int]:
        return frozenset(i for i, t in self._tokenizer.get_added_tokens_decoder().items() if t.special)


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


@dataclass(frozen=True)
class Grammar:
    """How a stream is written in one model's vocabulary: the same in training and in a session."""

    control: ControlTokens
    tokenizer: TextTokenizer
    audio_positions: int
    default_instruction: str

    def prefix(self, instruction: str | None) -> list[int]:
        """Ids before the first chunk: mode, language, and the instruction as the system's text."""
        c = self.control
        text = self.tokenizer.encode(instruction or self.default_instruction)
        return [c.online, c.language, c.system, c.text_begin, *text, c.eos]

    def chunk_block(self) -> list[int]:
        """Ids of one chunk up to the place where its decision is read: AUDIO_BEGIN, audio slots, ASSISTANT."""
        c = self.control
        return [c.audio_begin, *[c.audio_pad] * self.audio_positions, c.assistant]

    def reply(self, text: str, emotion: str | None) -> list[int]:
        """Ids that follow <response>: an optional emotion, the text, <eos>."""
        tag = [] if emotion is None else [self.control.emotions[emotion]]
        return [*tag, *self.tokenizer.encode(text), self.control.eos]
