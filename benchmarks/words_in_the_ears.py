"""How much of a spoken word is left in what nano's decoder hears: a linear classifier on pooled features.

    python benchmarks/words_in_the_ears.py --clips PATH/TO/CLIPS

Digits of held-out speakers and wake words of held-out recordings, in a window of three chunks that begins anywhere
within a chunk; learned from the split `train`, judged on the others. Beside nano's ears stand Whisper base's first two
layers and all six, untouched; more positions a chunk than nano's two; and all six over the three chunks as one piece,
which nano, that hears each chunk alone, cannot have. `--voices` adds rendered words to what is learned from. Needs the
extra [train] and scikit-learn.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from soundflow.audio.log_mel import chunked_log_mel
from soundflow.bench.machine import describe_machine
from soundflow.data.clips import ClipStore
from soundflow.model.checkpoint.find import find_folder
from soundflow.model.checkpoint.recognise import load_model
from soundflow.model.checkpoint.whisper import whisper_encoder_state
from soundflow.model.encoder import AudioEncoder
from soundflow.model.network import AudioInteractionModel

CHUNKS = 3
TAKES = {True: 4, False: 2}  # windows of a recording: learned from, judged on

Samples = NDArray[np.float32]
Features = Callable[[torch.Tensor], torch.Tensor]  # [chunks, bins, frames] to [chunks, positions, width]


def window(samples: Samples, rng: np.random.Generator, chunk: int) -> Samples:
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


@dataclass(frozen=True)
class Word:
    """One recording of a word; `learns` says whether it is learned from or judged."""

    samples: Samples
    text: str
    learns: bool


def words_of(folder: Path, label: str) -> list[Word]:
    """The words of one label in a folder of clips."""
    store = ClipStore(folder)
    clips = [clip for clip in store.clips(kind="speech") if clip.label == label]
    return [Word(store.audio(clip), str(clip.extra["transcript"]), clip.split == "train") for clip in clips]


def accuracy(words: Sequence[Word], network: AudioInteractionModel, hear: Features) -> float:
    """Share of held-out windows whose word a linear classifier tells."""
    rng, chunk = np.random.default_rng(0), network.config.chunk_samples
    rows: dict[bool, list[NDArray[np.float32]]] = {True: [], False: []}
    texts: dict[bool, list[str]] = {True: [], False: []}
    for word in words:
        for _ in range(TAKES[word.learns]):
            sound = torch.from_numpy(window(word.samples, rng, chunk))[None]
            mel = chunked_log_mel(sound, network.config.front_end())[0]
            rows[word.learns].append(hear(mel).flatten().numpy())
            texts[word.learns].append(word.text)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300, C=0.01)).fit(rows[True], texts[True])
    return float(model.score(rows[False], texts[False]))


def heard_by(network: AudioInteractionModel, encoder: AudioEncoder, positions: int) -> Features:
    """A chunk's features: mean and deviation of two halves, as nano's, or means over more positions."""

    @torch.no_grad()
    def hear(mel: torch.Tensor) -> torch.Tensor:
        encoded = encoder(mel)
        if positions == network.config.audio_positions:
            return network.adapter.pooled(encoded)
        means: torch.Tensor = encoded.unflatten(1, (positions, -1)).mean(2)
        return means

    return hear


def heard_in_one_piece(network: AudioInteractionModel, encoder: AudioEncoder) -> Features:
    """The same two positions a chunk, of chunks that were encoded together."""

    @torch.no_grad()
    def hear(mel: torch.Tensor) -> torch.Tensor:
        together = encoder(mel.transpose(0, 1).flatten(1)[None])
        return network.adapter.pooled(together.unflatten(1, (len(mel), -1))[0])

    return hear


def whisper_base(layers: int, network: AudioInteractionModel) -> AudioEncoder:
    """The first layers of Whisper base, in nano's layout."""
    config = dataclasses.replace(network.config.encoder, encoder_layers=layers)
    encoder = AudioEncoder(config, network.config.front_end().chunk_frames)
    encoder.load_state_dict(whisper_encoder_state("package", layers))
    return encoder.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--voices", type=Path, action="append", default=[])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    nano = load_model(find_folder("nano")).network.eval()
    two, six = whisper_base(2, nano), whisper_base(6, nano)
    ears = {
        "nano, 2 positions": heard_by(nano, nano.encoder, 2),
        "nano, 10 positions": heard_by(nano, nano.encoder, 10),
        "whisper base, 2 layers, 2 positions": heard_by(nano, two, 2),
        "whisper base, 2 layers, 10 positions": heard_by(nano, two, 10),
        "whisper base, 6 layers, 2 positions": heard_by(nano, six, 2),
        "whisper base, 6 layers, 2 positions, chunks in one piece": heard_in_one_piece(nano, six),
    }
    for label in ("speech_digit", "speech_wake_word"):
        words = words_of(arguments.clips, label)
        words += [word for folder in arguments.voices for word in words_of(folder, label) if word.learns]
        for name, hear in ears.items():
            row = {"words": label, "ears": name, "held_out": round(accuracy(words, nano, hear), 3)}
            print(json.dumps(row | {"recordings": len(words), "machine": describe_machine(1)}), flush=True)


if __name__ == "__main__":
    main()
