"""A model ready for sessions: weights, tokenizer and config together. What every loader gives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from soundflow.model.config import ModelConfig
from soundflow.model.network import AudioInteractionModel
from soundflow.model.tokens import Grammar, TextTokenizer


@dataclass(frozen=True)
class Bundle:
    """One model, many sessions: nothing in here changes while streams run."""

    network: AudioInteractionModel
    tokenizer: TextTokenizer
    config: ModelConfig
    name: str
    path: Path | None = None

    @property
    def grammar(self) -> Grammar:
        """How this model's streams are written."""
        c = self.config
        return Grammar(c.control, self.tokenizer, c.audio_positions, c.default_instruction, c.recording)
