"""Held equal to `transformers` at the same random weights: Qwen2.5-Omni's audio tower and Qwen2's decoder."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from soundflow.model.config import EncoderConfig, audio_interaction_3b
from soundflow.model.network import AudioInteractionModel

TOLERANCE = 1e-4  # float32, the bound

pytestmark = pytest.mark.slow  # importing transformers' models takes many seconds


def _network(chunk_seconds: float) -> AudioInteractionModel:
    """The published architecture at a small size, with random weights."""
    base = audio_interaction_3b()
    encoder = EncoderConfig(
        num_mel_bins=128, d_model=64, encoder_layers=3, encoder_attention_heads=4, encoder_ffn_dim=192
    )
    decoder = dataclasses.replace(
        base.decoder,
        vocab_size=211,
        hidden_size=48,
        num_hidden_layers=3,
        num_attention_heads=6,
        num_key_value_heads=2,
        head_dim=8,
        intermediate_size=96,
        position_dtype="exact",
    )
    torch.manual_seed(3)
    config = dataclasses.replace(base, encoder=encoder, decoder=decoder, chunk_seconds=chunk_seconds)
    network = AudioInteractionModel(config).eval().requires_grad_(False)
    for p in network.parameters():
        torch.nn.init.normal_(p, std=0.2 if p.dim() > 1 else 0.5)
    return network


@pytest.mark.parametrize("chunk_seconds", [0.2, 0.4, 0.8])
def test_encoder_and_adapter_equal_qwen25_omni(chunk_seconds: float) -> None:
    transformers = pytest.importorskip("transformers")
    omni = pytest.importorskip("transformers.models.qwen2_5_omni.modeling_qwen2_5_omni")
    network = _network(chunk_seconds)
    frames = round(chunk_seconds * 100)
    config = transformers.models.qwen2_5_omni.configuration_qwen2_5_omni.Qwen2_5OmniAudioEncoderConfig(
        num_mel_bins=128,
        d_model=64,
        encoder_layers=3,
        encoder_attention_heads=4,
        encoder_ffn_dim=192,
        output_dim=48,
        n_window=frames // 2,  # their window is twice this many frames: one of our chunks
    )
    config._attn_implementation = "eager"
    theirs = omni.Qwen2_5OmniAudioEncoder(config).eval()
    state = {**network.encoder.state_dict(), **network.adapter.state_dict()}
    missing = theirs.load_state_dict(state, strict=False)
    assert not missing.unexpected_keys
    assert all("positional" in k or "bos_eos" in k for k in missing.missing_keys)
    chunks = 3
    mel = torch.randn(128, chunks * frames, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        length = torch.tensor([mel.shape[1]])
        expected = theirs(mel, feature_lens=length, aftercnn_lens=(length - 1) // 2 + 1).last_hidden_state
    ours = network.encode(mel.view(128, chunks, frames).transpose(0, 1)).flatten(0, 1)
    torch.testing.assert_close(ours, expected, atol=TOLERANCE, rtol=0)


def test_decoder_equals_qwen2() -> None:
    transformers = pytest.importorskip("transformers")
    network = _network(0.4)
    d = network.config.decoder
    config = transformers.Qwen2Config(
        vocab_size=d.vocab_size,
        hidden_size=d.hidden_size,
        num_hidden_layers=d.num_hidden_layers,
        num_attention_heads=d.num_attention_heads,
        num_key_value_heads=d.num_key_value_heads,
        head_dim=d.head_dim,
        intermediate_size=d.intermediate_size,
        rms_norm_eps=d.rms_norm_eps,
        rope_parameters={"rope_type": "default", "rope_theta": d.rope_theta},
        tie_word_embeddings=False,
    )
    theirs = transformers.Qwen2ForCausalLM(config).eval()
    state = {f"model.{n}": t for n, t in network.decoder.state_dict().items()}
    theirs.load_state_dict({**state, "lm_head.weight": network.lm_head.weight})
    ids = torch.randint(0, d.vocab_size, (2, 37), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = theirs(ids).logits
    ours = network.logits(network(network.embed(ids)))
    torch.testing.assert_close(ours, expected, atol=TOLERANCE, rtol=0)
