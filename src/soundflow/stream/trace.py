"""One greedy session over files, with everything that can be compared: features, ids, logits.

Plays the files as the release does, one step after another, with none of the live loop's machinery, so that the two
can be held against each other. Tests: tests/stream/test_trace.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from soundflow.atomic import replacing
from soundflow.audio.decode import read_audio
from soundflow.audio.log_mel import FrontEnd, log_mel
from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from soundflow.model.cache import KVCache
from soundflow.model.config import SAMPLE_RATE
from soundflow.model.network import splice

Samples = NDArray[np.float32]
Playing = Literal["clip", "stream"]

SILENCE_SECONDS = 1.0  # heard after each file, encoded alone (release: `generate/base.py`)
SILENT_CHUNKS = 3  # after each file of a live stream (release: its server)
TOP = 5  # logits kept of each step
_MOST_POSITIONS = 32_768  # the release's largest block; chosen as the limit of one trace


@dataclass(frozen=True, eq=False)
class Features:
    """What was heard of one file: mel [bins, frames], and [audio positions, width] before and after the adapter."""

    mel: NDArray[np.float32]
    ln_post: NDArray[np.float32]
    feat: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Trace:
    """All that came out, in order: one row a forward step."""

    features: Mapping[str, Features]
    token_ids: NDArray[np.int64]
    sub_ids: NDArray[np.int64]
    sub_logits: NDArray[np.float32]
    logsumexp: NDArray[np.float32]
    top5: NDArray[np.float32]
    top5_ids: NDArray[np.int64]

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays of a `.npz`, by the names that the compatibility kit uses."""
        named = {
            f"{stem}_{name}": getattr(heard, name)
            for stem, heard in self.features.items()
            for name in ("mel", "ln_post", "feat")
        }
        rows = ("token_ids", "sub_ids", "sub_logits", "logsumexp", "top5", "top5_ids")
        return {**named, **{name: getattr(self, name) for name in rows}}


def trace(
    bundle: Bundle,
    sounds: Mapping[str, Samples],
    playing: Playing,
    logit_ids: Sequence[int] = (),
    max_new_tokens: int | None = None,
) -> Trace:
    """Hear files greedily and keep what the network computed.

    Args:
        sounds: float32 [n] at 16 kHz mono, by name; padded to whole chunks.
        playing: `clip` encodes each file whole and then a second of zeros alone, all in one session; `stream` hears
            chunk by chunk with the maximum so far, a session for each file, with three zero chunks at its end.
        logit_ids: vocabulary ids whose logits are kept of every step.
        max_new_tokens: the release's budget of a file and the silence behind it: this many forward passes less the
            positions that waited when it began; then the rest of the file is skipped, even in mid-reply. None: no
            budget.

    Raises:
        InputError: an id is outside the vocabulary, or the session outgrows 32,768 positions.
    """
    vocabulary = bundle.config.decoder.vocab_size
    for token in logit_ids:
        if not 0 <= token < vocabulary:
            raise InputError("trace.logit_id", f"id {token} of a vocabulary of {vocabulary}", "give ids of this model")
    kept = _Kept(torch.tensor(list(logit_ids), dtype=torch.int64))
    features: dict[str, Features] = {}
    player: _Player | None = None
    with torch.inference_mode():
        for name, sound in sounds.items():
            if player is None or playing == "stream":
                player = _Player(bundle, kept)
            heard, chunks = _heard(bundle, sound, playing)
            features[name] = heard
            left = None if max_new_tokens is None else max_new_tokens - len(player.pending)
            for chunk in chunks:
                left = player.hear(chunk, left)
    return kept.trace(features)


def read_sounds(paths: Sequence[Path]) -> dict[str, Samples]:
    """Sound files by the stem of their names, 16 kHz mono.

    Raises:
        InputError: a file cannot be read, or two have the same stem (`trace.names`).
    """
    sounds: dict[str, Samples] = {}
    for path in paths:
        if path.stem in sounds:
            raise InputError("trace.names", f"two files are called {path.stem}", "arrays are named by it: rename one")
        sounds[path.stem] = read_audio(path)
    return sounds


