"""The layout of the released model: litgpt names with packed queries, keys and values, and a pickled encoder.

Source: the release's `utils.py`, `src/audiointeraction/{tokenizer,model,TOKENS}.py` and its public files.
Tests: tests/model/checkpoint/test_released.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import yaml  # comes with huggingface-hub
from torch import Tensor

from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.assemble import ON_CPU, Origin, Placement, assemble, meta_network, own_names, renamed
from soundflow.model.checkpoint.tensors import INDEX, TensorFiles, open_pickle, open_safetensors, read_object
from soundflow.model.config import ROOM_FOR_REPLIES, DecoderConfig, EncoderConfig, ModelConfig, audio_interaction_3b
from soundflow.model.tokens import TextTokenizer

CONFIG = "model_config.yaml"
AUDIO_CONFIG = "qwen25OmniConfig/config.json"
ENCODERS = ("audiointeraction_ChunkwisedEncoder.pth", "MiniOmni3_ChunkwisedEncoder.pth")  # code, model card
_UNUSED = ("encoder/audio_bos_eos_token.weight",)  # stored, and read by nothing
TRAINED_POSITIONS = 4096  # the longest sequences in the release's training; a window stays inside them
MOST_REPLY_TOKENS = 256  # chosen: the release has no limit for a reply, only one for a file

# what the decoder can be, and the one value that the release's Qwen2 shape has there
_FIXED: dict[str, Any] = {
    "norm_class_name": "RMSNorm",
    "norm_qk": False,
    "post_attention_norm": False,
    "post_mlp_norm": False,
    "parallel_residual": False,
    "attn_bias": True,
    "attention_scores_scalar": None,
    "sliding_window_size": None,
    "attention_logit_softcapping": None,
    "rotary_percentage": 1.0,
    "rope_condense_ratio": 1,
    "rope_adjustments": None,
    "bias": False,
    "mlp_class_name": "LLaMAMLP",
    "n_expert": 0,
    "scale_embeddings": False,
    "lm_head_bias": False,
    "final_logit_softcapping": None,
}
_SIZES = (
    *("n_layer", "n_embd", "n_head", "head_size", "n_query_groups", "intermediate_size", "padded_vocab_size"),
    *("block_size", "rope_base", "norm_eps"),
)
_REST = (
    *("name", "hf_config", "vocab_size", "padding_multiple", "shared_attention_norm", "sliding_window_layer_placing"),
    *("gelu_approximate", "n_expert_per_token"),
)


def is_released(folder: Path) -> bool:
    """Whether a folder has the released layout."""
    return (folder / CONFIG).is_file()


def load_released(folder: Path, placement: Placement = ON_CPU) -> Bundle:
    """Read a folder of the released layout; float16 positions, `stream` normaliser and ids as it was trained.

    Raises:
        InputError: a file is missing or damaged, a field or tensor is not what this shape needs.
    """
    config = read_released_config(folder)
    decoder, encoder = open_safetensors(folder), open_pickle(_encoder_file(folder))
    tensors = _both(decoder, encoder)
    packing = _packing(decoder)
    origins = {name: _origin(name, config.decoder, packing) for name in own_names(meta_network(config))}

    def where(name: str) -> str:
        owner, _, plain = name.partition("/")
        files = encoder if owner == "encoder" else decoder
        return str(files.file_of(plain) if plain in files else _home(folder, owner))

    network = assemble(config, tensors, origins, where, placement, _UNUSED.__contains__)
    return Bundle(network, TextTokenizer.from_file(folder / "tokenizer.json"), config, config.name, folder)


def read_released_config(folder: Path) -> ModelConfig:
    """The config of a folder of the released layout; no weight is read.

    Raises:
        InputError: a file is missing or damaged, or a field asks for another shape.
    """
    return released_config(_fields(folder / CONFIG), folder)


def released_config(fields: Mapping[str, Any], folder: Path) -> ModelConfig:
    """Our config for the release's fields.

    Raises:
        InputError: a field asks for what the released shape does not have, or sizes disagree.
    """
    audio = _audio_fields(folder / AUDIO_CONFIG)
    published = audio_interaction_3b()
    encoder = encoder_config(audio)
    decoder = DecoderConfig(
        vocab_size=fields["padded_vocab_size"],
        hidden_size=fields["n_embd"],
        num_hidden_layers=fields["n_layer"],
        num_attention_heads=fields["n_head"],
        num_key_value_heads=fields["n_query_groups"],
        head_dim=fields["head_size"],
        intermediate_size=fields["intermediate_size"],
        rms_norm_eps=float(fields["norm_eps"]),
        rope_theta=float(fields["rope_base"]),
        position_dtype="float16",
    )
    _check_sizes(encoder, decoder, audio, folder)
    positions = min(int(fields["block_size"]), TRAINED_POSITIONS)
    return ModelConfig(
        name=str(fields.get("name") or published.name),
        encoder=encoder,
        decoder=decoder,
        control=published.control,
        default_instruction=published.default_instruction,
        normaliser="stream",
        offline=published.offline,
        max_chunks=_window_chunks(positions),
        max_reply_tokens=MOST_REPLY_TOKENS,
    )


def _window_chunks(positions: int) -> int:
    """Chunks of 13 positions beside the prefix and full replies, one at the least."""
    prefix = 64  # the default instruction takes 46
    return max(2, (positions - prefix - ROOM_FOR_REPLIES * (MOST_REPLY_TOKENS + 2)) // 13)


def _check_sizes(encoder: EncoderConfig, decoder: DecoderConfig, audio: Mapping[str, int], folder: Path) -> None:
    problems = []
    if audio["output_dim"] != decoder.hidden_size:
        problems.append(f"output_dim {audio['output_dim']} of {AUDIO_CONFIG} is not n_embd {decoder.hidden_size}")
    if encoder.d_model % (2 * encoder.encoder_attention_heads):
        problems.append(f"d_model {encoder.d_model} does not divide by {encoder.encoder_attention_heads} heads")
    if decoder.num_attention_heads % decoder.num_key_value_heads:
        problems.append(f"n_head {decoder.num_attention_heads} is no multiple of {decoder.num_key_value_heads} groups")
    if decoder.head_dim % 2:
        problems.append(f"head_size {decoder.head_dim} is odd")
    if decoder.vocab_size <= audio_interaction_3b().control.audio_end:
        problems.append(f"padded_vocab_size {decoder.vocab_size} does not hold the control tokens")
    if problems:
        raise InputError("model.config", f"{folder / CONFIG}: {problems[0]}", "this is not the released shape")


def _fields(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as e:
        first = str(e).splitlines()[0]
        raise InputError("model.damaged_file", f"{path}: {first}", "it must be YAML with one field a line") from e
    if not isinstance(found, dict):
        raise InputError("model.damaged_file", f"{path} holds no fields", "it must be YAML with one field a line")
    known = {*_FIXED, *_SIZES, *_REST}
    for key in found:
        if key not in known:
            raise InputError("model.config", f"{path}: unknown field {key!r}", "this is not the released shape")
    for key in _SIZES:
        value = found.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 2**31:
            raise InputError("model.config", f"{path}: {key} is {value!r}", "it must be a positive number")
        if key not in ("norm_eps", "rope_base") and not isinstance(value, int):
            raise InputError("model.config", f"{path}: {key} is {value!r}", "it must be a whole number")
    for key, value in _FIXED.items():
        if key in found and found[key] != value:
            message = f"{path}: {key} is {found[key]!r}, the released shape has {value!r}"
            raise InputError("model.config", message, "this decoder is of another kind")
    return found


def _audio_fields(path: Path) -> dict[str, int]:
    thinker = read_object(path).get("thinker_config")
    audio = thinker.get("audio_config") if isinstance(thinker, dict) else None
    if not isinstance(audio, dict):
        raise InputError("model.config", f"{path}: no thinker_config.audio_config", "it is Qwen2.5-Omni's config.json")
    return audio_sizes(audio, path)


def audio_sizes(audio: Mapping[str, Any], path: Path) -> dict[str, int]:
    """The sizes in a Qwen2.5-Omni audio config.

    Raises:
        InputError: one is missing or no positive whole number, or the encoder is of another kind.
    """
    names = ("num_mel_bins", "d_model", "encoder_layers", "encoder_attention_heads", "encoder_ffn_dim", "output_dim")
    for name in names:
        value = audio.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**20:
            raise InputError("model.config", f"{path}: audio_config.{name} is {value!r}", "it must be a whole number")
    for name, expected in (("activation_function", "gelu"), ("scale_embedding", False)):
        if audio.get(name, expected) != expected:
            found = f"{path}: audio_config.{name} is {audio[name]!r}"
            raise InputError("model.config", found, f"the released encoder has {expected!r}")
    return {name: audio[name] for name in names}


def encoder_config(sizes: Mapping[str, int]) -> EncoderConfig:
    """The encoder of these sizes, as `audio_sizes` gave them."""
    return EncoderConfig(
        num_mel_bins=sizes["num_mel_bins"],
        d_model=sizes["d_model"],
        encoder_layers=sizes["encoder_layers"],
        encoder_attention_heads=sizes["encoder_attention_heads"],
        encoder_ffn_dim=sizes["encoder_ffn_dim"],
    )


def _encoder_file(folder: Path) -> Path:
    for name in ENCODERS:
        if (folder / name).is_file():
            return folder / name
    raise InputError("model.missing_file", f"{folder / ENCODERS[0]} is not there", "fetch the whole folder")


def _home(folder: Path, owner: str) -> Path:
    return _encoder_file(folder) if owner == "encoder" else folder / INDEX


class _Both(Mapping[str, Tensor]):
    """Two files' tensors under one roof: `decoder/...` and `encoder/...`."""

    def __init__(self, parts: Mapping[str, TensorFiles]) -> None:
        self._parts = parts

    def __getitem__(self, name: str) -> Tensor:
        owner, _, plain = name.partition("/")
        return self._parts[owner][plain]

    def __iter__(self) -> Any:
        return (f"{owner}/{name}" for owner, files in self._parts.items() for name in files)

    def __len__(self) -> int:
        return sum(len(files) for files in self._parts.values())


