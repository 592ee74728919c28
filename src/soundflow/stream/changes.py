"""Changes that a session may ask for between two decisions. Tests: tests/stream/test_batch.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from soundflow.stream.decoding import Decoding


@dataclass(frozen=True)
class Instruct:
    """Listen for something else and remember all the same; None is the model's default."""

    instruction: str | None

    def apply(self, decoding: Decoding) -> None:
        """Make the change."""
        decoding.instruct(self.instruction)


@dataclass(frozen=True)
class Truncate:
    """Of a reply only the first characters were played; one that is forgotten is left alone."""

    reply: int
    characters: int

    def apply(self, decoding: Decoding) -> None:
        """Make the change."""
        decoding.truncate(self.reply, self.characters)


Change: TypeAlias = Instruct | Truncate
