"""The shape of an audio interaction model: plain frozen values, no tensors.

Knows nothing of weights, files or sessions. Tests: tests/model/test_config.py.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from soundflow.audio.log_mel import FrontEnd
from soundflow.errors import InputError
from soundflow.model.tokens import RELEASE_TOKENS, ControlTokens, RecordingLayout

SAMPLE_RATE = 16_000  # Hz, of every waveform that reaches the model
HOP_LENGTH = 160  # samples between two log-mel frames: 10 ms (Whisper's front end)
CONV_STRIDE = 2  # log-mel frames per encoder position, from the second convolution
ROOM_FOR_REPLIES = 4  # replies of full length that fit into a session's cache beside a full window; chosen

Normaliser = Literal["clip", "stream", "window"]
Statistic = Literal["mean", "std"]


# `windows`: 2 s together under the recording's own maximum, as the release; `chunks`: as a stream is heard
OfflineHearing = Literal["none", "windows", "chunks"]


@dataclass(frozen=True)
class EncoderConfig:
    """A Whisper-style encoder that hears one chunk at a time; names as in `transformers`' Qwen2.5-Omni audio config."""

    num_mel_bins: int
    d_model: int
    encoder_layers: int
    encoder_attention_heads: int
    encoder_ffn_dim: int
    pool: int = 2  # encoder positions that become one audio position (release: 2)
    pool_statistics: tuple[Statistic, ...] = ("mean",)  # what a pooled position holds (release: the mean)


@dataclass(frozen=True)
class DecoderConfig:
    """A causal Qwen2-style decoder; names as in `transformers`' Qwen2 config."""

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    intermediate_size: int
    rms_norm_eps: float = 1e-6
    rope_theta: float = 1e6
    tie_word_embeddings: bool = False
    position_dtype: Literal["exact", "float16"] = "exact"  # float16 only to match the release (its positions round)


