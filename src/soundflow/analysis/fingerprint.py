"""What a model is known by in files of finished work: a digest of its config and of every weight.

Knows nothing of names and folders, behind which other weights may come to lie. Tests:
tests/analysis/test_fingerprint.py.
"""

from __future__ import annotations

import hashlib
import json

import torch

from soundflow.model.bundle import Bundle


def model_sha256(bundle: Bundle) -> str:
    """A sha256, in hexadecimal digits: equal for equal configs, tensors and types of tensors."""
    digest = hashlib.sha256(json.dumps(bundle.config.to_dict(), sort_keys=True).encode())
    for name, tensor in (*bundle.network.named_parameters(), *bundle.network.named_buffers()):
        digest.update(f"{name}\0{tensor.dtype}\0{list(tensor.shape)}\0".encode())
        digest.update(tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
