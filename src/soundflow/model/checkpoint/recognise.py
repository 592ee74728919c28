"""Which of the three layouts a folder has, told by its content, and the model in it.

Tests: tests/model/checkpoint/test_recognise.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.assemble import ON_CPU, Placement
from soundflow.model.checkpoint.omni import is_omni, load_omni, omni_config
from soundflow.model.checkpoint.ours import is_ours, load_folder
from soundflow.model.checkpoint.released import is_released, load_released, read_released_config
from soundflow.model.checkpoint.tensors import read_object
from soundflow.model.config import ModelConfig

Layout = Literal["soundflow", "released", "transformers"]
_LOADERS = {"soundflow": load_folder, "released": load_released, "transformers": load_omni}


def layout_of(folder: Path) -> Layout:
    """The layout of a model's folder.

    Raises:
        InputError: there is no config, it cannot be read, or it is of none of the three.
    """
    if is_released(folder):
        return "released"
    config = read_object(folder / "config.json")
    if is_ours(config):
        return "soundflow"
    if is_omni(config):
        return "transformers"
    kind = config.get("model_type")
    found = f"{folder} has model_type {kind!r}" if kind else f"{folder / 'config.json'} is of an unknown layout"
    hint = "known: our own, the released one (model_config.yaml), Qwen2.5-Omni's in transformers layout"
    raise InputError("model.layout", found, hint)


def load_model(folder: Path, placement: Placement = ON_CPU) -> Bundle:
    """The model in a folder, whatever its layout.

    Raises:
        InputError: the layout is unknown, or the folder is damaged.
    """
    return _LOADERS[layout_of(folder)](folder, placement)


def config_of(folder: Path) -> ModelConfig:
    """The config of the model in a folder; no weight is read.

    Raises:
        InputError: the layout is unknown, or its config makes no sense.
    """
    layout = layout_of(folder)
    if layout == "released":
        return read_released_config(folder)
    path = folder / "config.json"
    found = read_object(path)
    return ModelConfig.from_dict(found) if layout == "soundflow" else omni_config(found, path)
