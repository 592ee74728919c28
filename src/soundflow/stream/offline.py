"""Questions about whole recordings, or about nothing but words: the offline layouts, run greedily, turn after turn.

The release was trained on single turns and released no loop for them; a further turn repeats the layout behind the
last answer. Knows nothing of files. Tests: tests/stream/test_offline.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from soundflow.audio.pcm import Cleaner, check_samples
from soundflow.errors import InputError, UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.config import CONV_STRIDE, HOP_LENGTH, ModelConfig
from soundflow.model.network import splice
from soundflow.model.offline import recording_features, recording_slots, seconds_of
from soundflow.stream.clock import Clock, WallClock
from soundflow.stream.events import ReplyEnd
from soundflow.stream.reply import ReplyText

Samples = NDArray[np.float32]

MOST_POSITIONS = 4096  # of one conversation: the longest sequences the release was trained on; 160 s of sound
_LEAST_ANSWER = 16  # positions that a question must leave for its answer; chosen


def answers_questions(config: ModelConfig) -> bool:
    """Whether a model was trained on offline layouts; its config says so."""
    return config.offline != "none"


def check_answers(bundle: Bundle) -> None:
    """Refuse a model that was not trained to answer.

    Raises:
        UsageError: it only listens (`ask.unsupported`).
    """
    if not answers_questions(bundle.config):
        raise UsageError(
            "ask.unsupported",
            f"{bundle.name} decides when to speak up and names sounds; it was not trained to answer questions",
            "use listen with an instruction, such as 'Describe what you hear' or 'Count the dog barks'",
        )


class Conversation:
    """One model, one history: each question is answered with everything before in mind.

    Args:
        bundle: the model; any number of conversations may share it.
        instruction: the system's text; None takes the model's default.
        max_answer_tokens: a longer answer is ended with reason `length`; None takes the model's limit for replies.
        clock: where `first_text_ms` comes from.

    Raises:
        UsageError: the limit makes no sense (`ask.max_answer_tokens`).
    """

    def __init__(
        self,
        bundle: Bundle,
        instruction: str | None = None,
        max_answer_tokens: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        if max_answer_tokens is not None and not 1 <= max_answer_tokens <= MOST_POSITIONS:
            found = f"an answer of {max_answer_tokens} tokens"
            raise UsageError("ask.max_answer_tokens", found, f"use 1 to {MOST_POSITIONS}")
        self.turns = 0
        self._bundle = bundle
        self._grammar = bundle.grammar
        self._limit = max_answer_tokens or bundle.config.max_reply_tokens
        self._clock: Clock = clock or WallClock()
        self._device = next(bundle.network.parameters()).device
        self._cache = bundle.network.new_cache(MOST_POSITIONS)
        self._instruction = instruction
        self._waiting: list[int] = []  # ids to be fed before the next turn
        self._never, self._never_later = (ids.to(self._device) for ids in _barred(bundle.config))

    @property
    def config(self) -> ModelConfig:
        """The model's config."""
        return self._bundle.config

    def ask(
        self,
        question: str | None = None,
        sound: Samples | None = None,
        on_text: Callable[[str], None] = lambda text: None,
    ) -> ReplyEnd:
        """Answer one question; with a recording, without one, or a recording alone.

        Args:
            question: what is asked; None or nothing but blanks lets the recording speak for itself.
            sound: float32 [n], 16 kHz mono; heard as a whole before the answer begins.
            on_text: gets each piece of the answer as it comes, whole characters, never empty.

        Returns:
            The answer as a `reply.end`; `reply` counts the turns from 0, `first_text_ms` runs from the question.

        Raises:
            UsageError: neither question nor recording (`ask.nothing`).
            InputError: no sound in the recording (`ask.sound`), samples that are no floats or no numbers
                (`audio.dtype`, `audio.nan`), or question, recording and what was said before take more positions
                than there are (`ask.too_long`); the history is as it was.
        """
        asked_at = self._clock.now()
        sound = None if sound is None else _cleaned(sound)
        ids = self._turn(question, sound)
        with torch.inference_mode():
            hidden = self._feed(ids, sound)
            # from here on the turn stands in the history, and a broken-off answer ends with <eos>
            self._waiting = [self._bundle.config.control.eos]
            self.turns += 1
            reply, first_text_at = self._answer(hidden, on_text)
        first_text_ms = None if first_text_at is None else (first_text_at - asked_at) * 1000
        return ReplyEnd(
            self.turns - 1, reply.text, reply.emotion, reply.reason or "cancelled", reply.tokens, first_text_ms
        )

    def _turn(self, question: str | None, sound: Samples | None) -> list[int]:
        """The ids of a turn up to the place where its answer is read, checked to fit."""
        grammar, text = self._grammar, (question or "").strip()
        if not text and sound is None:
            raise UsageError("ask.nothing", "neither a question nor a recording", "give one of them, or both")
        slots = 0 if sound is None else recording_slots(len(sound), self._bundle.config)
        asked = question if text else None
        if self.turns:
            heard = grammar.recording(slots) if slots else []
            given = [*self._waiting, *heard, *(grammar.user(asked) if asked else [])]
        else:
            given = grammar.first_turn(self._instruction, asked, slots)
        ids = [*given, *grammar.answer_head()]
        room = MOST_POSITIONS - self._cache.length - _LEAST_ANSWER
        if len(ids) > room:
            raise self._too_long(grammar.slots_without(slots, len(ids) - room))
        return ids

    def _too_long(self, fitting_slots: int) -> InputError:
        found = f"more than the {MOST_POSITIONS} positions that this model can look back on"
        longest = int(seconds_of(fitting_slots, self._bundle.config))
        if longest > 0:
            return InputError("ask.too_long", found, f"cut the recording to {longest} s or less")
        hint = "ask in fewer words" if not self.turns else "begin a new conversation"
        return InputError("ask.too_long", found, hint)

    def _feed(self, ids: Sequence[int], sound: Samples | None) -> Tensor:
        """Put new positions into the cache; the last one's hidden row, [1, width]."""
        network = self._bundle.network
        row = torch.tensor([list(ids)], device=self._device)
        embeds = network.embed(row)
        if sound is not None:
            samples = torch.from_numpy(np.ascontiguousarray(sound, np.float32)).to(self._device)
            features = recording_features(network, samples)
            embeds = splice(embeds, row == self._bundle.config.control.offline_audio_pad, features)
        return network(embeds, self._cache)[:, -1]  # type: ignore[no-any-return]

    def _answer(self, hidden: Tensor, on_text: Callable[[str], None]) -> tuple[ReplyText, float | None]:
        """Speak until the answer is over: greedy, as the release's scripts sample."""
        bundle = self._bundle
        room = MOST_POSITIONS - self._cache.length - 2  # an emotion and <eos> are no text tokens
        reply = ReplyText(bundle.tokenizer, bundle.config.control, min(self._limit, room))
        first_text_at: float | None = None
        while True:
            is_opening = reply.tokens == 0 and reply.emotion is None
            barred = self._never if is_opening else self._never_later
            token = int(bundle.network.logits(hidden)[0].index_fill(0, barred, -torch.inf).argmax())
            delta = reply.add(token)
            if delta:
                first_text_at = self._clock.now() if first_text_at is None else first_text_at
                on_text(delta)
            if reply.reason in (None, "repetition"):  # the token was said
                hidden = self._feed([token], None)
            if reply.reason is not None:
                return reply, first_text_at


