"""Language models as decoders: those that fit compute the same, the others are refused by the feature's name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from soundflow.errors import InputError
from soundflow.model.checkpoint.causal_lm import decoder_config, read_causal_lm
from tests.model.checkpoint.lms import write_lm

FIELDS = {
    "model_type": "llama",
    "vocab_size": 100,
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
}


def write_config(folder: Path, **changes: Any) -> str:
    (folder / "config.json").write_text(json.dumps(FIELDS | changes))
    return str(folder)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model_type": "gemma3_text"}, "'gemma3_text' is not our decoder's architecture"),
        ({"model_type": "qwen3"}, "these fit: llama, qwen2, mistral"),
        ({"hidden_act": "gelu"}, "hidden_act 'gelu'"),
        ({"attention_bias": True}, "attention_bias"),
        ({"mlp_bias": True}, "mlp_bias"),
        ({"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}, r"scaled rotary positions \(llama3\)"),
        ({"model_type": "mistral", "sliding_window": 4096}, "a sliding window of 4096"),
        ({"partial_rotary_factor": 0.5}, "partial_rotary_factor"),
    ],
)
def test_what_our_decoder_does_not_compute_is_refused_by_name(
    tmp_path: Path, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        read_causal_lm(write_config(tmp_path, **changes))


def test_a_size_that_is_none_is_named() -> None:
    with pytest.raises(InputError, match="hidden_size is None"):
        decoder_config({name: value for name, value in FIELDS.items() if name != "hidden_size"}, Path("config.json"))


def test_rotary_settings_are_found_where_versions_put_them() -> None:
    old = decoder_config(FIELDS | {"rope_theta": 5e5}, Path("c"))
    new = decoder_config(FIELDS | {"rope_parameters": {"rope_type": "default", "rope_theta": 5e5}}, Path("c"))
    assert old.rope_theta == new.rope_theta == 5e5
    assert (old.num_key_value_heads, old.head_dim, old.tie_word_embeddings) == (2, 4, False)


def test_a_tokenizer_that_is_not_byte_level_is_refused(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    write_lm(tmp_path, transformers, "llama")
    path = tmp_path / "tokenizer.json"
    spoiled = json.loads(path.read_text())
    spoiled["decoder"] = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    path.write_text(json.dumps(spoiled))
    with pytest.raises(InputError, match="not byte-level"):
        read_causal_lm(str(tmp_path))


def test_a_tensor_that_ours_lacks_is_refused(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    write_lm(tmp_path, transformers, "qwen3")
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"model_type": "llama"}))
    from soundflow.model.checkpoint.join import join
    from soundflow.model.encoder import AudioEncoder
    from tests.model.conftest import small_config

    encoder = AudioEncoder(small_config().encoder, 40).state_dict()
    with pytest.raises(InputError, match=r"q_norm|k_norm"):
        join("m", encoder, read_causal_lm(str(tmp_path)))


def test_zero_biases_stand_in_for_llamas(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    write_lm(tmp_path, transformers, "llama")
    found = read_causal_lm(str(tmp_path))
    biases = [tensor for name, tensor in found.tensors.items() if name.endswith("_proj.bias")]
    assert len(biases) == 6 and not any(torch.any(bias) for bias in biases)
    assert found.eos == 0
