"""A whole recording through the stream's encoder: windows, pooling, and how many positions come out."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from soundflow.audio.log_mel import FrontEnd, log_mel
from soundflow.model.network import AudioInteractionModel, initialise
from soundflow.model.offline import recording_features, recording_slots, seconds_of
from soundflow.model.quantize import fused
from soundflow.model.tokens import own_control_tokens
from soundflow.testing.model import byte_tokenizer, small_config

CONFIG = small_config(byte_tokenizer().vocab_size, own_control_tokens())


@pytest.fixture(scope="module")
def network() -> AudioInteractionModel:
    """Pools pairs, as the release does; random weights."""
    made = AudioInteractionModel(CONFIG)
    initialise(made, torch.Generator().manual_seed(0))
    return made.eval().requires_grad_(False)


def noise(samples: int) -> torch.Tensor:
    return torch.randn(samples, generator=torch.Generator().manual_seed(samples)) * 0.1


@pytest.mark.parametrize(("mel_frames", "slots"), [(226, 56), (225, 56), (227, 57), (200, 50), (400, 100), (5, 1)])
def test_slots_are_counted_as_the_release_does(mel_frames: int, slots: int) -> None:
    assert recording_slots(mel_frames * 160, CONFIG) == slots == (-(-mel_frames // 2) - 2) // 2 + 1


@given(samples=st.integers(1, 100_000))
def test_as_many_rows_come_out_as_slots_were_counted(network: AudioInteractionModel, samples: int) -> None:
    rows = recording_features(network, noise(samples))
    assert rows.shape == (recording_slots(samples, CONFIG), CONFIG.decoder.hidden_size)
    assert recording_slots(samples, CONFIG) >= 1


def test_each_window_of_two_seconds_is_heard_alone(network: AudioInteractionModel) -> None:
    sound = noise(5 * 16_000)
    mel = log_mel(sound, FrontEnd(80, "clip"))
    alone = [network.adapter(network.encoder(mel[None, :, start : start + 200]))[0] for start in (0, 200, 400)]
    assert torch.allclose(recording_features(network, sound), torch.cat(alone), atol=1e-6)


def test_the_fused_network_hears_the_same(network: AudioInteractionModel) -> None:
    sound = noise(41_000)
    assert torch.allclose(recording_features(network, sound), recording_features(fused(network), sound), atol=1e-5)


def test_a_longer_window_continues_the_stored_position_table(network: AudioInteractionModel) -> None:
    mel = torch.randn(1, 80, 40, generator=torch.Generator().manual_seed(1))
    stored = network.encoder(mel)
    longer = AudioInteractionModel(dataclasses.replace(CONFIG, chunk_seconds=0.2))
    longer.load_state_dict(network.state_dict())
    assert torch.allclose(longer.encoder(mel), stored, atol=1e-6)


def test_seconds_of_slots() -> None:
    assert seconds_of(25, CONFIG) == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("mel_frames", [3, 40, 199, 200, 201, 226, 401, 1003])
def test_a_recording_sounds_as_to_transformers_qwen25_omni(network: AudioInteractionModel, mel_frames: int) -> None:
    transformers = pytest.importorskip("transformers")
    omni = pytest.importorskip("transformers.models.qwen2_5_omni.modeling_qwen2_5_omni")
    shape = CONFIG.encoder
    config = transformers.models.qwen2_5_omni.configuration_qwen2_5_omni.Qwen2_5OmniAudioEncoderConfig(
        num_mel_bins=shape.num_mel_bins,
        d_model=shape.d_model,
        encoder_layers=shape.encoder_layers,
        encoder_attention_heads=shape.encoder_attention_heads,
        encoder_ffn_dim=shape.encoder_ffn_dim,
        output_dim=CONFIG.decoder.hidden_size,
        n_window=100,
    )
    config._attn_implementation = "eager"
    theirs = omni.Qwen2_5OmniAudioEncoder(config).eval()
    theirs.load_state_dict({**network.encoder.state_dict(), **network.adapter.state_dict()}, strict=False)
    sound = noise(mel_frames * 160)
    length = torch.tensor([mel_frames])
    with torch.no_grad():
        mel = log_mel(sound, FrontEnd(80, "clip"))
        expected = theirs(mel, feature_lens=length, aftercnn_lens=(length - 1) // 2 + 1).last_hidden_state
    heard = recording_features(network, sound)
    assert heard.shape == expected.shape and torch.allclose(heard, expected, atol=1e-4)


def test_a_model_that_hears_chunks_hears_a_recording_as_it_hears_a_stream() -> None:
    network = AudioInteractionModel(dataclasses.replace(CONFIG, offline="chunks"))
    initialise(network, torch.Generator().manual_seed(0))
    sound = noise(3 * 6_400 + 100)
    heard = recording_features(network.eval().requires_grad_(False), sound)
    filled = torch.nn.functional.pad(sound, (0, 6_300))
    mel = log_mel(filled, network.config.front_end())
    alone = [network.adapter(network.encoder(mel[None, :, start : start + 40]))[0] for start in (0, 40, 80, 120)]
    assert torch.allclose(heard, torch.cat(alone), atol=1e-6)
    assert len(heard) == recording_slots(len(sound), network.config) == 4 * network.config.audio_positions
