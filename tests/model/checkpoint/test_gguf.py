"""GGUF: the packaged SmolLM2 becomes the model that `transformers` computes."""

from __future__ import annotations

import importlib.util
import json
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from soundflow.errors import InputError, OutsideError
from soundflow.model.checkpoint.causal_lm import read_causal_lm
from soundflow.model.checkpoint.gguf import SMOLLM_PACKAGE, is_gguf, packaged_gguf, read_gguf
from tests.model.checkpoint import lms

has_package = all(importlib.util.find_spec(name) for name in (SMOLLM_PACKAGE, "gguf"))
needs_package = pytest.mark.skipif(not has_package, reason="SmolLM2's package is not installed (extra [small])")


def test_a_file_is_told_by_its_first_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"GGUF....")
    (tmp_path / "b.gguf").write_bytes(b"PK")
    assert is_gguf(tmp_path / "a") and not is_gguf(tmp_path / "b.gguf") and not is_gguf(tmp_path)


@pytest.mark.skipif(has_package, reason="the packages are installed")
def test_absent_packages_say_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(OutsideError, match="pip install"):
        packaged_gguf()
    with pytest.raises(OutsideError, match="pip install"):
        read_gguf(tmp_path / "a.gguf")


@needs_package
def test_a_damaged_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(b"GGUF" + bytes(40))
    with pytest.raises(InputError, match=r"a\.gguf"):
        read_gguf(tmp_path / "a.gguf")


class _Told(NamedTuple):
    """A tensor as the package `gguf` gives it."""

    name: str
    data: np.ndarray[Any, np.dtype[np.float32]]
    tensor_type: int = 0


def _about() -> dict[str, Any]:
    """What a tiny Llama's file says of it: width 16, two heads, one layer."""
    made = json.loads(lms.tokenizer().to_str())["model"]
    pieces = sorted(made["vocab"], key=made["vocab"].__getitem__)
    return {
        "general.architecture": "llama",
        "llama.attention.head_count": 2,
        "llama.embedding_length": 16,
        "llama.block_count": 1,
        "llama.feed_forward_length": 24,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": 8,
        "llama.rope.scaling.type": "linear",
        "tokenizer.ggml.eos_token_id": 0,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": pieces,
        "tokenizer.ggml.merges": [" ".join(pair) for pair in made["merges"]],
        "tokenizer.ggml.token_type": [3, *[1] * (len(pieces) - 1)],
    }


def _file(about: dict[str, Any], others: tuple[str, ...], folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """A file that a stand-in for the package `gguf` reads: `about`, and a Llama's tensors with some beside."""
    q = 2 * about.get("llama.attention.key_length", 8)
    sizes = {"attn_norm": (16,), "attn_q": (q, 16), "attn_k": (q, 16), "attn_v": (q, 16), "attn_output": (16, q)}
    sizes |= {"ffn_norm": (16,), "ffn_gate": (24, 16), "ffn_up": (24, 16), "ffn_down": (16, 24)}
    shapes = {f"blk.0.{name}.weight": shape for name, shape in sizes.items()}
    shapes |= {"token_embd.weight": (len(about["tokenizer.ggml.tokens"]), 16), "output_norm.weight": (16,)}
    shapes |= dict.fromkeys(others, (4,))
    fields = {name: SimpleNamespace(contents=lambda value=value: value) for name, value in about.items()}
    reader = SimpleNamespace(fields=fields, tensors=[_Told(n, np.ones(s, np.float32)) for n, s in shapes.items()])
    fake = ModuleType("gguf")
    fake.__spec__ = ModuleSpec("gguf", None)
    fake.GGUFReader = lambda path: reader  # type: ignore[attr-defined]
    fake.dequantize = lambda data, kind: data  # type: ignore[attr-defined]
    patch.setitem(sys.modules, "gguf", fake)
    (folder / "a.gguf").write_bytes(b"GGUF")
    return folder / "a.gguf"


def test_a_plain_llama_is_read_and_heads_may_have_a_size_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = read_causal_lm(str(_file(_about(), (), tmp_path, monkeypatch)))
    assert plain.config.head_dim == 8 and plain.tokenizer.encode("A dog 12").tokens[-1] in ("2", "12")
    wide = _about() | {"llama.attention.key_length": 12, "llama.rope.dimension_count": 12}
    assert read_causal_lm(str(_file(wide, (), tmp_path, monkeypatch))).config.head_dim == 12


@pytest.mark.parametrize(
    ("says", "others", "refused"),
    [
        ({"llama.rope.scaling.factor": 4.0}, (), r"scaled rotary positions \(linear\)"),
        ({"llama.rope.scaling.type": "yarn"}, (), r"scaled rotary positions \(yarn\)"),
        ({}, ("rope_freqs.weight",), r"scaled rotary positions \(rope_freqs.weight\)"),
        ({"llama.rope.dimension_count": 4}, (), "a part of each head rotated"),
        ({"llama.attention.sliding_window": 128}, (), "a sliding window of 128"),
        ({"tokenizer.ggml.pre": "llama-bpe"}, (), "splits words as 'llama-bpe'"),
        ({"tokenizer.ggml.pre": None}, (), "splits words as None"),
    ],
)
def test_what_our_decoder_does_not_compute_is_refused_by_name(
    says: dict[str, Any], others: tuple[str, ...], refused: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match=refused):
        read_causal_lm(str(_file(_about() | says, others, tmp_path, monkeypatch)))


@pytest.mark.slow
@needs_package
def test_the_packaged_model_knows_a_capital() -> None:
    transformers = pytest.importorskip("transformers")
    fields, tensors, tokenizer = read_gguf(packaged_gguf())
    rope = {"rope_type": "default", "rope_theta": fields["rope_theta"]}
    kept = {name: value for name, value in fields.items() if name not in ("model_type", "rope_theta")}
    with torch.device("meta"):
        model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**kept, rope_parameters=rope))
    model.load_state_dict(tensors, strict=False, assign=True)
    model.tie_weights()
    model.model.rotary_emb = type(model.model.rotary_emb)(model.config)
    asked = (
        "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\nThe capital of France is"
    )
    ids = torch.tensor([tokenizer.encode(asked).ids])
    with torch.no_grad():
        said = int(model.eval()(ids).logits[0, -1].argmax())
    assert tokenizer.decode([said]) == " Paris"
