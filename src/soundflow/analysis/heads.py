"""Which attention heads make the decision: each is taken away in turn, and every decision looked at again.

Heads are zeroed where they are joined, in front of their layer's output projection, as in the paper. All decisions of a
stream come out of one pass, with the tokens of the undisturbed session as context. Source: paper, additional
analysis, observation 2. Tests: tests/analysis/test_heads.py.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from soundflow.analysis.fingerprint import model_sha256
from soundflow.analysis.layers import Head, all_heads, margins, margins_without_each, through
from soundflow.analysis.ledger import Ledger
from soundflow.analysis.shares import share
from soundflow.analysis.sounds import Sound, Streams
from soundflow.analysis.walk import passages, walk
from soundflow.bench.bootstrap import Counts, Interval, bootstrap
from soundflow.model.bundle import Bundle

_DIGITS = 4  # of a margin, as it is kept


@dataclass(frozen=True)
class HeadEffect:
    """What a head's absence does, each with its bounds.

    `drop` is how much the match of control tokens falls: the mean of `lost`, the share of decisions to speak that
    become silent, and `raised`, the share of silent ones that become a response. Both count alike, since nearly all
    chunks are silent. `shift` is the mean change of the log odds, whatever its sign.
    """

    head: Head
    drop: Interval
    lost: Interval
    raised: Interval
    shift: Interval

    def to_dict(self) -> dict[str, Any]:
        """Layer, head and figures."""
        figures = ("drop", "lost", "raised", "shift")
        named = {"head": str(self.head), "layer": self.head.layer, "number": self.head.head}
        return {**named, **{name: getattr(self, name).to_dict() for name in figures}}


def open_ledger(bundle: Bundle, streams: Streams, folder: Path) -> Ledger:
    """What was finished of this job: a file in the folder, named after the weights and the streams."""
    about = {"model": model_sha256(bundle)[:16], "streams": streams.identity}
    name = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:12]
    return Ledger(folder / f"heads-{name}.jsonl", about)


def measure_heads(bundle: Bundle, streams: Streams, ledger: Ledger, done: Callable[[], None] = lambda: None) -> None:
    """Fill the ledger: for each stream and layer the margins of all decisions, with and without each head.

    Args:
        ledger: what stands in it already is not computed again.
        done: called after each stream and layer.
    """
    layers = bundle.config.decoder.num_hidden_layers
    for index in range(streams.count):
        missing = [layer for layer in range(layers) if _key(index, layer) not in ledger]
        for _ in range(layers - len(missing)):
            done()
        if missing:
            for layer, part in _measured(bundle, streams.make(index), missing):
                ledger.add(_key(index, layer), part)
                done()


def head_effects(bundle: Bundle, streams: Streams, ledger: Ledger) -> list[HeadEffect]:
    """Every head's effect out of a full ledger, layer by layer; bounds by bootstrap over streams."""
    threshold = margin_of(bundle.config.response_threshold)
    heads = all_heads(bundle.network)
    layers = bundle.config.decoder.num_hidden_layers
    counts = np.zeros((len(heads), streams.count, 6))
    for index in range(streams.count):
        parts = [ledger[_key(index, layer)] for layer in range(layers)]
        silenced = np.concatenate([np.asarray(part["without"], np.float64) for part in parts])  # [heads, decisions]
        counts[:, index] = decision_counts(np.asarray(parts[0]["with"], np.float64), silenced, threshold)
    return [_effect(head, rows) for head, rows in zip(heads, counts, strict=True)]


def ranked(effects: Sequence[HeadEffect]) -> list[HeadEffect]:
    """Heads by what their absence costs in control tokens, and among equals by how far it moves the odds."""
    return sorted(effects, key=lambda e: (-(e.drop.value or 0.0), -(e.shift.value or 0.0), e.head))


def decision_counts(
    undisturbed: NDArray[np.float64], silenced: NDArray[np.float64], threshold: float
) -> NDArray[np.float64]:
    """What one stream adds to each head's figures.

    Args:
        undisturbed: margins [decisions].
        silenced: margins [heads, decisions].
        threshold: the margin from which the model speaks.

    Returns:
        [heads, 6]: responses lost, responses, silences that became responses, silences, sum of changes, decisions.
    """
    speaks, spoke = undisturbed >= threshold, silenced >= threshold
    heads = len(silenced)
    columns = (
        (speaks & ~spoke).sum(axis=1),
        np.full(heads, speaks.sum()),
        (~speaks & spoke).sum(axis=1),
        np.full(heads, (~speaks).sum()),
        np.abs(silenced - undisturbed).sum(axis=1),
        np.full(heads, len(undisturbed)),
    )
    return np.stack(columns, axis=1).astype(np.float64)


def margin_of(p: float) -> float:
    """The log odds of a probability."""
    return math.inf if p >= 1 else -math.inf if p <= 0 else math.log(p / (1 - p))


def _measured(bundle: Bundle, sound: Sound, layers: Sequence[int]) -> list[tuple[int, dict[str, Any]]]:
    """Margins [decisions] with all heads and [heads, decisions] without each, by layer."""
    network = bundle.network
    found = walk(bundle, sound.samples, sound.instruction)
    whole: list[torch.Tensor] = []
    apart: dict[int, list[torch.Tensor]] = {layer: [] for layer in layers}
    with torch.inference_mode():
        for part in passages(bundle, found):
            rows = through(network, part.rows[None])
            whole.append(margins(network, network.decoder.norm(rows[-1])[0, part.decisions]))
            for layer in layers:
                apart[layer].append(margins_without_each(network, rows[layer][0], layer, part.decisions))
    undisturbed = _listed(torch.cat(whole))
    return [(layer, {"with": undisturbed, "without": _listed(torch.cat(apart[layer], dim=1))}) for layer in layers]


def _listed(values: torch.Tensor) -> Any:
    return np.round(values.double().cpu().numpy(), _DIGITS).tolist()


def _effect(head: Head, counts: NDArray[np.float64]) -> HeadEffect:
    def of(part: int, whole: int) -> Callable[[Counts], Counts]:
        return lambda c: share(c[..., part], c[..., whole])

    figures: dict[str, Callable[[Counts], Counts]] = {
        "drop": lambda c: (of(0, 1)(c) + of(2, 3)(c)) / 2,
        "lost": of(0, 1),
        "raised": of(2, 3),
        "shift": of(4, 5),
    }
    streams = range(len(counts))
    return HeadEffect(head, **{name: bootstrap(counts, streams, figure) for name, figure in figures.items()})


def _key(stream: int, layer: int) -> str:
    return f"stream {stream}, layer {layer}"
