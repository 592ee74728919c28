"""The `stream` normaliser through the release's own encoder: the features its server fed to its decoder."""

from __future__ import annotations

import io
import json
import lzma
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from soundflow.audio.decode import read_audio
from soundflow.audio.log_mel import FrontEnd, StreamingLogMel
from soundflow.model.adapter import Adapter
from soundflow.model.config import EncoderConfig
from soundflow.model.encoder import AudioEncoder

CHUNK = 6400
LIMIT = 1e-4  # encoder output from the waveform, the kit's own tolerance
Encode = Callable[[Tensor], Tensor]


@pytest.fixture(scope="module")
def compat(shared_dir: Path) -> Path:
    return shared_dir / "compat"


@pytest.fixture(scope="module")
def encode(compat: Path) -> Encode:
    packed = (compat / "checkpoint" / "audiointeraction_ChunkwisedEncoder.pth.xz").read_bytes()
    weights = torch.load(io.BytesIO(lzma.decompress(packed)), weights_only=True)
    weights.pop("audio_bos_eos_token.weight")
    shape = EncoderConfig(128, 64, 3, 4, 192)
    encoder, adapter = AudioEncoder(shape, CHUNK // 160), Adapter(shape, 64)
    last = ("ln_post", "proj")
    encoder.load_state_dict({name: row for name, row in weights.items() if not name.startswith(last)})
    adapter.load_state_dict({name: row for name, row in weights.items() if name.startswith(last)})
    return lambda mel: adapter(encoder(mel))


def served(path: Path, encode: Encode, silent_chunks: int = 0, resets: Collection[int] = ()) -> NDArray[np.float32]:
    """Features chunk by chunk; the server forgets what it heard after the chunks in `resets`."""
    sound = read_audio(path)
    sound = np.pad(sound, (0, -len(sound) % CHUNK + silent_chunks * CHUNK))
    listener = StreamingLogMel(FrontEnd(128, "stream"))
    features = []
    for index in range(len(sound) // CHUNK):
        (mel,) = listener.feed(sound[index * CHUNK : (index + 1) * CHUNK])
        with torch.no_grad():
            features.append(encode(mel.unsqueeze(0))[0].numpy())
        if index in resets:
            listener.reset()
    return np.stack(features)


def test_a_burst_that_ends_on_a_border(compat: Path, encode: Encode) -> None:
    golden = np.load(compat / "golden" / "edge_features.npz")["history_feat"]
    assert np.abs(served(compat / "audio" / "edge.wav", encode) - golden).max() < LIMIT


@pytest.mark.parametrize("name", ["speech", "tones", "bursts"])
def test_what_the_server_heard(compat: Path, encode: Encode, name: str) -> None:
    golden = np.load(compat / "golden" / "web_features.npz")[f"{name}_feat"]
    steps = json.loads((compat / "golden" / "web_greedy.json").read_text())[name]
    resets = {step["frame"] for step in steps if step.get("reset")}
    heard = served(compat / "audio" / f"{name}.wav", encode, silent_chunks=3, resets=resets)
    assert heard.shape == golden.shape
    assert np.abs(heard - golden).max() < LIMIT
