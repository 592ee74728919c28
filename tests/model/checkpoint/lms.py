"""Tiny causal language models as folders in `transformers` layout, with a byte-level tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

TEXTS = ["The capital of France is Paris.", "A dog is barking. Glass broke nearby."]
SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 128,
}


def tokenizer() -> Tokenizer:
    """A byte-level BPE with one special token, which ends turns."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<|im_end|>"], initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(TEXTS, trainer)
    return made


def write_lm(folder: Path, transformers: Any, kind: str, **changes: Any) -> Any:
    """Write a tiny model with random weights; returns it."""
    pieces = tokenizer()
    config, model = {
        "llama": (transformers.LlamaConfig, transformers.LlamaForCausalLM),
        "qwen2": (transformers.Qwen2Config, transformers.Qwen2ForCausalLM),
        "mistral": (transformers.MistralConfig, transformers.MistralForCausalLM),
        "qwen3": (transformers.Qwen3Config, transformers.Qwen3ForCausalLM),
    }[kind]
    rows = pieces.get_vocab_size() + 7  # as Qwen's, the table has rows that no token uses
    torch.manual_seed(3)
    made = model(config(**{**SIZES, "vocab_size": rows, "eos_token_id": 0, **changes})).eval()
    for p in made.parameters():
        torch.nn.init.normal_(p, std=0.2)
    made.save_pretrained(folder)
    pieces.save(str(folder / "tokenizer.json"))
    return made
