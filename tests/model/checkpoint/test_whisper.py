"""Whisper's weights from three kinds of file, all giving the same tensors under our names."""

from __future__ import annotations

import importlib.util
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from soundflow.errors import InputError, OutsideError
from soundflow.model.checkpoint.whisper import DTYPES, PACKAGES, read_ctranslate2, whisper_encoder_state
from soundflow.model.config import EncoderConfig
from soundflow.model.encoder import AudioEncoder

CONFIG = EncoderConfig(80, 16, 2, 2, 32)
Named = dict[str, torch.Tensor]


def _whisper() -> Named:
    torch.manual_seed(0)
    return {n: t.half().float() for n, t in AudioEncoder(CONFIG, 40).state_dict().items()}


def _as_ctranslate2(state: Named, kind: type[np.generic] = np.float16, has_scales: bool = True) -> bytes:
    """The same tensors as a CTranslate2 file of format 6: float16, or matrices in int8 or int16 as it stores them."""
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
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    for name, tensor in rows.items():
        if kind == np.float16 or tensor.dim() == 1:
            arrays[name] = tensor.half().numpy()
            continue
        largest = tensor.flatten(1).abs().amax(1) if kind == np.int8 else tensor.abs().max()
        scale = {np.int8: 127, np.int16: 1024}[kind] / largest.numpy()
        arrays[name] = np.rint(tensor.numpy() * scale.reshape(-1, *[1] * (tensor.dim() - 1))).astype(kind)
        if has_scales:
            arrays[f"{name}_scale"] = scale
    return _file(arrays)


def _file(arrays: dict[str, np.ndarray[Any, Any]]) -> bytes:
    out = struct.pack("<I", 6) + _text("WhisperSpec") + struct.pack("<II", 3, len(arrays))
    numbers = {np.dtype(kind): number for number, kind in DTYPES.items()}
    for name, array in arrays.items():
        raw, shape = array.tobytes(), struct.pack(f"<{array.ndim}I", *array.shape)
        out += _text(name) + struct.pack("<B", array.ndim) + shape
        out += struct.pack("<BI", numbers[array.dtype], len(raw)) + raw
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


@pytest.mark.parametrize(("kind", "error"), [(np.int8, 0.5 / 127), (np.int16, 0.5 / 1024)])
def test_whole_numbers_are_divided_by_their_scales(kind: type[np.generic], error: float, tmp_path: Path) -> None:
    state = _whisper()
    (tmp_path / "model.bin").write_bytes(_as_ctranslate2(state, kind))
    found = whisper_encoder_state(str(tmp_path))
    assert found.keys() == state.keys()
    for name, wanted in state.items():
        rows = wanted.flatten(1) if wanted.dim() > 1 and kind == np.int8 else wanted[None]
        bound = rows.abs().flatten(1).amax(1) * error * 1.01 + 1e-7  # half a step of the row's, or of the largest
        assert ((found[name] - wanted).reshape(len(rows), -1).abs().amax(1) <= bound).all(), name


def test_whole_numbers_without_scales_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(_as_ctranslate2(_whisper(), np.int8, has_scales=False))
    with pytest.raises(InputError, match="holds int8 without a scale"):
        whisper_encoder_state(str(tmp_path))


def test_another_model_or_a_cut_file_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_bytes(_file({"decoder/w": np.zeros((2, 2), np.float32)}))
    with pytest.raises(InputError, match="has no 'encoder/conv1/weight'"):
        whisper_encoder_state(str(tmp_path / "other.bin"))
    state = _whisper() | {"layers.0.self_attn.q_proj.bias": torch.zeros(1)}
    for name in ("k", "v"):
        state[f"layers.0.self_attn.{name}_proj.weight"] = torch.zeros(0, 16)
    state["layers.0.self_attn.q_proj.weight"] = torch.zeros(2, 16)
    (tmp_path / "two.bin").write_bytes(_as_ctranslate2(state))
    with pytest.raises(InputError, match="fits no Whisper"):
        whisper_encoder_state(str(tmp_path / "two.bin"))
    save_file(_whisper(), tmp_path / "whole")
    (tmp_path / "model.safetensors").write_bytes((tmp_path / "whole").read_bytes()[:1000])
    with pytest.raises(InputError, match=r"model\.safetensors: ") as raised:
        whisper_encoder_state(str(tmp_path))
    assert raised.value.code == "whisper.damaged"


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
