"""An encoder and a language model become one: text as before, sound in its slots, a folder that can be trained."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.causal_lm import read_causal_lm
from soundflow.model.checkpoint.join import encoder_shape, extended, grown, join
from soundflow.model.checkpoint.ours import load_folder, save_folder
from soundflow.model.encoder import AudioEncoder
from soundflow.stream.session import Session
from tests.model.checkpoint.lms import TEXTS, tokenizer, write_lm

ENCODER = encoder_shape(
    {
        "conv1.weight": torch.zeros(128, 80, 3),
        "layers.0.fc1.weight": torch.zeros(96, 128),
        "layers.1.fc1.weight": torch.zeros(96, 128),
    }
)
KINDS = [("llama", {"tie_word_embeddings": True}), ("qwen2", {}), ("mistral", {"sliding_window": None})]


def encoder_tensors() -> dict[str, torch.Tensor]:
    torch.manual_seed(5)
    return AudioEncoder(ENCODER, 40).state_dict()


@pytest.fixture(params=KINDS, ids=[kind for kind, _ in KINDS])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[object, Bundle]:
    """Their model and ours out of it."""
    transformers = pytest.importorskip("transformers")
    kind, changes = request.param
    theirs = write_lm(tmp_path / "lm", transformers, kind, **changes)
    return theirs, join("mine", encoder_tensors(), read_causal_lm(str(tmp_path / "lm")))


def test_what_it_says_of_text_is_unchanged(pair: tuple[object, Bundle]) -> None:
    theirs, ours = pair
    for text in TEXTS:
        ids = torch.tensor([tokenizer().encode(text).ids])
        with torch.no_grad():
            wanted = theirs(ids).logits[0]  # type: ignore[operator]
            found = ours.network.logits(ours.network(ours.network.embed(ids)))[0]
        assert ours.tokenizer.encode(text) == ids[0].tolist()
        known = tokenizer().get_vocab_size()
        assert torch.allclose(found[:, :known], wanted[:, :known], atol=1e-4)


def test_it_listens_and_comes_back_from_its_folder(pair: tuple[object, Bundle], tmp_path: Path) -> None:
    _, ours = pair
    save_folder(ours, tmp_path / "out")
    again = load_folder(tmp_path / "out")
    assert again.config == ours.config and again.config.audio_positions == 10
    assert torch.equal(again.network.adapter.proj.weight, ours.network.adapter.proj.weight)
    with Session(again) as session:
        events = [*session.feed(torch.zeros(12_800).numpy()), *session.end()]
    assert sum(event.type == "decision" for event in events) == 2


def test_control_tokens_are_new_ids_and_no_text() -> None:
    longer, control = extended(tokenizer(), 0)
    assert control.eos == 0 and len(control.ids) == 20
    assert control.ids - {0} == set(range(tokenizer().get_vocab_size(), longer.get_vocab_size()))
    own = dataclasses.replace(control, eos=extended(tokenizer(), None)[1].eos)
    assert own.eos not in (0, None)


def test_new_rows_are_the_mean_of_the_old() -> None:
    table = torch.tensor([[1.0, 0.0], [3.0, 2.0], [9.0, 9.0]])
    longer = grown(table, 5, [2, 3, 4])  # the third row was there and unused
    assert torch.equal(longer[:2], table[:2])
    assert torch.allclose(longer[2:], table.mean(0).expand(3, -1))


def test_what_is_no_encoder_is_refused() -> None:
    with pytest.raises(InputError, match="no Whisper encoder"):
        encoder_shape({"conv1.weight": torch.zeros(4, 4, 3)})


def test_the_pool_must_divide_a_chunk(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    write_lm(tmp_path, transformers, "llama")
    with pytest.raises(InputError, match="audio positions"):
        join("mine", encoder_tensors(), read_causal_lm(str(tmp_path)), pool=3)
