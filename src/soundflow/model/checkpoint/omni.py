"""A Qwen2.5-Omni or Qwen2.5-Omni-Thinker folder in `transformers` layout, read and written.

Only the thinker's audio tower, text model and head are taken; vision, talker and vocoder are left in their files.
A folder that we wrote also carries our config under the key `soundflow`, so that reading it back loses nothing.
Tests: tests/model/checkpoint/test_omni.py.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from soundflow.errors import InputError, UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.assemble import ON_CPU, Placement, assemble, meta_network, own_names, renamed
from soundflow.model.checkpoint.released import audio_sizes, encoder_config
from soundflow.model.checkpoint.tensors import INDEX, open_safetensors, read_object
from soundflow.model.checkpoint.write import OWN_KEY, write_folder
from soundflow.model.config import DecoderConfig, ModelConfig, audio_interaction_3b
from soundflow.model.network import AudioInteractionModel
from soundflow.model.tokens import TextTokenizer

OMNI, THINKER = "qwen2_5_omni", "qwen2_5_omni_thinker"  # model_type
_UNUSED = ("visual.", "talker.", "token2wav.")
_UNUSED_TABLE = "audio_tower.audio_bos_eos_token.weight"
_TRAINED_POSITIONS = 32_768  # Qwen2.5-Omni's text model
_NO_VISION = {"depth": 0, "hidden_size": 16, "num_heads": 1, "intermediate_size": 16}  # as small as theirs can be
_SIZES = (
    *("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads"),
    "intermediate_size",
)


def is_omni(config: Mapping[str, Any]) -> bool:
    """Whether a `config.json` is Qwen2.5-Omni's, whole or thinker only."""
    return config.get("model_type") in (OMNI, THINKER)


def load_omni(folder: Path, placement: Placement = ON_CPU) -> Bundle:
    """Read a folder in `transformers` layout.

    Raises:
        InputError: a file is missing or damaged, a field or tensor is not what this shape needs.
    """
    path = folder / "config.json"
    found = read_object(path)
    prefix = "thinker." if found.get("model_type") == OMNI else ""
    config = omni_config(found, path)
    tensors = open_safetensors(folder)
    if f"{prefix}lm_head.weight" not in tensors:
        config = dataclasses.replace(config, decoder=dataclasses.replace(config.decoder, tie_word_embeddings=True))
    origins = {name: renamed(prefix + foreign_name(name)) for name in own_names(meta_network(config))}

    def where(name: str) -> str:
        return str(tensors.file_of(name) if name in tensors else folder / INDEX)

    def ignored(name: str) -> bool:
        plain = name.removeprefix(prefix)
        return plain.startswith(_UNUSED) or plain == _UNUSED_TABLE

    network = assemble(config, tensors, origins, where, placement, ignored)
    return Bundle(network, TextTokenizer.from_file(folder / "tokenizer.json"), config, config.name, folder)


def omni_config(found: Mapping[str, Any], path: Path) -> ModelConfig:
    """Our config for a `transformers` one; ours as it was, when we wrote it.

    Raises:
        InputError: a field is missing or makes no sense.
    """
    if isinstance(own := found.get(OWN_KEY), dict):
        return ModelConfig.from_dict(own)
    thinker = found.get("thinker_config", found)
    text = thinker.get("text_config") if isinstance(thinker, dict) else None
    audio = thinker.get("audio_config") if isinstance(thinker, dict) else None
    if not isinstance(text, dict) or not isinstance(audio, dict):
        raise InputError("model.config", f"{path}: no audio_config and text_config", "it is Qwen2.5-Omni's config.json")
    for name in _SIZES:
        value = text.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**31:
            raise InputError("model.config", f"{path}: text_config.{name} is {value!r}", "it must be a whole number")
    sizes = audio_sizes(audio, path)
    if sizes["output_dim"] != text["hidden_size"]:
        found_sizes = f"output_dim {sizes['output_dim']} is not hidden_size {text['hidden_size']}"
        raise InputError("model.config", f"{path}: {found_sizes}", "the audio tower must end in the decoder's width")
    published = audio_interaction_3b()
    rope = text.get("rope_parameters")  # transformers 5 moved the base there
    base = rope.get("rope_theta") if isinstance(rope, dict) else None
    decoder = DecoderConfig(
        **{name: text[name] for name in _SIZES},
        head_dim=text.get("head_dim") or text["hidden_size"] // text["num_attention_heads"],
        rms_norm_eps=float(text.get("rms_norm_eps", 1e-6)),
        rope_theta=float(text.get("rope_theta") or base or 1e6),
    )
    return dataclasses.replace(
        published,
        name=str(found.get("_name_or_path") or path.parent.name),
        encoder=encoder_config(sizes),
        decoder=decoder,
        max_chunks=230,
    )


