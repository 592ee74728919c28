"""`transformers` layout: ours goes out and comes back bit for bit, and their own class computes the same from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from soundflow.errors import InputError, UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.omni import load_omni, save_omni
from soundflow.model.checkpoint.ours import load_folder, save_folder
from soundflow.model.checkpoint.released import load_released


def test_released_to_ours_to_transformers_and_back_keeps_every_bit(released: Path, tmp_path: Path) -> None:
    first = load_released(released)
    save_folder(first, tmp_path / "ours")
    save_omni(load_folder(tmp_path / "ours"), tmp_path / "theirs")
    last = load_omni(tmp_path / "theirs")
    assert last.config == first.config
    for name, tensor in first.network.state_dict().items():
        assert torch.equal(last.network.state_dict()[name], tensor), name


def test_a_whole_omni_has_its_thinker_under_a_prefix_and_other_parts_beside_it(released: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    save_omni(load_released(released), tmp_path)
    tensors = {f"thinker.{name}": t for name, t in load_file(tmp_path / "model.safetensors").items()}
    others = {"talker.codec_head.weight": torch.zeros(2), "thinker.visual.merger.weight": torch.zeros(2)}
    save_file(tensors | others, tmp_path / "model.safetensors")
    config = json.loads((tmp_path / "config.json").read_text())
    config.pop("soundflow")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "qwen2_5_omni", "thinker_config": config}))
    bundle = load_omni(tmp_path)
    assert bundle.config.decoder.position_dtype == "exact"
    assert bundle.config.decoder.hidden_size == 8
    wanted = load_released(released).network.state_dict()
    assert all(torch.equal(t, wanted[name]) for name, t in bundle.network.state_dict().items())


def test_a_missing_field_is_named(released: Path, tmp_path: Path) -> None:
    save_omni(load_released(released), tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config.pop("soundflow")
    del config["text_config"]["num_hidden_layers"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="num_hidden_layers is None"):
        load_omni(tmp_path)


def test_a_shape_they_do_not_have_is_not_written(small_bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="mean\\+std"):
        save_omni(small_bundle, tmp_path)


@pytest.mark.slow
def test_their_text_model_reads_our_folder_and_gives_the_same_logits(released: Path, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    bundle = load_released(released)
    save_omni(bundle, tmp_path)
    theirs = transformers.Qwen2_5OmniThinkerForConditionalGeneration.from_pretrained(
        tmp_path, dtype=torch.float32
    ).eval()
    ids = torch.randint(0, 1000, (1, 30), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        ours = bundle.network.logits(bundle.network(bundle.network.embed(ids)))
        assert (theirs(input_ids=ids).logits - ours).abs().max() < 1e-4
