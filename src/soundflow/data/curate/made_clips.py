"""Sounds made for labels with few recordings: asked for, verified as any clip is, and kept as a folder of clips.

A sound that did not come or was not accepted is told with its reason; streams then make do with the recordings, or
with a rule of our own. Source: paper, appendix "StreamAudio-2M Dataset Sources".
Tests: tests/data/curate/test_made_clips.py.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundflow.audio.decode import read_audio, write_wav
from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.data.clips import Clip
from soundflow.data.curate.grounding import FITTING_SECONDS
from soundflow.data.curate.verifier import measure, verify
from soundflow.data.endpoints.asking import CONCURRENCY, Refusal, store
from soundflow.data.endpoints.client import HOPELESS
from soundflow.data.generate.source import SoundRequest, SoundSource
from soundflow.errors import OutsideError, SoundflowError

Samples = NDArray[np.float32]

RETRIES = 2  # of one sound, the first asking not counted; chosen
FIRST_PAUSE_SECONDS = 1.0  # after an outage, doubled each time


@dataclass(frozen=True)
class Maker:
    """Who makes sounds, where they are kept, and how it waits after an outage."""

    source: SoundSource
    cache: Path
    pause: Callable[[float], None] = time.sleep


def requests_for(
    labels: Mapping[str, int], captions: Mapping[str, Sequence[str]], below: int, per_label: int, seconds: float
) -> list[SoundRequest]:
    """What is asked for: `per_label` sounds of every label with fewer than `below` recordings.

    Args:
        labels: how many recordings each has.
        captions: of each label, taken by turns; planned scenes bring their own.
    """
    scarce = sorted(label for label, count in labels.items() if count < below)
    return [
        SoundRequest(label, captions[label][number % len(captions[label])], seconds, number)
        for label in scarce
        for number in range(per_label)
    ]


def make_clips(
    maker: Maker, requests: Sequence[SoundRequest], like: Mapping[str, Clip], split: str, folder: Path
) -> list[Refusal]:
    """Write a folder of made clips, and say what was refused.

    Args:
        like: a clip of each label, whose flags the made ones share; a label without one calls for a word.

    Raises:
        OutsideError: the endpoint refuses us for good, or the disk does.
    """
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        made = list(pool.map(lambda request: _made(maker, request), requests))
    rows: list[dict[str, Any]] = []
    for request, (samples, _) in zip(requests, made, strict=True):
        if samples is None:
            continue
        path = Path("clips") / f"{request.label}-{request.number}.wav"
        (folder / path.parent).mkdir(parents=True, exist_ok=True)
        write_wav(folder / path, samples)
        rows.append(_row(request, maker.source, like.get(request.label), split, path, len(samples) / SAMPLE_RATE))
    if rows:
        store(folder / "clips.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return [refusal for _, refusals in made for refusal in refusals]


def _made(maker: Maker, request: SoundRequest) -> tuple[Samples | None, list[Refusal]]:
    """One sound that was accepted, or None, and why others were not."""
    place = _place(maker, request)
    if place.exists():
        return read_audio(place), []
    refusals: list[Refusal] = []
    for attempt in range(1 + RETRIES):
        if attempt:
            maker.pause(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
        try:
            samples = maker.source.make(request)
        except SoundflowError as error:
            if error.code in HOPELESS:
                raise
            refusals.append(_refusal(request, attempt, error.code, error.message))
            if not isinstance(error, OutsideError):
                break
            continue
        verdict = verify(request.label, request.label, (), measure(samples), FITTING_SECONDS)
        if verdict.ruling != "reject":  # what TFJP may mend, it mends as with any other clip
            place.parent.mkdir(parents=True, exist_ok=True)
            write_wav(place, samples)
            return read_audio(place), refusals
        refusals.append(_refusal(request, attempt, "sound.rejected", "; ".join(verdict.reasons)))
    return None, refusals


def _refusal(request: SoundRequest, attempt: int, code: str, reason: str) -> Refusal:
    return Refusal(f"sound of {request.label} {request.number}", attempt, code, " ".join(reason.split())[:300])


def _place(maker: Maker, request: SoundRequest) -> Path:
    asked = json.dumps([maker.source.name, request.label, request.caption, request.seconds, request.number])
    key = hashlib.sha256(asked.encode()).hexdigest()
    return maker.cache / key[:2] / f"{key}.wav"


def _row(
    request: SoundRequest, source: SoundSource, like: Clip | None, split: str, path: Path, seconds: float
) -> dict[str, Any]:
    name = f"made:{request.label}-{request.number}"
    return {
        "id": name,
        "path": path.as_posix(),
        "seconds": round(seconds, 4),
        "label": request.label,
        "kind": "event",
        "proactive": like.proactive if like else True,
        "category": like.category if like else None,
        "split": split,
        "recording": name,
        "group": name,
        "licence": source.licence,
        "source": source.name,
        "synthetic": True,
        "caption": request.caption,
    }
