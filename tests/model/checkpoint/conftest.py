"""A tiny checkpoint in the released layout, with random weights: what the loaders are tried on without any kit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import save_file
from torch import Tensor

from soundflow.model.tokens import TextTokenizer

WIDTH, HEADS, GROUPS, HEAD, MLP, LAYERS, VOCAB = 8, 4, 2, 4, 12, 2, 151_936
AUDIO_WIDTH, AUDIO_LAYERS, AUDIO_FFN = 8, 2, 16
FIELDS = {
    "name": "tiny",
    "block_size": 4096,
    "n_layer": LAYERS,
    "n_embd": WIDTH,
    "vocab_size": 151_643,
    "padded_vocab_size": VOCAB,
    "norm_class_name": "RMSNorm",
    "norm_eps": 1e-6,
    "n_head": HEADS,
    "head_size": HEAD,
    "n_query_groups": GROUPS,
    "attn_bias": True,
    "rope_base": 1_000_000,
    "intermediate_size": MLP,
    "bias": False,
    "mlp_class_name": "LLaMAMLP",
}
AUDIO = {
    "num_mel_bins": 128,
    "d_model": AUDIO_WIDTH,
    "encoder_layers": AUDIO_LAYERS,
    "encoder_attention_heads": 2,
    "encoder_ffn_dim": AUDIO_FFN,
    "output_dim": WIDTH,
}


def decoder_tensors(generator: torch.Generator) -> dict[str, Tensor]:
    """Random decoder tensors under the released names."""

    def rand(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator) * 0.3

    packed = (HEADS + 2 * GROUPS) * HEAD
    tensors = {"lm_head.weight": rand(VOCAB, WIDTH), "transformer.wte.weight": rand(VOCAB, WIDTH)}
    for i in range(LAYERS):
        tensors |= {
            f"transformer.h.{i}.norm_1.weight": rand(WIDTH),
            f"transformer.h.{i}.attn.qkv.weight": rand(packed, WIDTH),
            f"transformer.h.{i}.attn.qkv.bias": rand(packed),
            f"transformer.h.{i}.attn.proj.weight": rand(WIDTH, HEADS * HEAD),
            f"transformer.h.{i}.norm_2.weight": rand(WIDTH),
            f"transformer.h.{i}.mlp.fc_1.weight": rand(MLP, WIDTH),
            f"transformer.h.{i}.mlp.fc_2.weight": rand(MLP, WIDTH),
            f"transformer.h.{i}.mlp.proj.weight": rand(WIDTH, MLP),
        }
    return {**tensors, "transformer.ln_f.weight": rand(WIDTH)}


def encoder_tensors(generator: torch.Generator) -> dict[str, Tensor]:
    """Random encoder tensors under the released names."""

    def rand(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator) * 0.3

    d = AUDIO_WIDTH
    tensors = {
        "conv1.weight": rand(d, 128, 3),
        "conv1.bias": rand(d),
        "conv2.weight": rand(d, d, 3),
        "conv2.bias": rand(d),
    }
    for i in range(AUDIO_LAYERS):
        at = f"layers.{i}"
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            tensors[f"{at}.self_attn.{name}.weight"] = rand(d, d)
            if name != "k_proj":
                tensors[f"{at}.self_attn.{name}.bias"] = rand(d)
        for name in ("self_attn_layer_norm", "final_layer_norm"):
            tensors |= {f"{at}.{name}.weight": rand(d), f"{at}.{name}.bias": rand(d)}
        tensors |= {f"{at}.fc1.weight": rand(AUDIO_FFN, d), f"{at}.fc1.bias": rand(AUDIO_FFN)}
        tensors |= {f"{at}.fc2.weight": rand(d, AUDIO_FFN), f"{at}.fc2.bias": rand(d)}
    tensors |= {"ln_post.weight": rand(d), "ln_post.bias": rand(d)}
    tensors |= {"proj.weight": rand(WIDTH, d), "proj.bias": rand(WIDTH)}
    return {**tensors, "audio_bos_eos_token.weight": rand(2, WIDTH)}


def write_released(folder: Path, decoder: dict[str, Tensor], encoder: dict[str, Tensor]) -> None:
    """Write a folder in the released layout, the decoder in two shards."""
    (folder / "qwen25OmniConfig").mkdir(parents=True)
    names = list(decoder)
    shards = {"model-00001-of-00002.safetensors": names[:2], "model-00002-of-00002.safetensors": names[2:]}
    for shard, held in shards.items():
        save_file({name: decoder[name] for name in held}, folder / shard)
    index = {"metadata": {}, "weight_map": {name: shard for shard, held in shards.items() for name in held}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "model_config.yaml").write_text(yaml.safe_dump(FIELDS))
    (folder / "qwen25OmniConfig" / "config.json").write_text(json.dumps({"thinker_config": {"audio_config": AUDIO}}))
    torch.save(encoder, folder / "audiointeraction_ChunkwisedEncoder.pth")
    TextTokenizer.train(["A dog is barking."], 300).save(folder / "tokenizer.json")


@pytest.fixture(scope="session")
def released_original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A released-layout folder nobody may change."""
    folder = tmp_path_factory.mktemp("released") / "tiny"
    generator = torch.Generator().manual_seed(0)
    write_released(folder, decoder_tensors(generator), encoder_tensors(generator))
    return folder


@pytest.fixture
def released(released_original: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(released_original, tmp_path / "tiny"))
