"""A tiny model in a folder, a scripted one in place of nano, and sound to hear."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from soundflow.api import Model
from soundflow.audio.decode import write_wav
from soundflow.bench import rows
from soundflow.errors import OutsideError
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.ours import save_folder
from soundflow.model.network import AudioInteractionModel, initialise
from soundflow.model.tokens import own_control_tokens
from soundflow.testing.model import Script, ScriptedReply, byte_tokenizer, scripted_bundle, small_config

CHUNK = 6400  # samples of 0.4 s
SOURCE_FOLDER = Path(__file__).resolve().parents[2] / "src"

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model's folder with random weights, small enough to load in no time."""
    tokenizer = byte_tokenizer()
    config = small_config(tokenizer.vocab_size, own_control_tokens(), max_chunks=8)
    network = AudioInteractionModel(config)
    initialise(network, torch.Generator().manual_seed(3))
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_folder(Bundle(network, tokenizer, config, "tiny"), folder)
    return folder


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four and a half chunks of soft noise."""
    samples = np.random.default_rng(0).normal(0, 0.01, CHUNK * 9 // 2).astype(np.float32)
    path = tmp_path_factory.mktemp("sound") / "noise.wav"
    write_wav(path, samples)
    return path


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Model:
    """Every model that is loaded says two words, urgently, at the third chunk."""
    model = Model(scripted_bundle(Script({2: ScriptedReply("Glass broke.", "urgent")})))
    monkeypatch.setattr("soundflow.api.load", lambda *_, **__: model)
    return model


@pytest.fixture
def refused_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for --outcomes that the disk refuses once the work is done, and not before."""
    place = tmp_path / "refused" / "rows.jsonl"
    write = rows.write_rows

    def refuse(path: Path, values: Sequence[Mapping[str, Any]]) -> None:
        if path == place:
            raise OutsideError("bench.write", f"cannot write {path}", "free the disk")
        write(path, values)

    monkeypatch.setattr(rows, "write_rows", refuse)
    return place


@pytest.fixture(scope="session")
def program() -> Run:
    """Runs the program in a process of its own, with its streams piped."""

    def run(arguments: Sequence[str], **settings: object) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "soundflow", *arguments]
        return subprocess.run(command, capture_output=True, check=False, env=environment(), **settings)  # type: ignore[call-overload,no-any-return]

    return run


def environment() -> dict[str, str]:
    """This process's environment, with the package under test found first."""
    paths = [str(SOURCE_FOLDER), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in paths if p), "OMP_NUM_THREADS": "1"}
