"""One model between two: weights in which an old training and a new one both live.

A model that learned something new forgets some of what it knew; on the straight line between its weights before and
after, there is often a place that has both (docs/decisions/0018). Tests: tests/model/test_average.py.
"""

from __future__ import annotations

import copy
import dataclasses

import torch
from torch import Tensor

from soundflow.errors import InputError, UsageError
from soundflow.model.bundle import Bundle


def average(first: Bundle, second: Bundle, share: float) -> Bundle:
    """The model whose every weight is `1 - share` of the first's and `share` of the second's, named as the second.

    Args:
        share: of the second, 0 to 1.

    Raises:
        UsageError: a share beyond that.
        InputError: the two differ in shape or in their vocabulary, so that a place in one means another thing in the
            other.
    """
    if not 0 <= share <= 1:
        raise UsageError("average.share", f"a share of {share:g}", "give 0 to 1 of the second model")
    if _shape(first) != _shape(second):
        raise InputError(
            "average.shape", f"{first.name} and {second.name} have not one shape", "see soundflow model info"
        )
    if not second.tokenizer.spells_like(first.tokenizer):
        message = f"{first.name} and {second.name} spell words in other tokens"
        raise InputError("average.vocabulary", message, "one must have been trained from the other")
    network = copy.deepcopy(second.network)
    old, new = first.network.state_dict(), network.state_dict()
    between = {name: _between(old[name], weight, share) for name, weight in new.items()}
    network.load_state_dict(between)
    return dataclasses.replace(second, network=network, path=None)


def _between(old: Tensor, new: Tensor, share: float) -> Tensor:
    """On the line from `old` to `new`; counts and places are the new one's."""
    return torch.lerp(old.to(new.dtype), new, share) if new.is_floating_point() else new


def _shape(bundle: Bundle) -> object:
    """What must be alike: every tensor's name and size, and how a stream is written.

    No tensor depends on what is left out: a training adds labels, may begin to answer questions, and moves defaults.
    """
    sizes = {name: tuple(weight.shape) for name, weight in bundle.network.state_dict().items()}
    alike = dataclasses.replace(
        bundle.config, name="", labels=(), offline="none", recording="whole", default_instruction=""
    )
    return sizes, dataclasses.replace(alike, response_threshold=0.5, max_reply_tokens=0)
