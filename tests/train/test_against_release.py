"""The release's own losses and gradients: its training lines through our documents, network and dual loss."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from soundflow.api import load
from soundflow.audio.decode import read_audio
from soundflow.audio.log_mel import FrontEnd, log_mel
from soundflow.data.annotate import MASK, AnnotatedStream, annotate
from soundflow.data.offline import annotate_offline
from soundflow.data.release_streams import chunks_of, record_timeline, stream_wave
from soundflow.model.bundle import Bundle
from soundflow.model.network import splice
from soundflow.model.offline import recording_features
from soundflow.train.loss import DualLoss, dual_loss, supervised

pytestmark = pytest.mark.slow
LOSS = 1e-5  # relative; the kit's own tolerances
LOGITS = 2e-4
FEATURES = 1e-4
Learned = tuple[AnnotatedStream, Tensor]  # tokens, and the features of their audio slots [slots, width]


@pytest.fixture(scope="module")
def bundle(release_kit: Path) -> Bundle:
    """The kit's tiny model in float32; its decoder learns, its encoder does not."""
    bundle = load(release_kit, arithmetic="float32", device="cpu").bundle
    bundle.network.decoder.requires_grad_(True)
    bundle.network.lm_head.requires_grad_(True)
    return bundle


@pytest.fixture(scope="module")
def kit(shared_dir: Path) -> Path:
    return shared_dir / "compat"


def golden(kit: Path, name: str) -> Any:
    return json.loads((kit / "golden" / name).read_text())


def online(kit: Path, bundle: Bundle, number: int) -> Learned:
    """A stream out of its record: tokens, and what the whole wave sounds like, chunk by chunk."""
    timeline = record_timeline(golden(kit, "train.json")["samples"][number]["pipeline"])
    wave = stream_wave(timeline, lambda path: read_audio(kit / path)).astype(np.float32) / 32768
    mel = log_mel(torch.from_numpy(wave), FrontEnd(128, "clip"))
    chunks = mel.unflatten(1, (-1, 40)).transpose(0, 1)
    responses = [(chunk, reply) for chunk, reply, _ in timeline.responses]
    return annotate(None, chunks_of(timeline), responses, bundle.grammar), bundle.network.encode(chunks).flatten(0, 1)


def offline(kit: Path, bundle: Bundle, number: int) -> Learned:
    sample = golden(kit, "offline.json")[number]
    features = torch.zeros(0, 64)
    if sample["audio"]:
        features = recording_features(bundle.network, torch.from_numpy(read_audio(kit / "audio" / sample["audio"])))
    return annotate_offline(sample["user"], len(features), sample["assistant"], bundle.grammar), features


def hidden_of(bundle: Bundle, learned: list[Learned]) -> Tensor:
    """Hidden rows of streams padded to one length, [streams, positions, width]."""
    most = max(len(stream.input_ids) for stream, _ in learned)
    pad = bundle.config.control.audio_pad
    ids = torch.tensor([[*s.input_ids, *[pad] * (most - len(s.input_ids))] for s, _ in learned])
    slots = torch.tensor([[*s.is_audio, *[False] * (most - len(s.is_audio))] for s, _ in learned])
    features = torch.cat([features[: int(s.is_audio.sum())] for s, features in learned])
    return bundle.network(splice(bundle.network.embed(ids), slots, features))  # type: ignore[no-any-return]


