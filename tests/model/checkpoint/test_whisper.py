"""Whisper's weights from three kinds of file, all giving the same tensors under our names."""

from __future__ import annotations

import importlib.util
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from soundflow.errors import InputError, OutsideError
from soundflow.model.checkpoint.whisper import PACKAGES, read_ctranslate2, whisper_encoder_state
from soundflow.model.config import EncoderConfig
from soundflow.model.encoder import AudioEncoder

CONFIG = EncoderConfig(80, 16, 2, 2, 32)
Named = dict[str, torch.Tensor]


def _whisper() -> Named:
    torch.manual_seed(0)
    return {n: t.half().float() for n, t in AudioEncoder(CONFIG, 40).state_dict().items()}


def _as_ctranslate2(state: Named) -> bytes:
    """The same tensors as a CTranslate2 file of format 6, float16."""
    rows = {f"encoder/{n.replace('.', '/')}": t for n, t in state.items() if n.startswith("conv")}
    for i in range(CONFIG.encoder_layers):
        ours, theirs = f"layers.{i}.", f"encoder/layer_{i}/"
        q, k, v = (state[f"{ours}self_attn.{x}_proj.weight"] for x in "qkv")
        bias = [state[f"{ours}self_attn.q_proj.bias"], torch.zeros(16), state[f"{ours}self_attn.v_proj.bias"]]
        rows[f"{theirs}self_attention/linear_0/weight"] = torch.cat([q, k, v])
        rows[f"{theirs}self_attention/linear_0/bias"] = torch.cat(bias)
        for part in ("weight", "bias"):
            rows[f"{theirs}self_attention/linear_1/{part}"] = state[f"{ours}self_attn.out_proj.{part}"]
            rows[f"{theirs}ffn/linear_0/{part}"] = state[f"{ours}fc1.{part}"]
            rows[f"{theirs}ffn/linear_1/{part}"] = state[f"{ours}fc2.{part}"]
        for name, part in (("self_attn_layer_norm", "self_attention"), ("final_layer_norm", "ffn")):
            rows[f"{theirs}{part}/layer_norm/gamma"] = state[f"{ours}{name}.weight"]
            rows[f"{theirs}{part}/layer_norm/beta"] = state[f"{ours}{name}.bias"]
    out = struct.pack("<I", 6) + _text("WhisperSpec") + struct.pack("<II", 3, len(rows))
    for name, tensor in rows.items():
        raw = tensor.half().numpy().tobytes()
        shape = b"".join(struct.pack("<I", n) for n in tensor.shape)
        out += _text(name) + struct.pack("<B", tensor.dim()) + shape + struct.pack("<BI", 4, len(raw)) + raw
    return out


def _text(text: str) -> bytes:
    return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"


def _same(found: Named, wanted: Named) -> bool:
    return found.keys() == wanted.keys() and all(torch.equal(found[n], wanted[n]) for n in wanted)


def test_a_ctranslate2_file_and_a_transformers_folder_agree(tmp_path: Path) -> None:
    state = _whisper()
    (tmp_path / "model.bin").write_bytes(_as_ctranslate2(state))
    folder = tmp_path / "hf"
    folder.mkdir()
    theirs = {f"model.encoder.{n}": t for n, t in state.items()}
    theirs |= {
        "model.encoder.embed_positions.weight": torch.zeros(3, 16),
        "model.encoder.layer_norm.weight": torch.ones(16),
    }
    save_file(theirs, folder / "model.safetensors")
    for source in (tmp_path, tmp_path / "model.bin", folder):
        assert _same(whisper_encoder_state(str(source), 2), state), source
    assert "layers.1.fc1.weight" not in whisper_encoder_state(str(folder), 1)


def test_more_layers_than_there_are(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(_as_ctranslate2(_whisper()))
    with pytest.raises(InputError, match="has 2 encoder layers"):
        whisper_encoder_state(str(tmp_path), 3)


@pytest.mark.parametrize("cut", [3, 40, 500])
def test_a_file_cut_short_is_one_clear_error(cut: int) -> None:
    with pytest.raises(InputError):
        read_ctranslate2(_as_ctranslate2(_whisper())[:cut])


def test_another_format_is_named() -> None:
    with pytest.raises(InputError, match="format 9"):
        read_ctranslate2(struct.pack("<I", 9) + bytes(20))


def test_a_folder_without_weights(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither"):
        whisper_encoder_state(str(tmp_path), 2)


@pytest.mark.skipif(
    all(importlib.util.find_spec(p) is not None for p in PACKAGES), reason="the weight packages are installed"
)
def test_absent_packages_say_what_to_install() -> None:
    with pytest.raises(OutsideError, match="pip install"):
        whisper_encoder_state("package", 2)


@pytest.mark.skipif(
    any(importlib.util.find_spec(p) is None for p in PACKAGES),
    reason="needs the weight packages, which only training does",
)
def test_the_package_holds_whisper_base() -> None:
    state = whisper_encoder_state("package", 6)
    assert state["conv1.weight"].shape == (512, 80, 3) and len([n for n in state if n.endswith("fc1.weight")]) == 6
    assert all(np.isfinite(t.numpy()).all() for t in state.values())
