"""A recording as one vector: what the encoder heard, averaged. For finding recordings that sound alike.

Tests: tests/model/test_embedding.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from soundflow.audio.log_mel import FrontEnd, log_mel
from soundflow.model.bundle import Bundle
from soundflow.model.config import HOP_LENGTH


class EncoderMean:
    """Mean and deviation over time of the encoder's rows, chunk by chunk as in a stream.

    Args:
        bundle: the model. Its name marks the vectors.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.name = f"encoder:{bundle.name}"
        self.width = 2 * bundle.config.encoder.d_model
        self._bundle = bundle

    @torch.inference_mode()
    def of_sounds(self, sounds: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """float32 [n, 2 · encoder width] of float32 16 kHz mono samples, each at least one long."""
        return np.stack([self._of_sound(sound) for sound in sounds])

    def _of_sound(self, sound: NDArray[np.float32]) -> NDArray[np.float32]:
        config, network = self._bundle.config, self._bundle.network
        samples = torch.from_numpy(np.ascontiguousarray(sound, np.float32))
        whole = F.pad(samples, (0, -len(samples) % config.chunk_samples))
        mel = log_mel(whole, FrontEnd(config.encoder.num_mel_bins, "clip", config.chunk_samples))
        chunks = mel.split(config.chunk_samples // HOP_LENGTH, dim=1)
        heard = torch.stack(chunks).to(network.encoder.positions.device)
        rows = network.encoder(heard).flatten(0, 1).float()
        return torch.cat([rows.mean(0), rows.std(0, correction=0)]).cpu().numpy()
