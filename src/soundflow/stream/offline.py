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
from soundflow.audio.quiet import LEAD_CHUNKS, TRAIL_CHUNKS, in_quiet
from soundflow.errors import InputError, UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.config import CONV_STRIDE, HOP_LENGTH, ModelConfig
from soundflow.model.network import splice
from soundflow.model.offline import recording_features, recording_slots, seconds_of
from soundflow.stream.clock import Clock, WallClock
from soundflow.stream.decoding import Choice, barred
from soundflow.stream.events import ReplyEnd
from soundflow.stream.memory import Window
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
        with torch.inference_mode():
            self._choice = Choice(bundle.network, bundle.config.control)
        self._never, self._never_later = (ids.to(self._device) for ids in barred(bundle.config.control))

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
            sound: float32 [n], 16 kHz mono; heard as a whole before the answer begins, or as a stream.
            on_text: gets each piece of the answer as it comes, whole characters, never empty.

        Returns:
            The answer as a `reply.end`; `reply` counts the turns from 0, `first_text_ms` runs from the question. Where
            a recording is heard as a stream it is all that was said while it was heard, a line each; a model that was
            silent up to the end is made to answer there (docs/decisions/0020).

        Raises:
            UsageError: neither question nor recording (`ask.nothing`).
            InputError: no sound in the recording (`ask.sound`), samples that are no floats or no numbers
                (`audio.dtype`, `audio.nan`), or question, recording and what was said before take more positions
                than there are (`ask.too_long`); the history is as it was.
        """
        said = _Said(self._clock, on_text)
        sound = None if sound is None else _laid_out(_cleaned(sound), self._bundle.config)
        ids = self._turn(question, sound)
        control = self._bundle.config.control
        with torch.inference_mode():
            rows = self._rows(ids, sound)
            # from here on the turn stands in the history, and an answer that is broken off ends with <eos>
            self._waiting = [control.eos]
            self.turns += 1
            moments = self._moments(ids)
            hidden = self._hear_as_stream(rows, moments, said) if moments else self._pass(rows[:, :-1])
            if not said.text:
                self._speak(ids[-1], said)
            elif self._speaks_up(hidden):
                self._speak(control.response, said)
            else:
                self._waiting = [control.silent]
        return said.end(self.turns - 1)

    def _hear_as_stream(self, rows: Tensor, moments: Sequence[int], said: _Said) -> Tensor:
        """Hear a recording's chunks, say what is decided behind each but the last, and forget as a stream does.

        Args:
            rows: of the whole turn, [1, positions, width]; the last one, which asks for the answer, is left out.
            moments: where <silent> stands in them.

        Returns:
            The hidden row behind the last chunk's ASSISTANT, [1, width].
        """
        config = self._bundle.config
        before = self._cache.length + moments[0] - (config.chunk_positions - 1)  # positions in front of the first chunk
        window: Window[Tensor] = Window(before, config.chunk_positions, config.max_chunks, self._limit + 2)
        begin = 0
        for moment in moments:
            hidden = self._hear(rows[:, begin:moment], window)
            begin = moment
            still = min(rows.shape[1] - moment, window.capacity - self._cache.length)
            if self._speaks_up(hidden, still):
                window.decide(config.control.response, None)
                spoken = [*self._speak(config.control.response, said, still), config.control.eos]
                self._pass(self._rows(spoken[-1:]))
                for token in spoken:
                    window.add_token(token)
                begin += 1  # what was said stands where <silent> would
        return self._hear(rows[:, begin:-1], window)

    def _hear(self, rows: Tensor, window: Window[Tensor]) -> Tensor:
        """Put a chunk into the cache, and what stood before it; the hidden row behind its ASSISTANT, [1, width]."""
        forgotten = window.make_room(1)
        for start, count in forgotten.spans if forgotten else ():
            self._cache.evict(start, count)
        window.open_block(rows, self._bundle.config.control.silent)
        return self._pass(rows)

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
        config = self._bundle.config
        quiet = (LEAD_CHUNKS + TRAIL_CHUNKS) * config.chunk_seconds if config.recording == "stream" else 0.0
        longest = int(seconds_of(fitting_slots, config) - quiet)
        if longest > 0:
            return InputError("ask.too_long", found, f"cut the recording to {longest} s or less")
        hint = "ask in fewer words" if not self.turns else "begin a new conversation"
        return InputError("ask.too_long", found, hint)

    def _rows(self, ids: Sequence[int], sound: Samples | None = None) -> Tensor:
        """What the decoder hears for these ids, a recording's sound in its places: [1, positions, width]."""
        network = self._bundle.network
        row = torch.tensor([list(ids)], device=self._device)
        embeds = network.embed(row)
        if sound is not None:
            samples = torch.from_numpy(np.ascontiguousarray(sound, np.float32)).to(self._device)
            features = recording_features(network, samples)
            embeds = splice(embeds, row == self._bundle.config.control.offline_audio_pad, features)
        return embeds

    def _moments(self, ids: Sequence[int]) -> list[int]:
        """Where <silent> stands behind a chunk of a recording that is heard as a stream: something may be said there.

        Nowhere where the question comes behind the recording.
        """
        control = self._bundle.config.control
        if control.user in ids:
            return []
        return [at for at in range(1, len(ids)) if ids[at] == control.silent]

    def _pass(self, rows: Tensor) -> Tensor:
        """Put new positions into the cache; the last one's hidden row, [1, width]."""
        return self._bundle.network(rows, self._cache)[:, -1]  # type: ignore[no-any-return]

    def _room(self, still: int) -> int:
        """Text tokens that can be said before `still` more positions; an opener, an emotion and <eos> are none."""
        return MOST_POSITIONS - self._cache.length - still - 3

    def _speaks_up(self, hidden: Tensor, still: int = 0) -> bool:
        """Whether the model decides to speak, as it does in a stream, and has room for it."""
        if self._room(still) < 1:
            return False
        return self._choice.p_response(hidden) >= self._bundle.config.response_threshold

    def _speak(self, opener: int, said: _Said, still: int = 0) -> list[int]:
        """Speak until the reply is over: greedy, as the release's scripts sample.

        Args:
            opener: the token behind which the reply is read.
            still: positions that must be left for what is to be heard behind it.

        Returns:
            The ids that stand behind the opener now.
        """
        spoken: list[int] = []
        bundle = self._bundle
        reply = ReplyText(bundle.tokenizer, bundle.config.control, min(self._limit, self._room(still)))
        said.begin(reply)
        hidden = self._pass(self._rows([opener]))
        while True:
            is_opening = reply.tokens == 0 and reply.emotion is None
            barred = self._never if is_opening else self._never_later
            token = int(bundle.network.logits(hidden)[0].index_fill(0, barred, -torch.inf).argmax())
            said.add(token)
            if reply.reason in (None, "repetition"):  # the token was said
                hidden = self._pass(self._rows([token]))
                spoken.append(token)
            if reply.reason is not None:
                return spoken