def read_logit_ids(path: Path) -> tuple[int, ...]:
    """Vocabulary ids out of a JSON file: a list, or an object with `sub_ids`.

    Raises:
        InputError: the file cannot be read or holds something else (`trace.logit_ids`).
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as e:
        raise InputError("trace.logit_ids", f"{path}: {e}", "give a JSON list of ids") from e
    ids = found.get("sub_ids") if isinstance(found, dict) else found
    if not isinstance(ids, list) or not all(isinstance(i, int) and not isinstance(i, bool) for i in ids):
        raise InputError(
            "trace.logit_ids", f"{path} holds no list of ids", "give a JSON list, or an object's `sub_ids`"
        )
    return tuple(ids)


def save_trace(found: Trace, path: Path) -> Path:
    """Write the arrays as `.npz`, under a temporary name first; the path as written."""
    path = path if path.suffix == ".npz" else path.with_name(path.name + ".npz")
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **found.arrays())
    return path


class _Kept:
    """Rows of numbers, one a step."""

    def __init__(self, logit_ids: Tensor) -> None:
        self._logit_ids = logit_ids
        self._tokens: list[int] = []
        self._rows: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []

    def add(self, logits: Tensor, token: int) -> None:
        top = logits.topk(TOP)
        self._rows.append((logits[self._logit_ids], logits.logsumexp(0), top.values, top.indices))
        self._tokens.append(token)

    def __len__(self) -> int:
        return len(self._tokens)

    def trace(self, features: Mapping[str, Features]) -> Trace:
        columns = [torch.stack(column).numpy() for column in zip(*self._rows, strict=True)] if self._rows else []
        empty = np.zeros((0, 0), np.float32)
        sub, total, top, ids = columns or [empty, empty[:, 0:0].reshape(0), empty, empty.astype(np.int64)]
        tokens = np.asarray(self._tokens, np.int64)
        return Trace(features, tokens, self._logit_ids.numpy(), sub, total, top, ids)


@dataclass
class _Player:
    """One session: cache and the tokens that wait to be fed."""

    bundle: Bundle
    kept: _Kept
    pending: list[int] = field(default_factory=list)
    cache: KVCache | None = None

    def __post_init__(self) -> None:
        self.pending = self.bundle.grammar.prefix(None)

    def hear(self, features: Tensor, steps: int | None) -> int | None:
        """One chunk, [audio positions, width], and what is said after it in so many steps; how many are left."""
        if steps is not None and steps < 1:
            return 0
        before = len(self.kept)
        control = self.bundle.config.control
        block = self.bundle.grammar.chunk_block()
        logits = self._step([*self.pending, *block], features)
        choices = torch.tensor([control.silent, control.response])
        token = int(choices[logits[choices].argmax()])
        self.kept.add(logits, token)
        self.pending = [token]
        while token != control.eos and token != control.silent:
            if steps is not None and len(self.kept) - before >= steps:
                break
            logits = self._step(self.pending, None)
            token = int(logits.argmax())
            self.kept.add(logits, token)
            self.pending = [token]
            if token == control.silent:  # text that is a control token's piece is text here, not a decision
                token = -1
        return None if steps is None else steps - (len(self.kept) - before)

    def _step(self, ids: Sequence[int], features: Tensor | None) -> Tensor:
        """Logits behind the last of the new positions, float32 [vocabulary]."""
        network = self.bundle.network
        rows = network.embed(torch.tensor([list(ids)]))
        if features is not None:
            slots = torch.zeros(1, len(ids), dtype=torch.bool, device=rows.device)
            slots[0, -1 - len(features) : -1] = True
            rows = splice(rows, slots, features)
        self._grow(len(ids))
        assert self.cache is not None
        hidden = network(rows, self.cache)[:, -1]
        return network.logits(hidden)[0].float().cpu()

    def _grow(self, positions: int) -> None:
        """A cache twice as large when the next positions do not fit."""
        length = 0 if self.cache is None else self.cache.length
        if length + positions > _MOST_POSITIONS:
            hint = "give --max-new-tokens, fewer files, or --frontend stream, which opens a session for each"
            raise InputError("trace.positions", f"more than {_MOST_POSITIONS} positions in one session", hint)
        if self.cache is not None and length + positions <= self.cache.capacity:
            return
        larger = self.bundle.network.new_cache(max(2048, 2 * (length + positions)))
        if self.cache is not None:
            larger.keys[:, :, :, :length] = self.cache.keys[:, :, :, :length]
            larger.values[:, :, :, :length] = self.cache.values[:, :, :, :length]
            larger.length = length
        self.cache = larger


def _heard(bundle: Bundle, sound: Samples, playing: Playing) -> tuple[Features, Iterator[Tensor]]:
    """What a file sounds like to the network, and its chunks [audio positions, width] with the silence behind it."""
    step = bundle.config.chunk_samples
    if playing == "stream":
        padded = _whole(np.concatenate([_whole(sound, step), np.zeros(SILENT_CHUNKS * step, np.float32)]), step)
        heard, chunks = _encoded(bundle, padded, playing)
        return heard, iter(chunks)
    heard, chunks = _encoded(bundle, _whole(sound, step), playing)
    silence = _whole(np.zeros(round(SILENCE_SECONDS * SAMPLE_RATE), np.float32), step)
    return heard, iter([*chunks, *_encoded(bundle, silence, playing)[1]])


def _encoded(bundle: Bundle, padded: Samples, playing: Playing) -> tuple[Features, list[Tensor]]:
    config, network = bundle.config, bundle.network
    front_end = FrontEnd(config.encoder.num_mel_bins, playing, config.chunk_samples)
    mel = log_mel(torch.from_numpy(padded), front_end)
    chunks = mel.unflatten(1, (-1, front_end.chunk_frames)).transpose(0, 1)
    before, after = [], []
    for chunk in chunks:
        pooled = network.adapter.ln_post(network.adapter.pooled(network.encoder(chunk[None].contiguous())))
        before.append(pooled[0])
        after.append(network.adapter.proj(pooled)[0])
    return Features(mel.numpy(), torch.cat(before).numpy(), torch.cat(after).numpy()), after


def _whole(sound: Samples, step: int) -> Samples:
    return np.pad(sound, (0, -len(sound) % step))