def _both(decoder: TensorFiles, encoder: TensorFiles) -> Mapping[str, Tensor]:
    return _Both({"decoder": decoder, "encoder": encoder})


def _packing(decoder: TensorFiles) -> str:
    """`attn.qkv`, or `attn.attn` as older checkpoints have it (interleaved by group)."""
    return "attn" if any(".attn.attn." in name for name in decoder) else "qkv"


_PLAIN = {
    "input_layernorm": "norm_1",
    "post_attention_layernorm": "norm_2",
    "self_attn.o_proj": "attn.proj",
    "mlp.gate_proj": "mlp.fc_1",
    "mlp.up_proj": "mlp.fc_2",
    "mlp.down_proj": "mlp.proj",
}
_PACKED = ("q_proj", "k_proj", "v_proj")


def _origin(name: str, config: DecoderConfig, packing: str) -> Origin:
    """The released tensor, or rows of one, that becomes our tensor `name`."""
    if name == "lm_head.weight":
        return renamed("decoder/lm_head.weight")
    if name == "decoder.embed_tokens.weight":
        return renamed("decoder/transformer.wte.weight")
    if name == "decoder.norm.weight":
        return renamed("decoder/transformer.ln_f.weight")
    if name.startswith(("encoder.", "adapter.")):
        return renamed(f"encoder/{name.partition('.')[2]}")
    _, _, layer, *middle, kind = name.split(".")
    module = ".".join(middle)
    if middle[-1] in _PACKED:
        packed = f"decoder/transformer.h.{layer}.attn.{packing}.{kind}"
        return Origin((packed,), lambda tensors: _rows(tensors[packed], middle[-1], config, packing))
    return renamed(f"decoder/transformer.h.{layer}.{_PLAIN[module]}.{kind}")


def _rows(packed: Tensor, part: str, config: DecoderConfig, packing: str) -> Tensor:
    """Query, key or value rows of a packed tensor, as a view of it where they lie together.

    Raises:
        ValueError: it has another number of rows.
    """
    heads, groups, size = config.num_attention_heads, config.num_key_value_heads, config.head_dim
    expected = (heads + 2 * groups) * size
    if packed.shape[0] != expected:
        raise ValueError(f"{packed.shape[0]} rows, expected {expected} for {heads} heads and {groups} groups of {size}")
    at = _PACKED.index(part)
    if packing == "qkv":
        start = (0, heads * size, (heads + groups) * size)[at]
        return packed[start : start + (heads * size if at == 0 else groups * size)]
    each = heads // groups  # queries of a group, then its key, then its value
    grouped = packed.view(groups, each + 2, size, *packed.shape[1:])
    chosen = (slice(0, each), slice(each, each + 1), slice(each + 1, each + 2))[at]
    return torch.flatten(grouped[:, chosen], 0, 2)
