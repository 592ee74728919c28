"""What the package carries and what it must never ask for."""

from __future__ import annotations

import hashlib
import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
CORE = {
    *("torch", "numpy", "soundfile", "soxr", "safetensors", "tokenizers"),
    *("huggingface-hub", "typer", "rich", "pydantic"),
}
EXTRAS = {"analysis", "small", "zero", "mic", "wandb", "serve", "voices", "data", "train", "bench", "ray", "all", "dev"}
FORBIDDEN = re.compile(r"^(torchaudio|torchvision|torchao|triton|nvidia-.*|cuda-.*)$")

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def names(requirements: list[str]) -> set[str]:
    """The bare package names of requirement lines."""
    found = [re.match(r"[A-Za-z0-9._-]+", line) for line in requirements]
    return {match.group().lower() for match in found if match}


def pins() -> dict[str, str]:
    """Name and version of every line in constraints.txt."""
    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_core_dependencies_are_what_listening_needs_and_nothing_more() -> None:
    assert names(PROJECT["dependencies"]) == CORE


def test_extras_are_the_documented_ones() -> None:
    assert set(PROJECT["optional-dependencies"]) == EXTRAS


def test_every_core_and_development_dependency_is_pinned_exactly() -> None:
    wanted = names(PROJECT["dependencies"]) | names(PROJECT["optional-dependencies"]["dev"])
    assert wanted - {"soundflow"} <= pins().keys()
    assert all(re.fullmatch(r"[0-9][\w.]*", version) for version in pins().values())


def test_nothing_pinned_brings_cuda_or_torch_companions() -> None:
    wanted = names([line for extra in PROJECT["optional-dependencies"].values() for line in extra])
    assert [name for name in pins().keys() | wanted if FORBIDDEN.match(name)] == []


def test_version_is_the_same_everywhere() -> None:
    citation = (REPOSITORY / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {PROJECT['version']}\n" in citation
    try:
        installed = distribution("soundflow").version
    except PackageNotFoundError:
        pytest.skip("soundflow is not installed")
    assert installed == PROJECT["version"]


def test_package_carries_types_weights_and_examples() -> None:
    package = files("soundflow")
    assert (package / "py.typed").is_file()
    assert (package / "model" / "weights" / "nano" / "model.safetensors").is_file()
    assert (package / "examples").is_dir()


@pytest.mark.parametrize("name", ["nano", "nano-2"])
def test_a_packaged_model_stays_small_and_has_a_card(name: str) -> None:
    folder = Path(str(files("soundflow"))) / "model" / "weights" / name
    assert 0 < sum(path.stat().st_size for path in folder.iterdir()) <= 20_000_000
    summed = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert (folder / "SHA256SUMS").read_text(encoding="utf-8") == f"{summed}  model.safetensors\n"
    assert "## What it was trained on" in (folder / "README.md").read_text(encoding="utf-8")


def test_weights_and_examples_stay_small_together() -> None:
    package = Path(str(files("soundflow")))
    folders = [package / "model" / "weights", package / "examples"]
    total = sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())
    assert 0 < total <= 25_000_000
