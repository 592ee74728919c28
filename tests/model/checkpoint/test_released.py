"""The released layout becomes our network: every row in its place, every fault named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from soundflow.errors import InputError
from soundflow.model.checkpoint.assemble import Placement
from soundflow.model.checkpoint.released import load_released

PARTS = ("q_proj", "k_proj", "v_proj")
SECOND = "model-00002-of-00002.safetensors"


def test_packed_rows_come_apart_as_queries_keys_and_values(released: Path) -> None:
    network = load_released(released).network
    packed = load_file(released / SECOND)["transformer.h.1.attn.qkv.weight"]
    parts: list[torch.Tensor] = [network.get_parameter(f"decoder.layers.1.self_attn.{name}.weight") for name in PARTS]
    assert [len(p) for p in parts] == [16, 8, 8]
    assert torch.equal(torch.cat(parts), packed)


def test_an_older_interleaved_packing_is_put_in_order(released: Path) -> None:
    newer = load_released(released).network.get_submodule("decoder.layers.0.self_attn")
    tensors = load_file(released / SECOND)
    for kind in ("weight", "bias"):
        rows = tensors.pop(f"transformer.h.0.attn.qkv.{kind}")
        q, k, v = rows.split([16, 8, 8])
        groups = [torch.cat([q[8 * g : 8 * g + 8], k[4 * g : 4 * g + 4], v[4 * g : 4 * g + 4]]) for g in range(2)]
        tensors[f"transformer.h.0.attn.attn.{kind}"] = torch.cat(groups)
        other = tensors.pop(f"transformer.h.1.attn.qkv.{kind}")
        tensors[f"transformer.h.1.attn.attn.{kind}"] = other
    save_file(tensors, released / SECOND)
    index = json.loads((released / "model.safetensors.index.json").read_text())
    index["weight_map"] = {n.replace("attn.qkv", "attn.attn"): s for n, s in index["weight_map"].items()}
    (released / "model.safetensors.index.json").write_text(json.dumps(index))
    older = load_released(released).network.get_submodule("decoder.layers.0.self_attn")
    for name in (f"{part}.{kind}" for part in PARTS for kind in ("weight", "bias")):
        assert torch.equal(older.get_parameter(name), newer.get_parameter(name))


def test_config_is_what_the_release_was_trained_with(released: Path) -> None:
    config = load_released(released).config
    assert config.decoder.position_dtype == "float16"
    assert config.normaliser == "stream"
    assert config.audio_positions == 10
    assert config.control.silent == 151_605
    assert 46 + 13 * config.max_chunks <= 4096


def test_the_decoder_takes_the_asked_type_and_the_encoder_stays_float32(released: Path) -> None:
    network = load_released(released, Placement(decoder=torch.bfloat16)).network
    assert {p.dtype for p in network.decoder.parameters()} == {torch.bfloat16}
    assert network.lm_head.weight.dtype == torch.bfloat16
    assert {p.dtype for p in (*network.encoder.parameters(), *network.adapter.parameters())} == {torch.float32}
    assert network.encoder.positions.dtype == torch.float32


def test_the_model_cards_name_of_the_encoder_is_known_too(released: Path) -> None:
    (released / "audiointeraction_ChunkwisedEncoder.pth").rename(released / "MiniOmni3_ChunkwisedEncoder.pth")
    assert load_released(released).network.encoder.conv1.weight.shape == (8, 128, 3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"n_expert": 8}, "n_expert is 8"),
        ({"brand_new": 1}, "unknown field 'brand_new'"),
        ({"n_layer": None}, "n_layer is None"),
        ({"n_layer": 3}, r"transformer\.h\.2\..* is missing"),
        ({"n_layer": 10**6}, "layers"),
        ({"intermediate_size": 13}, r"gives \[12, 8\], expected \[13, 8\]"),
        ({"n_query_groups": 4}, "48 for 4 heads and 4 groups"),
        ({"n_query_groups": 3}, "no multiple of 3"),
        ({"padded_vocab_size": 100}, "does not hold the control tokens"),
        ({"n_embd": 16}, "output_dim 8"),
    ],
)
def test_a_config_that_does_not_fit_is_named(released: Path, change: dict[str, object], said: str) -> None:
    path = released / "model_config.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **change}))
    with pytest.raises(InputError, match=said):
        load_released(released)


@pytest.mark.parametrize("name", ["model-00001-of-00002.safetensors", SECOND, "tokenizer.json"])
def test_a_missing_file_is_named(released: Path, name: str) -> None:
    (released / name).unlink()
    with pytest.raises(InputError, match=name.replace(".", r"\.")):
        load_released(released)


def test_an_unknown_tensor_is_named_with_its_file(released: Path) -> None:
    tensors = load_file(released / SECOND)
    save_file({**tensors, "transformer.h.9.extra": torch.zeros(1)}, released / SECOND)
    with pytest.raises(InputError, match=r"00002-of-00002\.safetensors: tensor .*extra is unknown"):
        load_released(released)


@pytest.mark.slow
def test_the_kit_loads(release_kit: Path) -> None:
    config = load_released(release_kit).config
    assert (config.decoder.num_hidden_layers, config.decoder.hidden_size, config.encoder.encoder_layers) == (3, 64, 3)