def gathered(blocks: Iterable[Samples], config: ModelConfig) -> Samples:
    """A whole recording out of its blocks; of one that is too long to be asked about, enough to be refused.

    Returns:
        float32 [n], 16 kHz mono.
    """
    most = (MOST_POSITIONS + 1) * config.encoder.pool * CONV_STRIDE * HOP_LENGTH
    taken: list[Samples] = []
    for block in blocks:
        taken.append(block)
        most -= len(block)
        if most < 0:
            break
    return np.concatenate(taken) if taken else np.zeros(0, np.float32)


def _cleaned(sound: Samples) -> Samples:
    """A recording as the encoder may hear it: one bad sample must not turn every feature into no number."""
    if sound.ndim != 1 or not len(sound):
        raise InputError("ask.sound", f"sound of shape {list(sound.shape)}", "give samples [n], 16 kHz mono, n > 0")
    check_samples(sound)
    cleaner = Cleaner("the recording")
    clean = cleaner.clean(sound.astype(np.float32, copy=False))
    cleaner.end()
    return clean


def _barred(config: ModelConfig) -> tuple[Tensor, Tensor]:
    """Ids that cannot open an answer, and those that cannot stand later in it: an emotion opens it or is not there."""
    control = config.control
    return torch.tensor(sorted(control.unspoken)), torch.tensor(sorted(control.unspoken | {*control.emotions.values()}))
