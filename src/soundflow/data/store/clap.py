"""CLAP through transformers: texts and sounds in one space, from a folder of weights or the hub.

Tests: tests/data/store/test_embedders.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.errors import OutsideError

BATCH = 8


class Clap:
    """The embedder.

    Args:
        place: a folder in transformers' layout, or `owner/name` on the hub.

    Raises:
        OutsideError: transformers is not installed, or there are no such weights (`clap.missing`).
    """

    def __init__(self, place: str) -> None:
        hint = "pip install transformers, and give the folder of a CLAP model such as laion/clap-htsat-unfused"
        if find_spec("transformers") is None:
            raise OutsideError("clap.missing", "this needs transformers, which is not installed", hint)
        from transformers import ClapModel, ClapProcessor

        try:
            self._model: Any = ClapModel.from_pretrained(place).eval()
            self._processor: Any = ClapProcessor.from_pretrained(place)
        except (OSError, ValueError) as error:
            first = str(error).splitlines()[0]
            raise OutsideError("clap.missing", f"no CLAP model at {place}: {first}", hint) from error
        self.name = f"clap:{place}"
        self.width = int(self._model.config.projection_dim)
        self._rate = int(self._processor.feature_extractor.sampling_rate)

    @torch.inference_mode()
    def of_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 [n, width]."""
        return np.concatenate([self._texts(texts[i : i + BATCH]) for i in range(0, len(texts), BATCH)])

    @torch.inference_mode()
    def of_sounds(self, sounds: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """float32 [n, width] of 16 kHz sounds, resampled to the model's rate."""
        return np.concatenate([self._sounds(sounds[i : i + BATCH]) for i in range(0, len(sounds), BATCH)])

    def _texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        tokens = self._processor(text=list(texts), padding=True, return_tensors="pt")
        return _array(self._model.get_text_features(**tokens))

    def _sounds(self, sounds: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        import soxr

        heard = [soxr.resample(sound, SAMPLE_RATE, self._rate) for sound in sounds]
        return _array(
            self._model.get_audio_features(
                **self._processor(audio=heard, sampling_rate=self._rate, return_tensors="pt")
            )
        )


def _array(features: Any) -> NDArray[np.float32]:
    """The projected features, whichever of its two forms transformers gives them in."""
    tensor = features if isinstance(features, torch.Tensor) else features.pooler_output
    return np.asarray(tensor.numpy(), np.float32)
