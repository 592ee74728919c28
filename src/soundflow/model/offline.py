"""Features of a whole recording: in windows of 2 s, pooled over the joined sequence, or chunk by chunk as in a stream.

Source: the release's offline samples (`cons_offline_data.py`). Tests: tests/model/test_offline.py.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from soundflow.audio.log_mel import FrontEnd, chunked_log_mel, log_mel
from soundflow.model.config import CONV_STRIDE, HOP_LENGTH, SAMPLE_RATE, ModelConfig
from soundflow.model.network import AudioInteractionModel

WINDOW_FRAMES = 200  # log-mel frames that the encoder hears together: 2 s (release: n_window 100, doubled)


def recording_slots(samples: int, config: ModelConfig) -> int:
    """Decoder positions that a recording of so many samples takes: 25 a second in the release."""
    if config.offline == "chunks":
        return -(-samples // config.chunk_samples) * config.audio_positions
    return -(-_frames(samples, config) // CONV_STRIDE) // config.encoder.pool


def recording_features(network: AudioInteractionModel, samples: Tensor) -> Tensor:
    """Encode a whole recording.

    In windows: the `clip` maximum, each window alone, a row that fills no pool dropped. In chunks: as a stream is,
    the last one filled up with zeros.

    Args:
        samples: float32 [n], 16 kHz mono; a sound too short for one position is filled up with zeros.

    Returns:
        [recording_slots(n), decoder width].
    """
    config = network.config
    if config.offline == "chunks":
        return _chunk_features(network, samples)
    missing = _frames(len(samples), config) * HOP_LENGTH - len(samples)
    front_end = FrontEnd(config.encoder.num_mel_bins, "clip", config.chunk_samples)
    mel = log_mel(F.pad(samples, (0, missing)), front_end)
    windows = mel.split(WINDOW_FRAMES, dim=1)
    encoded = torch.cat([network.encoder(window[None].contiguous())[0] for window in windows])
    whole = len(encoded) // config.encoder.pool * config.encoder.pool
    return network.adapter(encoded[None, :whole])[0]  # type: ignore[no-any-return]


def _chunk_features(network: AudioInteractionModel, samples: Tensor) -> Tensor:
    config = network.config
    filled = F.pad(samples, (0, -len(samples) % config.chunk_samples))
    chunks = chunked_log_mel(filled, config.front_end())
    return network.adapter(network.encoder(chunks.contiguous())).flatten(0, 1)  # type: ignore[no-any-return]


def _frames(samples: int, config: ModelConfig) -> int:
    """Log-mel frames of a recording, as many as one position needs at the least."""
    least = CONV_STRIDE * (config.encoder.pool - 1) + 1  # the second convolution pads an odd frame
    return max(-(-samples // HOP_LENGTH), least)


def seconds_of(slots: int, config: ModelConfig) -> float:
    """The sound that so many positions hold, in seconds."""
    return slots * config.encoder.pool * CONV_STRIDE * HOP_LENGTH / SAMPLE_RATE
