"""`soundflow doctor`: is everything here that listening needs? Tests: tests/cli/test_doctor.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

import typer

from soundflow.cli.options import DebugOption, JsonOption, ThreadsOption

State = Literal["ok", "note", "fault"]
_STATES: tuple[State, ...] = get_args(State)  # from good to bad

_TEST_CHUNKS = 25  # ten seconds of sound at 0.4 s; chosen, well under a second of work
CHECKSUMS = "SHA256SUMS"  # lines of `sha256sum`, beside the weights


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. A `note` is worth knowing and stops nothing; a `fault` stops listening."""

    name: str
    state: State
    text: str


def doctor(as_json: JsonOption = False, threads: ThreadsOption = 1, debug: DebugOption = False) -> None:
    """Check this machine and this installation, and time the packaged model on ten seconds of sound.

    \b
    Example:
      soundflow doctor
    """
    import json

    findings = [_guarded(name, check) for name, check in _checks(threads).items()]
    if as_json:
        typer.echo(json.dumps({"findings": [asdict(f) for f in findings]}, ensure_ascii=False))
    else:
        for finding in findings:
            typer.echo(f"{finding.state:<5}  {finding.name:<10}  {finding.text}")
    if any(f.state == "fault" for f in findings):
        raise typer.Exit(1)


def _checks(threads: int) -> dict[str, Callable[[], Finding]]:
    return {
        "python": _python,
        "processor": _processor,
        "torch": _torch,
        "soundfile": _soundfile,
        "microphone": _microphone,
        "weights": _weights,
        "self-test": lambda: _self_test(threads),
    }


def _guarded(name: str, check: Callable[[], Finding]) -> Finding:
    """A check that breaks is a finding, not a crash."""
    try:
        return check()
    except Exception as error:
        return Finding(name, "fault", " ".join(f"{type(error).__name__}: {error}".split()))


def _python() -> Finding:
    import platform

    import soundflow

    return Finding("python", "ok", f"{platform.python_version()}, soundflow {soundflow.__version__}")


def _processor() -> Finding:
    import os
    import platform

    info = Path("/proc/cpuinfo")
    lines = info.read_text(errors="replace").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor() or platform.machine()
    return Finding("processor", "ok", f"{name}, {os.cpu_count()} cores")


def _torch() -> Finding:
    import torch

    from soundflow.model.quantize import int8_supported

    if not int8_supported():
        return Finding("torch", "note", f"{torch.__version__}, no int8 engine here: listening is slower")
    return Finding("torch", "ok", f"{torch.__version__}, int8 engine {torch.backends.quantized.engine}")


def _soundfile() -> Finding:
    import soundfile

    wanted = {"WAV", "FLAC", "OGG", "MP3"}
    missing = sorted(wanted - set(soundfile.available_formats()))
    if missing:
        return Finding("soundfile", "note", f"{soundfile.__libsndfile_version__} cannot read {', '.join(missing)}")
    return Finding("soundfile", "ok", f"{soundfile.__libsndfile_version__} reads wav, flac, ogg and mp3")


def _microphone() -> Finding:
    try:
        import sounddevice

        device = sounddevice.query_devices(kind="input")
    except ImportError:
        return Finding("microphone", "note", "no support installed; pip install 'soundflow[mic]' adds it")
    except Exception as error:  # OSError without PortAudio, PortAudioError or ValueError without a device
        return Finding("microphone", "note", " ".join(f"none: {error}".split()))
    return Finding("microphone", "ok", str(device["name"]))


def _weights() -> Finding:
    from soundflow.model.checkpoint.find import packaged_models

    found = [_weights_of(folder) for folder in packaged_models()]
    if not found:
        return Finding("weights", "fault", "none in the package: install again")
    worst = max((state for state, _ in found), key=_STATES.index)
    return Finding("weights", worst, "; ".join(text for _, text in found))


def _weights_of(folder: Path) -> tuple[State, str]:
    """Whether a packaged model loads, and whether its weights are the packaged ones."""
    from soundflow.model.checkpoint.recognise import load_model

    load_model(folder)
    weights = folder / "model.safetensors"
    found = _sha256(weights)
    text = f"{folder.name}, {weights.stat().st_size / 1e6:.1f} MB"
    expected = _expected(folder / CHECKSUMS).get(weights.name)
    if expected is None:
        return "note", f"{text}, sha256 {found[:16]}…, no {CHECKSUMS} to compare with"
    if expected != found:
        return "fault", f"{text}, sha256 {found[:16]}… where {expected[:16]}… was packaged: install again"
    return "ok", f"{text} as packaged"


def _expected(path: Path) -> dict[str, str]:
    """File name to checksum, from lines as `sha256sum` writes them."""
    if not path.is_file():
        return {}
    rows = [line.split(maxsplit=1) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return {name.lstrip("*"): checksum for checksum, name in rows}


def _sha256(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _self_test(threads: int) -> Finding:
    """Soft noise, which should leave the model silent, through one session."""
    import numpy as np
    import torch

    from soundflow.api import load
    from soundflow.stream.events import Decision, End

    torch.set_num_threads(threads)
    model = load()
    size = model.config.chunk_samples
    noise = np.random.default_rng(0).normal(0, 1e-3, size * _TEST_CHUNKS).astype(np.float32)
    with model.session() as session:
        events = [e for i in range(_TEST_CHUNKS) for e in session.feed(noise[i * size : (i + 1) * size])]
        events += session.end()
    decisions, end = [e for e in events if isinstance(e, Decision)], events[-1]
    assert isinstance(end, End)
    if len(decisions) != _TEST_CHUNKS or end.latency_ms_p50 is None:
        return Finding("self-test", "fault", f"{len(decisions)} decisions on {_TEST_CHUNKS} chunks")
    text = f"{end.latency_ms_p50:.1f} ms a decision (95 %: {end.latency_ms_p95:.1f} ms) on {threads} thread(s)"
    budget_ms = model.config.chunk_seconds * 1e3
    if end.latency_ms_p50 > budget_ms:
        return Finding("self-test", "note", f"{text}: slower than real time, {budget_ms:.0f} ms a chunk")
    return Finding("self-test", "ok", text)
