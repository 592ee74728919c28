"""Sizes by hand: what is counted is what is there."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.assemble import Placement, own_names
from soundflow.model.checkpoint.ours import load_folder, save_folder
from soundflow.model.config import audio_interaction_3b
from soundflow.model.network import count_parameters
from soundflow.model.sizing import fits, sizes_of
from soundflow.stream.session import Session


def test_parameters_are_those_of_the_network(small_bundle: Bundle) -> None:
    assert sizes_of(small_bundle.config).parameters == count_parameters(small_bundle.network)


def test_the_published_shape() -> None:
    sizes = sizes_of(audio_interaction_3b())
    assert sizes.decoder_parameters == pytest.approx(3.397e9, rel=0.001)  # the release's decoder files say so
    assert sizes.weight_bytes["float32"] == 4 * sizes.parameters
    # 36 layers of keys and values, 2 heads of 128, 13 positions each 0.4 s, 2 bytes
    assert sizes.kv_bytes_per_second["bfloat16"] == 36 * 2 * 2 * 128 * 2 * 13 / 0.4
    assert fits(sizes, 10 * 2**30)["int8"]
    assert not fits(sizes, 10 * 2**30)["float32"]


def test_in_bfloat16_encoder_and_adapter_stay_float32(small_bundle: Bundle, tmp_path: Path) -> None:
    save_folder(small_bundle, tmp_path)
    loaded = load_folder(tmp_path, Placement(torch.bfloat16))  # as `soundflow.load` places it
    held = sum(tensor.nbytes for tensor in own_names(loaded.network).values())
    assert sizes_of(small_bundle.config).weight_bytes["bfloat16"] == held


def test_a_sessions_cache_is_as_large_as_is_said(small_bundle: Bundle) -> None:
    cache = Session(small_bundle)._decoding._cache
    room = cache.capacity + 64 - len(small_bundle.grammar.prefix(None))  # the prefix is counted as 64 positions
    assert (
        sizes_of(small_bundle.config).window_bytes == (cache.keys.nbytes + cache.values.nbytes) // cache.capacity * room
    )


def test_stored_int8_weighs_what_is_said(small_bundle: Bundle, tmp_path: Path) -> None:
    save_folder(small_bundle, tmp_path)
    on_disk = (tmp_path / "model.safetensors").stat().st_size
    assert sizes_of(small_bundle.config).weight_bytes["float32"] == pytest.approx(on_disk, rel=0.05)
