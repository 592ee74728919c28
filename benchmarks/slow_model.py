"""A scripted model whose work takes time but no processor, as a model's on a GPU does, so that schedules matter.

Times are those of benchmarks/fifo.py: the published 3B shape at a tenth of what it takes on two CPU cores. A pass over
several sessions takes a little more for each row, as the same table has it.
"""

from __future__ import annotations

import time
from typing import Any, cast

from torch import Tensor

from soundflow.model.bundle import Bundle
from soundflow.model.network import AudioInteractionModel
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle

ENCODE_MS, TOKEN_MS, DECISION_MS, DECISION_ROWS = 11.1, 31.5, 35.3, 13
ROW_MS = (DECISION_MS - TOKEN_MS) / (DECISION_ROWS - 1)
REPLY = "Something made of glass has just broken; put on your shoes. "  # 60 tokens: this tokenizer has one a byte
FIRST_CHUNK = 60  # while a session's memory is filled nothing is said
LAST_CHUNK = 2000


class SlowNetwork:
    """A scripted network that waits as long as a real one would compute."""

    def __init__(self, network: AudioInteractionModel) -> None:
        self._network = network

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def encode(self, mel: Tensor) -> Tensor:
        """One pass over some chunks."""
        time.sleep(1e-3 * ENCODE_MS)
        return self._network.encode(mel)

    def __call__(self, rows: Tensor, cache: Any) -> Tensor:
        """One pass over some rows."""
        time.sleep(1e-3 * (TOKEN_MS + ROW_MS * (rows.shape[1] - 1)))
        return self._network(rows, cache)


def slow(every: int) -> Bundle:
    """A model that says its 60 tokens at every so-manieth chunk."""
    replies = {chunk: ScriptedReply(REPLY) for chunk in range(FIRST_CHUNK, LAST_CHUNK, every)}
    bundle = scripted_bundle(Script(replies))
    network = cast(AudioInteractionModel, SlowNetwork(bundle.network))
    return Bundle(network, bundle.tokenizer, bundle.config, "slow")
