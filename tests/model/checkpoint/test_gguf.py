"""GGUF: the packaged SmolLM2 becomes the model that `transformers` computes."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch

from soundflow.errors import InputError, OutsideError
from soundflow.model.checkpoint.gguf import SMOLLM_PACKAGE, is_gguf, packaged_gguf, read_gguf

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
