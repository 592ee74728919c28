"""Shapes as values."""

from __future__ import annotations

import dataclasses
import json

import pytest

from soundflow.errors import InputError
from soundflow.model.config import ModelConfig, audio_interaction_3b, nano
from soundflow.model.tokens import own_control_tokens


@pytest.mark.parametrize("config", [nano(300, own_control_tokens()), audio_interaction_3b()])
def test_a_config_survives_json(config: ModelConfig) -> None:
    assert ModelConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_audio_positions_of_a_chunk() -> None:
    assert audio_interaction_3b().audio_positions == 10  # the release: 40 ms each
    assert nano(300, own_control_tokens()).audio_positions == 2


@pytest.mark.parametrize("seconds", [0.2, 0.4, 0.6, 0.8])
def test_chunk_length_is_a_config_value(seconds: float) -> None:
    config = dataclasses.replace(audio_interaction_3b(), chunk_seconds=seconds)
    assert config.audio_positions == round(seconds * 25)


@pytest.mark.parametrize("seconds", [0.1, 1.0, 0.41])
def test_an_impossible_chunk_is_refused(seconds: float) -> None:
    with pytest.raises(InputError, match="audio positions"):
        dataclasses.replace(audio_interaction_3b(), chunk_seconds=seconds)


def test_recordings_in_windows_cannot_be_laid_out_as_streams() -> None:
    with pytest.raises(InputError, match="windows of 2 s are no chunks — use recording 'whole'"):
        dataclasses.replace(audio_interaction_3b(), recording="stream")
    assert dataclasses.replace(nano(300, own_control_tokens()), recording="stream").recording == "stream"


def test_an_unknown_key_names_the_nearest() -> None:
    values = nano(300, own_control_tokens()).to_dict()
    values["chunk_second"] = 0.4
    with pytest.raises(InputError, match="chunk_seconds"):
        ModelConfig.from_dict(values)
