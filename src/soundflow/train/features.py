"""What an encoder that stands still hears of each stream, kept on disk: heard once, learned from often.

Only for streams that come again (corpora). Tests: tests/train/test_features.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from soundflow.atomic import replacing
from soundflow.model.network import AudioInteractionModel


@dataclass(frozen=True)
class FeatureCache:
    """Features by stream; another encoder, front end or arithmetic has another folder.

    Args:
        is_causal: a chunk sounds the same whatever follows, so that a whole stream's features hold those of its start.
    """

    folder: Path
    is_causal: bool = True

    def of(self, key: str, chunks: int, make: Callable[[], Tensor]) -> Tensor:
        """The features of a stream's first chunks, [chunks, positions, pooled width]: read, or made and kept."""
        path = self.folder / f"{key}{'' if self.is_causal else f'-{chunks}'}.safetensors"
        try:
            kept = load_file(path)["pooled"]
        except (OSError, SafetensorError, KeyError):  # not there, or half written by a machine that went down
            kept = torch.empty(0)
        if len(kept) >= chunks:
            return kept[:chunks]
        made = make().cpu().contiguous()
        self.folder.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            save_file({"pooled": made}, temporary)
        return made


def cache_of(folder: Path, network: AudioInteractionModel, bfloat16: bool) -> FeatureCache:
    """The cache of what this network's encoder hears."""
    digest = hashlib.sha256(repr((network.config.encoder, network.config.front_end(), bfloat16)).encode())
    for name, tensor in sorted(network.encoder.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    return FeatureCache(folder / digest.hexdigest()[:16], network.config.normaliser != "clip")
