"""A folder says by its content what it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.omni import save_omni
from soundflow.model.checkpoint.ours import save_folder
from soundflow.model.checkpoint.recognise import layout_of, load_model


def test_three_layouts_are_told_apart(released: Path, small_bundle: Bundle, tmp_path: Path) -> None:
    save_folder(small_bundle, tmp_path / "ours")
    save_omni(load_model(released), tmp_path / "theirs")
    assert layout_of(released) == "released"
    assert layout_of(tmp_path / "ours") == "soundflow"
    assert layout_of(tmp_path / "theirs") == "transformers"


@pytest.mark.parametrize("config", [{}, {"model_type": "llama"}, [1], None])
def test_anything_else_is_one_clear_error(config: object, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match=r"llama|config\.json"):
        load_model(tmp_path)
