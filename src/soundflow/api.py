"""What a program uses: load a model, listen to a source, open a session.

Knows files, examples and models by name; knows nothing of the command line. Tests: tests/test_api.py.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from soundflow.audio.decode import iter_audio, iter_pcm_stdin
from soundflow.audio.pcm import Cleaner, check_samples
from soundflow.errors import InputError, UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.assemble import Placement
from soundflow.model.checkpoint.find import find_folder
from soundflow.model.checkpoint.ours import storage_of
from soundflow.model.checkpoint.recognise import load_model
from soundflow.model.config import ModelConfig
from soundflow.model.int4 import int4_supported, make_int4
from soundflow.model.quantize import int8_supported, make_int8
from soundflow.stream.clock import Clock
from soundflow.stream.events import Event
from soundflow.stream.offline import Conversation, check_answers, gathered
from soundflow.stream.session import Limits, Session
from soundflow.stream.workers import LiveSession

Samples = NDArray[np.float32]
Source = str | Path | Samples
Arithmetic = Literal["auto", "float32", "bfloat16", "int8", "int4"]

_READY = {"int8": make_int8, "int4": make_int4}  # what is done to each layer as it is loaded
_DEVICES = ("cpu", "cuda")  # kinds that the layers have been run on; `meta` holds no numbers
DEFAULT_MODEL = "nano"
ANSWERING_MODEL = "nano-2"  # the packaged one that was trained to answer
STDIN = "-"
MICROPHONE = "mic"
_PACKAGE = Path(__file__).parent
_EXAMPLES = _PACKAGE / "examples"
_SOUND_SUFFIXES = (".ogg", ".flac", ".wav")


@dataclass(frozen=True)
class Model:
    """A loaded model: weights, tokenizer and config. Any number of sessions may run on it."""

    bundle: Bundle

    @property
    def name(self) -> str:
        """What the model calls itself."""
        return self.bundle.name

    @property
    def config(self) -> ModelConfig:
        """Its shape, front end, defaults and control tokens."""
        return self.bundle.config

    @property
    def path(self) -> Path | None:
        """The folder it was loaded from."""
        return self.bundle.path

    def session(
        self,
        instruction: str | None = None,
        threshold: float | None = None,
        clock: Clock | None = None,
        limits: Limits | None = None,
    ) -> Session:
        """Open a stream that is heard as fast as it is fed.

        Args:
            instruction: what to listen for; None takes the model's default.
            threshold: p(response) in 0..1 from which the model speaks; None takes the model's.
            clock: where time comes from; None takes the machine's.
            limits: bounds of replies and queue.

        Raises:
            UsageError: a threshold or limit makes no sense.
        """
        return Session(self.bundle, instruction, threshold, clock, limits=limits)

    def live_session(
        self,
        instruction: str | None = None,
        threshold: float | None = None,
        clock: Clock | None = None,
        limits: Limits | None = None,
    ) -> LiveSession:
        """Open a stream in real time, with hearing and speaking in two threads; arguments as in `session`."""
        return LiveSession(self.bundle, instruction, threshold, clock, limits=limits)

    def conversation(self, instruction: str | None = None, max_answer_tokens: int | None = None) -> Conversation:
        """Begin a conversation about recordings, each heard as a whole; what was said before is kept in mind.

        Args:
            instruction: the system's text; None takes the model's default.
            max_answer_tokens: a longer answer is ended; None takes the model's limit for replies.

        Raises:
            UsageError: the model was not trained to answer (`ask.unsupported`), or the limit makes no sense.
        """
        check_answers(self.bundle)
        return Conversation(self.bundle, instruction, max_answer_tokens)


def load(
    name_or_path: str | Path = DEFAULT_MODEL,
    arithmetic: Arithmetic = "auto",
    device: str = "auto",
    revision: str | None = None,
) -> Model:
    """Load a model.

    Args:
        name_or_path: `nano` or `nano-2`, which ship with the package; a folder of our layout, of the released one or of
            Qwen2.5-Omni's in `transformers` layout, told apart by content; or `owner/name` on the hub.
        arithmetic: of the decoder. `auto` takes `int8` on a CPU that has it, where it is several times faster than
            `float32` (`int4` for a model that is stored so), and `bfloat16` on a GPU. The encoder computes in
            float32 unless it is int8 or int4.
        device: `cpu`, `cuda`, `cuda:1` …; `auto` takes a GPU where torch sees one.
        revision: branch, tag or commit of a model on the hub.

    Raises:
        InputError: no such model or folder, an unknown layout, or damaged files (file and tensor are named).
        OutsideError: the hub cannot be reached, or does not give the model.
        UsageError: an arithmetic or device that this machine does not have.
    """
    where = _device(device)
    folder = find_folder(name_or_path, revision)
    chosen = _arithmetic(arithmetic, where, folder)
    kind = torch.bfloat16 if chosen == "bfloat16" else torch.float32
    return Model(load_model(folder, Placement(kind, device=where, ready=_READY.get(chosen, id))))


def _device(device: str) -> str:
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        wanted = torch.device(device)
    except RuntimeError as e:
        raise UsageError("model.device", f"there is no device {device!r}", "use cpu, cuda or cuda:0") from e
    kind = wanted.type
    if kind not in _DEVICES:
        raise UsageError("model.device", f"soundflow does not run on {device!r}", "use cpu, cuda or cuda:0")
    if kind == "cuda" and not (torch.cuda.is_available() and (wanted.index or 0) < torch.cuda.device_count()):
        raise UsageError("model.device", f"torch sees no GPU for {device!r}", "use cpu, or install a build with CUDA")
    return device


def _arithmetic(arithmetic: Arithmetic, device: str, folder: Path) -> Arithmetic:
    if arithmetic not in get_args(Arithmetic):
        known = ", ".join(get_args(Arithmetic))
        raise UsageError("model.arithmetic", f"there is no arithmetic {arithmetic!r}", f"use one of {known}")
    on_cpu = device.startswith("cpu")
    has = {"int8": on_cpu and int8_supported(), "int4": on_cpu and int4_supported()}
    if not has.get(arithmetic, True):
        raise UsageError("model.arithmetic", f"torch has no {arithmetic} for {device}", "use float32 or bfloat16")
    if arithmetic != "auto":
        return arithmetic
    if not on_cpu:
        return "bfloat16"
    if has["int4"] and storage_of(folder) == "int4":
        return "int4"
    return "int8" if has["int8"] else "float32"


def listen(
    source: Source,
    model: Model | str | Path = DEFAULT_MODEL,
    instruction: str | None = None,
    threshold: float | None = None,
) -> Iterator[Event]:
    """Hear a whole source, as fast as it can be computed, and give the events as they come.

    Args:
        source: a sound file, the name of a packaged example, `mic`, `-` (raw s16le 16 kHz mono on standard input),
            or samples, float32 [n] at 16 kHz mono.
        model: a loaded model, or what `load` takes.
        instruction, threshold: as in `Model.session`.

    Raises:
        InputError: the source or the model cannot be read.
        UsageError: a setting makes no sense.

    Example:
        >>> for event in soundflow.listen("kitchen"):  # doctest: +SKIP
        ...     print(event)
    """
    loaded = model if isinstance(model, Model) else load(model)
    blocks = open_source(source, loaded.config.chunk_samples)
    session = loaded.session(instruction, threshold)
    return _events(session, blocks)


def ask(source: Source | None, question: str | None = None, model: Model | str | Path = ANSWERING_MODEL) -> str:
    """Answer a question about a recording; say what a recording alone calls for; or answer a question without one.

    For several questions that build on each other open a `Model.conversation`.

    Args:
        source: as in `listen`, a microphone excepted; heard to its end before the answer begins. None for no sound.
        question: None lets the recording speak for itself.
        model: a loaded model, or what `load` takes; one that was trained to answer.

    Raises:
        InputError: source or model cannot be read, or the recording is too long (`ask.too_long`, 160 s and more).
        UsageError: the model was not trained to answer (`ask.unsupported`: `nano` was not), or nothing is asked.

    Example:
        >>> soundflow.ask("song.wav", "Which instrument is this?")  # doctest: +SKIP
    """
    conversation = (model if isinstance(model, Model) else load(model)).conversation()
    return conversation.ask(question, None if source is None else whole_sound(source, conversation.config)).text


def whole_sound(source: Source, config: ModelConfig) -> Samples:
    """A source to its end, float32 [n] at 16 kHz mono; of one that is too long to be asked about, enough to be refused.

    Raises:
        InputError, UsageError: as `open_source`; a microphone has no end (`ask.microphone`).
    """
    if isinstance(source, str) and source == MICROPHONE:
        message = "a microphone has no end to answer behind"
        raise UsageError("ask.microphone", message, "name a recording, or use listen with an instruction")
    return gathered(open_source(source, config.chunk_samples), config)


def examples() -> tuple[str, ...]:
    """Names of the recordings that ship with the package, sorted."""
    return tuple(sorted(p.stem for p in _EXAMPLES.glob("*") if p.suffix in _SOUND_SUFFIXES))


def example_path(name: str) -> Path | None:
    """The file of a packaged example, or None when there is none of that name."""
    candidates = (_EXAMPLES / f"{name}{suffix}" for suffix in _SOUND_SUFFIXES)
    return next((path for path in candidates if os.path.isfile(path)), None)  # a name too long is none, no error


def open_source(source: Source, block_samples: int) -> Iterator[Samples]:
    """Blocks of about `block_samples` float32 samples, 16 kHz mono, from anything `listen` hears.

    A file of that name goes before an example. Memory stays bounded however long the source is.

    Raises:
        InputError: there is no such file or example, or samples are no floats [n] (`audio.shape`, `audio.dtype`);
            while reading, as `iter_audio`, such as `audio.nan` where there is not one number.
        UsageError: `-` while nothing is piped in (`source.terminal`).
        OutsideError: no microphone.
    """
    if isinstance(source, np.ndarray):
        check_samples(source)
        return _clean_blocks(source, block_samples)
    if source == STDIN:
        if sys.stdin is None or sys.stdin.isatty():  # None where it was closed before the program began
            found = "closed" if sys.stdin is None else "a terminal"
            hint = "pipe raw s16le 16 kHz mono samples in, or name a file"
            raise UsageError("source.terminal", f"standard input is {found}", hint)
        return iter_pcm_stdin(sys.stdin.buffer, block_samples)
    if source == MICROPHONE:
        from soundflow.audio.microphone import iter_microphone

        return iter_microphone()
    return iter_audio(_sound_file(source), block_samples / 16_000)


def _clean_blocks(samples: Samples, block_samples: int) -> Iterator[Samples]:
    """Samples that a caller has, held to what a file's are."""
    cleaner = Cleaner("the array")
    for start in range(0, len(samples), block_samples):
        yield cleaner.clean(samples[start : start + block_samples].astype(np.float32, copy=False))
    cleaner.end()


def _events(session: Session, blocks: Iterable[Samples]) -> Iterator[Event]:
    with session:
        for block in blocks:
            yield from session.feed(block)
        yield from session.end()


def _sound_file(source: str | Path) -> Path:
    path = Path(source)
    if _is_there(path):
        example = None if path.is_file() else example_path(str(source))
        return example or path
    if example := example_path(str(source)):
        return example
    known = ", ".join(examples()) or "none"
    raise InputError(
        "source.missing", f"there is no file or example {source}", f"name a sound file, mic, -, or an example ({known})"
    )


def _is_there(path: Path) -> bool:
    """Whether there is a file or folder of that name; a name that none can have, such as one too long, is not there."""
    try:
        path.stat()
    except PermissionError as error:
        hint = "change the permissions of its folder, or copy it"
        raise InputError("audio.unreadable", f"no permission to look at {path}", hint) from error
    except (OSError, ValueError):
        return False
    return True
