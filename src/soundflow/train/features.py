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
from soundflow.train.document import Document


@dataclass(frozen=True)
class FeatureCache:
    """Features by stream; another encoder, front end or arithmetic has another folder.

    Args:
        is_causal: a chunk sounds the same whatever follows, so that a whole stream's features hold those of its start.
    """

    folder: Path
    is_causal: bool = True

    def of(self, document: Document, make: Callable[[], Tensor]) -> Tensor:
        """The features of a document, [chunks, positions, pooled width]: read, or made and kept.

        A document put together out of pieces is read from what is kept of each; it is not kept itself, for it hardly
        comes again.
        """
        if document.pieces:
            kept = self._joined(document) if self.is_causal else None
            return make() if kept is None else kept
        path = self._path(f"{document.key}{'' if self.is_causal else f'-{document.chunks}'}")
        kept = _read(path)
        if len(kept) >= document.chunks:
            return kept[: document.chunks]
        made = make().cpu().contiguous()
        self.folder.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            save_file({"pooled": made}, temporary)
        return made

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.safetensors"

    def _joined(self, document: Document) -> Tensor | None:
        """The pieces' features one behind the other; None where one of them is not kept as far as it is needed."""
        parts, missing = [], document.chunks
        for piece in document.pieces:
            wanted = min(piece.stop - piece.start, missing)
            part = _read(self._path(piece.key))[piece.start : piece.start + wanted]
            if len(part) < wanted:
                return None
            parts.append(part)
            missing -= wanted
        return torch.cat(parts)


def _read(path: Path) -> Tensor:
    """What is kept in a file; nothing where it is not there, or half written by a machine that went down."""
    try:
        return load_file(path)["pooled"]
    except (OSError, SafetensorError, KeyError):
        return torch.empty(0)


def cache_of(folder: Path, network: AudioInteractionModel, bfloat16: bool) -> FeatureCache:
    """The cache of what this network's encoder hears."""
    digest = hashlib.sha256(repr((network.config.encoder, network.config.front_end(), bfloat16)).encode())
    for name, tensor in sorted(network.encoder.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    return FeatureCache(folder / digest.hexdigest()[:16], network.config.normaliser != "clip")