def loss_of(bundle: Bundle, learned: list[Learned], hidden: Tensor) -> DualLoss:
    most = hidden.shape[1]
    y_stream, y_lm = (
        torch.tensor([[*getattr(s, name), *[MASK] * (most - len(s.input_ids))] for s, _ in learned])
        for name in ("y_stream", "y_lm")
    )
    where = supervised(y_stream, y_lm)
    return dual_loss(bundle.network.logits(hidden.flatten(0, 1)[where.rows]), where)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_an_online_streams_features_logits_and_losses(kit: Path, bundle: Bundle, number: int) -> None:
    wanted, stored = golden(kit, "train.json")["samples"][number], np.load(kit / "golden/train.npz")
    stream, features = online(kit, bundle, number)
    assert np.abs(features.detach().numpy() - stored[f"feat_{number}"]).max() < FEATURES
    with torch.no_grad():
        hidden = hidden_of(bundle, [(stream, features)])
        own = torch.from_numpy((stream.y_stream != MASK) | (stream.y_lm != MASK))
        rows = hidden[0][own][:40] @ bundle.network.lm_head.weight[torch.from_numpy(stored["sub_ids"])].T
        loss = loss_of(bundle, [(stream, features)], hidden)
    assert np.abs(rows.numpy() - stored[f"sub_logits_{number}"]).max() < LOGITS
    decisions = int((stream.y_stream != MASK).sum())
    assert (loss.positions, decisions) == (wanted["n_labels"], wanted["n_decisions"])
    assert float(loss.total) == pytest.approx(wanted["loss"], rel=LOSS)
    assert float(loss.stream) * decisions == pytest.approx(wanted["loss_sum_decisions"], rel=LOSS)
    assert float(loss.lm) * (loss.positions - decisions) == pytest.approx(wanted["loss_sum_rest"], rel=LOSS)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_an_offline_samples_loss(kit: Path, bundle: Bundle, number: int) -> None:
    learned = [offline(kit, bundle, number)]
    with torch.no_grad():
        loss = loss_of(bundle, learned, hidden_of(bundle, learned))
    assert float(loss.total) == pytest.approx(golden(kit, "offline.json")[number]["loss"], rel=LOSS)


@pytest.mark.parametrize("length", [640, 300])
def test_a_batchs_loss_and_gradients(kit: Path, bundle: Bundle, length: int) -> None:
    wanted = golden(kit, "train_batch.json")["results"][str(length)]
    learned = [cut(*online(kit, bundle, 0), length), cut(*offline(kit, bundle, 0), length)]
    bundle.network.zero_grad(set_to_none=True)
    loss = loss_of(bundle, learned, hidden_of(bundle, learned))
    loss.total.backward()
    assert loss.positions == wanted["n_labels"]
    assert float(loss.total.detach()) == pytest.approx(wanted["loss"], rel=LOSS)
    for name, norm in wanted["grad_l2"].items():
        assert gradient_norm(bundle, name) == pytest.approx(norm, rel=LOSS), name
    bundle.network.zero_grad(set_to_none=True)


def cut(stream: AnnotatedStream, features: Tensor, length: int) -> Learned:
    ids, y_stream, y_lm, is_audio = stream.input_ids, stream.y_stream, stream.y_lm, stream.is_audio
    rows = AnnotatedStream(ids[:length], y_stream[:length], y_lm[:length], is_audio[:length], stream.decision_at)
    return rows, features


RELEASED = {
    "lm_head.weight": ["lm_head"],
    "transformer.wte.weight": ["decoder.embed_tokens"],
    "transformer.ln_f.weight": ["decoder.norm"],
    "norm_1": ["input_layernorm"],
    "norm_2": ["post_attention_layernorm"],
    "attn.qkv": ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
    "attn.proj": ["self_attn.o_proj"],
    "mlp.fc_1": ["mlp.gate_proj"],
    "mlp.fc_2": ["mlp.up_proj"],
    "mlp.proj": ["mlp.down_proj"],
}


def gradient_norm(bundle: Bundle, released: str) -> float:
    """L2 norm of the gradient of a released tensor, which may be several of ours stacked."""
    kind = released.rpartition(".")[2]
    if released in RELEASED:
        names = [f"{ours}.{kind}" for ours in RELEASED[released]]
    else:
        _, _, layer, *middle, _ = released.split(".")
        names = [f"decoder.layers.{layer}.{ours}.{kind}" for ours in RELEASED[".".join(middle)]]
    gradients = [bundle.network.get_parameter(name).grad for name in names]
    return float(torch.cat([g.flatten() for g in gradients if g is not None]).double().norm())