class _Said:
    """What was said in one turn: one answer, or the replies of a recording that was heard as a stream, a line each."""

    def __init__(self, clock: Clock, on_text: Callable[[str], None]) -> None:
        self._replies: list[ReplyText] = []
        self._clock = clock
        self._on_text = on_text
        self._asked_at = clock.now()
        self._first_text_ms: float | None = None

    @property
    def text(self) -> str:
        """All of it so far."""
        return "\n".join(reply.text for reply in self._replies if reply.text)

    def begin(self, reply: ReplyText) -> None:
        """From here on tokens are this reply's."""
        self._replies.append(reply)

    def add(self, token: int) -> None:
        """Take the reply's next token in, and pass on the whole characters it completed."""
        reply = self._replies[-1]
        gap = "\n" if not reply.text and self.text else ""
        delta = reply.add(token)
        if delta:
            if self._first_text_ms is None:
                self._first_text_ms = (self._clock.now() - self._asked_at) * 1000
            self._on_text(gap + delta)

    def end(self, turn: int) -> ReplyEnd:
        """All of it as one answer, which ends as its last reply does."""
        last = self._replies[-1]
        tokens = sum(reply.tokens for reply in self._replies)
        return ReplyEnd(turn, self.text, last.emotion, last.reason or "cancelled", tokens, self._first_text_ms)


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


def _laid_out(sound: Samples, config: ModelConfig) -> Samples:
    """A recording as its layout wants it: one that is heard as a stream begins and ends in a moment of quiet."""
    return in_quiet(sound, config.chunk_samples) if config.recording == "stream" else sound