def save_omni(bundle: Bundle, folder: Path) -> None:
    """Write a thinker's folder that `transformers` reads; tensors keep their type and bits.

    Raises:
        UsageError: the model's adapter pools as no Qwen2.5-Omni does (nano).
    """
    config = bundle.config
    if config.encoder.pool != 2 or config.encoder.pool_statistics != ("mean",):
        message = f"{bundle.name} pools {config.encoder.pool} positions into {'+'.join(config.encoder.pool_statistics)}"
        raise UsageError("convert.shape", message, "only models of the released shape have a transformers layout")
    tensors = {foreign_name(name): tensor.detach() for name, tensor in own_names(bundle.network).items()}
    width = config.decoder.hidden_size
    tensors[_UNUSED_TABLE] = torch.zeros(2, width, dtype=tensors["audio_tower.proj.weight"].dtype)
    write_folder(folder, tensors, _foreign_config(config, bundle.network), bundle.tokenizer)


def foreign_name(name: str) -> str:
    """`transformers`' name of one of our tensors, in a thinker."""
    owner, _, rest = name.partition(".")
    places = {"decoder": "model", "encoder": "audio_tower", "adapter": "audio_tower", "lm_head": "lm_head"}
    return f"{places[owner]}.{rest}"


def _foreign_config(config: ModelConfig, network: AudioInteractionModel) -> dict[str, Any]:
    decoder, encoder = config.decoder, config.encoder
    text = {name: getattr(decoder, name) for name in _SIZES} | {
        "model_type": "qwen2_5_omni_text",
        "head_dim": decoder.head_dim,
        "rms_norm_eps": decoder.rms_norm_eps,
        "rope_theta": decoder.rope_theta,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": decoder.rope_theta,
            "mrope_section": _sections(decoder),
        },
        "tie_word_embeddings": decoder.tie_word_embeddings,
        "max_position_embeddings": _TRAINED_POSITIONS,
    }
    audio = {
        **{name: getattr(encoder, name) for name in ("num_mel_bins", "d_model", "encoder_layers")},
        "encoder_attention_heads": encoder.encoder_attention_heads,
        "encoder_ffn_dim": encoder.encoder_ffn_dim,
        "output_dim": decoder.hidden_size,
        "n_window": 100,
        "model_type": "qwen2_5_omni_audio_encoder",
    }
    return {
        "architectures": ["Qwen2_5OmniThinkerForConditionalGeneration"],
        "model_type": THINKER,
        "torch_dtype": str(network.decoder.embed_tokens.weight.dtype).removeprefix("torch."),
        "tie_word_embeddings": decoder.tie_word_embeddings,
        "audio_token_index": config.control.offline_audio_pad,
        "audio_start_token_id": config.control.audio_begin,
        "audio_end_token_id": config.control.audio_end,
        "text_config": text,
        "audio_config": audio,
        "vision_config": _NO_VISION,
        OWN_KEY: config.to_dict(),
    }


def _sections(decoder: DecoderConfig) -> list[int]:
    """How their rotary angles are shared by time, height and width; for sound all three are the same."""
    pairs = decoder.head_dim // 2
    return [pairs - 2 * (3 * pairs // 8), 3 * pairs // 8, 3 * pairs // 8]
