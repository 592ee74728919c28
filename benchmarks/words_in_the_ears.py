"""How much of a spoken word is left in what nano's decoder hears: a linear classifier on pooled features.

    python benchmarks/words_in_the_ears.py --clips PATH/TO/CLIPS

Digits of held-out speakers and wake words of held-out recordings, in a window of three chunks that begins anywhere
within a chunk; learned from the split `train`, judged on the others. Beside nano's ears stand Whisper base's first two
layers, untouched, and more positions a chunk than nano's two. Needs the extra [train] and scikit-learn.
"""

from __future__ import annotations

import argparse
import copy
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from soundflow.audio.log_mel import chunked_log_mel
from soundflow.bench.machine import describe_machine
from soundflow.data.clips import Clip, ClipStore
from soundflow.model.checkpoint.find import find_folder
from soundflow.model.checkpoint.recognise import load_model
from soundflow.model.checkpoint.whisper import whisper_encoder_state
from soundflow.model.network import AudioInteractionModel

CHUNKS = 3
TAKES = {True: 4, False: 2}  # windows of a recording: learned from, judged on

Features = Callable[[torch.Tensor], torch.Tensor]  # [chunks, bins, frames] to [chunks, positions, width]


def window(samples: NDArray[np.float32], rng: np.random.Generator, chunk: int) -> NDArray[np.float32]:
    """The loudest stretch of a recording, somewhere in three chunks of silence; float32 [3 · chunk]."""
    size = CHUNKS * chunk
    if len(samples) > size:
        middle = int(np.convolve(samples**2, np.ones(size), "same").argmax())
        samples = samples[max(0, middle - size // 2) :][:size]
    start = int(rng.integers(0, chunk))
    made = np.zeros(size, np.float32)
    heard = samples[: size - start]
    made[start : start + len(heard)] = heard
    return made


def accuracy(clips: Sequence[Clip], store: ClipStore, network: AudioInteractionModel, hear: Features) -> float:
    """Share of held-out windows whose word a linear classifier tells."""
    rng, chunk = np.random.default_rng(0), network.config.chunk_samples
    rows: dict[bool, list[NDArray[np.float32]]] = {True: [], False: []}
    words: dict[bool, list[str]] = {True: [], False: []}
    for clip in clips:
        learns = clip.split == "train"
        for _ in range(TAKES[learns]):
            sound = torch.from_numpy(window(store.audio(clip), rng, chunk))[None]
            rows[learns].append(hear(chunked_log_mel(sound, network.config.front_end())[0]).flatten().numpy())
            words[learns].append(str(clip.extra["transcript"]))
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300, C=0.01)).fit(rows[True], words[True])
    return float(model.score(rows[False], words[False]))


def heard_by(network: AudioInteractionModel, positions: int) -> Features:
    """A chunk's features: nano's own two positions, or means over more of them."""

    @torch.no_grad()
    def hear(mel: torch.Tensor) -> torch.Tensor:
        encoded = network.encoder(mel)
        if positions == network.config.audio_positions:
            return network.adapter.pooled(encoded)
        return encoded.unflatten(1, (positions, -1)).mean(2)

    return hear


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=Path, required=True)
    store = ClipStore(parser.parse_args().clips)
    torch.set_num_threads(1)
    nano = load_model(find_folder("nano")).network.eval()
    whisper = copy.deepcopy(nano)
    whisper.encoder.load_state_dict(whisper_encoder_state("package", nano.config.encoder.encoder_layers))
    for label in ("speech_digit", "speech_wake_word"):
        clips = [clip for clip in store.clips(kind="speech") if clip.label == label]
        for name, network in (("nano", nano), ("whisper base", whisper)):
            for positions in (2, 10):
                found = accuracy(clips, store, network, heard_by(network, positions))
                row = {"words": label, "ears": name, "positions": positions, "held_out": round(found, 3)}
                print(json.dumps(row | {"recordings": len(clips), "machine": describe_machine(1)}), flush=True)


if __name__ == "__main__":
    main()