@dataclass(frozen=True)
class ModelConfig:
    """One whole model: its two networks, its front end, its control tokens and its defaults in a session."""

    name: str
    encoder: EncoderConfig
    decoder: DecoderConfig
    control: ControlTokens
    default_instruction: str
    chunk_seconds: float = 0.4  # paper §3.3; 0.2 to 0.8
    normaliser: Normaliser = "window"
    max_chunks: int = 60  # chunks a session keeps in its context (paper: L_max 60)
    response_threshold: float = 0.5  # p(response) from which the model speaks
    max_reply_tokens: int = 64  # a longer reply is ended with reason "length"
    offline: OfflineHearing = "none"  # how it was trained to hear whole recordings that it is asked about
    recording: RecordingLayout = "whole"  # as in the release, or as a stream, for chunks only (docs/decisions/0020)
    labels: tuple[str, ...] = field(default=())  # sounds named in training, for the card and for reports

    def __post_init__(self) -> None:
        positions = self.chunk_samples / HOP_LENGTH / CONV_STRIDE / self.encoder.pool
        if not 0.2 <= self.chunk_seconds <= 0.8 or positions != int(positions):
            raise InputError(
                "config.chunk",
                f"chunk_seconds {self.chunk_seconds} with pool {self.encoder.pool} gives {positions:g} audio positions",
                "use 0.2 to 0.8 s, and a pool that divides the chunk's encoder positions (50 a second)",
            )
        if self.recording == "stream" and self.offline == "windows":
            found = "recording 'stream' with offline 'windows': windows of 2 s are no chunks"
            raise InputError("config.recording", found, "use recording 'whole', or offline 'chunks'")

    @property
    def chunk_samples(self) -> int:
        """Samples of one chunk at 16 kHz (6400 at 0.4 s)."""
        return round(self.chunk_seconds * SAMPLE_RATE)

    @property
    def audio_positions(self) -> int:
        """Decoder positions that one chunk's sound takes (release: 10; nano: 2)."""
        return self.chunk_samples // (HOP_LENGTH * CONV_STRIDE * self.encoder.pool)

    @property
    def chunk_positions(self) -> int:
        """Decoder positions of one chunk in a stream: AUDIO_BEGIN, its sound, ASSISTANT and the control token."""
        return self.audio_positions + 3

    def front_end(self) -> FrontEnd:
        """The log-mel front end this model was trained with."""
        return FrontEnd(n_mels=self.encoder.num_mel_bins, normaliser=self.normaliser, chunk_samples=self.chunk_samples)

    def to_dict(self) -> dict[str, Any]:
        """A plain dictionary that `from_dict` reads back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ModelConfig:
        """Read what `to_dict` wrote.

        Raises:
            InputError: a key is unknown (the nearest known one is named) or missing.
        """
        top = dict(values)
        parts = {
            "encoder": _build(EncoderConfig, _tuple_of(top.pop("encoder", {}), "pool_statistics")),
            "decoder": _build(DecoderConfig, top.pop("decoder", {})),
            "control": _build(ControlTokens, top.pop("control", {})),
        }
        built = _build(cls, {**_tuple_of(top, "labels"), **parts})
        assert isinstance(built, ModelConfig)
        return built


def _tuple_of(values: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {**values, **({key: tuple(values[key])} if key in values else {})}


def _build(kind: Any, values: Mapping[str, Any]) -> Any:
    names = [f.name for f in dataclasses.fields(kind)]
    for key in values:
        if key not in names:
            near = difflib.get_close_matches(key, names, n=1)
            raise InputError(
                "config.unknown_key",
                f"{kind.__name__} has no field {key!r}",
                f"did you mean {near[0]!r}?" if near else f"known fields: {', '.join(names)}",
            )
    try:
        return kind(**values)
    except TypeError as e:
        raise InputError("config.missing_key", f"{kind.__name__}: {e}", "write every field without a default") from e


def nano(vocab_size: int, control: ControlTokens) -> ModelConfig:
    """The small model that ships in the package: Whisper base's first two layers, and a 5 M parameter decoder.

    Its adapter pools a chunk into two positions of mean and deviation (docs/decisions/0001).
    """
    return ModelConfig(
        name="nano",
        encoder=EncoderConfig(
            num_mel_bins=80,
            d_model=512,
            encoder_layers=2,
            encoder_attention_heads=8,
            encoder_ffn_dim=2048,
            pool=10,
            pool_statistics=("mean", "std"),
        ),
        decoder=DecoderConfig(
            vocab_size=vocab_size,
            hidden_size=256,
            num_hidden_layers=6,
            num_attention_heads=4,
            num_key_value_heads=4,
            head_dim=64,
            intermediate_size=704,
            rope_theta=1e4,
            tie_word_embeddings=True,
        ),
        control=control,
        default_instruction="Speak up when a sound needs attention.",
    )


def audio_interaction_3b() -> ModelConfig:
    """The published shape: Qwen2.5-Omni-3B's audio tower and thinker, ids of the release.

    Source: release file `TOKENS.py` (ids), the public Qwen2.5-Omni-3B configuration (shape).
    """
    return ModelConfig(
        name="audio-interaction-3b",
        encoder=EncoderConfig(
            num_mel_bins=128, d_model=1280, encoder_layers=32, encoder_attention_heads=20, encoder_ffn_dim=5120
        ),
        decoder=DecoderConfig(
            vocab_size=151_936,
            hidden_size=2048,
            num_hidden_layers=36,
            num_attention_heads=16,
            num_key_value_heads=2,
            head_dim=128,
            intermediate_size=11_008,
            position_dtype="float16",
        ),
        control=RELEASE_TOKENS,
        default_instruction=(
            "You are a helpful assistant. When there is no user text, if the audio contains a question, please "
            "answer it. If it is a sound effect, determine based on the sound whether help is needed."
        ),
        normaliser="stream",
        offline="windows",
    )
