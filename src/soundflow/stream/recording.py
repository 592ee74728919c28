"""What one stream heard and what was decided when, so that it can be played again to the same tokens.

A recording holds the stream's sound and its words: it is made only where a caller asks for it. The file is
safetensors: the sound, and everything else as JSON. Tests: tests/stream/test_recording.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from soundflow.atomic import replacing
from soundflow.errors import InputError
from soundflow.model.config import SAMPLE_RATE
from soundflow.stream.changes import Change, Instruct, Truncate
from soundflow.stream.decoding import Decided, Decoding, Outcome
from soundflow.stream.fifo import Flush, TextStep
from soundflow.stream.perception import EncodedChunk, Samples

VERSION = 1
_MOST_SECONDS = 3600.0  # of sound in one recording; what comes later is left out; chosen
_PLAIN = ("model", "instruction", "max_reply_tokens", "remembered_reply_tokens", "is_whole")
Action = Flush[EncodedChunk] | TextStep | None


@dataclass(frozen=True)
class RecordedStep:
    """One step of the decoder and what came of it.

    `chunks` were flushed, behind `changes` and at `threshold`; none: a token of a reply, or its cancelled end.
    `p_response` is None but for decisions; `tokens` are all ids behind the newest chunk afterwards.
    """

    chunks: tuple[int, ...]
    is_cancel: bool
    threshold: float
    changes: tuple[Change, ...]
    p_response: float | None
    kind: str
    tokens: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` reads back."""
        changes = [
            ["instruct", c.instruction] if isinstance(c, Instruct) else ["truncate", c.reply, c.characters]
            for c in self.changes
        ]
        return {**vars(self), "changes": changes}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RecordedStep:
        """Read what `to_json` wrote."""
        changes = tuple(Instruct(c[1]) if c[0] == "instruct" else Truncate(c[1], c[2]) for c in values["changes"])
        plain = {**values, "chunks": tuple(values["chunks"]), "tokens": tuple(values["tokens"]), "changes": changes}
        return cls(**plain)


@dataclass
class Recording:
    """Grows while its session runs. Give a fresh one to `Engine.open`, and `save` it when the session is over.

    `is_whole` is False when the stream went on behind the end of the recording.
    """

    model: str = ""
    instruction: str | None = None
    max_reply_tokens: int = 0
    remembered_reply_tokens: int = 0
    steps: list[RecordedStep] = field(default_factory=list)
    is_whole: bool = True
    _sound: list[Samples] = field(default_factory=list)
    _samples: int = 0

    @property
    def sound(self) -> Samples:
        """float32 [n], 16 kHz mono, as it was heard: what was dropped before is not in it."""
        return np.concatenate(self._sound) if self._sound else np.zeros(0, np.float32)

    def heard(self, blocks: Sequence[tuple[Samples, float]]) -> None:
        """Sound was taken in."""
        self.is_whole = self.is_whole and self._samples <= _MOST_SECONDS * SAMPLE_RATE
        if self.is_whole:
            self._sound += [block for block, _ in blocks]
            self._samples += sum(len(block) for block, _ in blocks)

    def did(self, decoding: Decoding, action: Action, changes: Sequence[Change], outcome: Outcome) -> None:
        """A step was made."""
        if self.is_whole:
            self.steps.append(step_of(decoding, action, changes, outcome))

    def save(self, path: Path) -> None:
        """Write it, under a temporary name first."""
        values = {**{name: getattr(self, name) for name in _PLAIN}, "version": VERSION}
        values["steps"] = [step.to_json() for step in self.steps]
        with replacing(path) as temporary:
            save_file({"sound": torch.from_numpy(self.sound)}, temporary, metadata={"recording": json.dumps(values)})

    @classmethod
    def load(cls, path: Path) -> Recording:
        """Read what `save` wrote.

        Raises:
            InputError: the file cannot be read (`recording.file`) or is of another version (`recording.version`).
        """
        try:
            with safe_open(path, "pt") as file:
                values = json.loads(file.metadata()["recording"])
                sound = file.get_tensor("sound").numpy()
            if values["version"] != VERSION:
                found = f"{path}: version {values['version']}, this is {VERSION}"
                raise InputError("recording.version", found, "record it anew with this release")
            steps = [RecordedStep.from_json(step) for step in values["steps"]]
            plain = {name: values[name] for name in _PLAIN}
        except (OSError, SafetensorError, KeyError, TypeError, ValueError, IndexError) as e:
            raise InputError("recording.file", f"{path}: no recording: {e}", "give a file that was saved by one") from e
        return cls(**plain, steps=steps, _sound=[sound], _samples=len(sound))


def step_of(decoding: Decoding, action: Action, changes: Sequence[Change], outcome: Outcome) -> RecordedStep:
    """What was done and what came of it, in the form that is kept and compared."""
    chunks = tuple(chunk.index for chunk in action.chunks) if isinstance(action, Flush) else ()
    p_response = outcome.p_response if isinstance(outcome, Decided) else None
    return RecordedStep(
        chunks,
        action is None,
        decoding.threshold,
        tuple(changes),
        p_response,
        outcome.kind.value,
        decoding.newest_tokens,
    )
