"""The network as it learns: a packed batch in, its share of the paper's loss out; what a stage trains and what not.

One module with one `forward`, because DDP, FSDP and ZeRO look at nothing else. Knows nothing of processes, files or
steps. Tests: tests/train/test_learner.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from soundflow.audio.log_mel import chunked_log_mel
from soundflow.model.network import AudioInteractionModel, splice
from soundflow.train.document import Document, Samples
from soundflow.train.hearing import Names, hearing_loss
from soundflow.train.lora import add_low_rank
from soundflow.train.loss import dual_loss, supervised
from soundflow.train.packing import Packed, SideBySide
from soundflow.train.stages import Stage

LOSSES = ("lm", "stream", "hearing", "asked")  # text, control and what is named: a sum and a count of each in `sums`


class Costs(NamedTuple):
    """What a batch costs.

    `total` is (Σ text + λ Σ control + hearing weight · Σ hearing + asked weight · Σ asked) / denominator.
    """

    total: Tensor
    lm_sum: Tensor  # of the losses at text positions
    lm_count: Tensor
    stream_sum: Tensor  # of the losses at control positions, without λ
    stream_count: Tensor
    hearing_sum: Tensor  # of the losses of naming what is heard, without `hearing_weight`
    hearing_count: Tensor  # their weights' sum: chunks to be named, and a share of the quiet ones
    asked_sum: Tensor  # of the losses of naming what was asked, without `asked_weight`
    asked_count: Tensor  # their weights' sum
    p_response: Tensor  # float32 [chunks], teacher-forced, of every chunk in the row

    @property
    def sums(self) -> tuple[Tensor, ...]:
        """Sum and count of each of LOSSES, for reports."""
        text, control = (self.lm_sum, self.lm_count), (self.stream_sum, self.stream_count)
        return (*text, *control, self.hearing_sum, self.hearing_count, self.asked_sum, self.asked_count)


def mean_losses(sums: Sequence[float]) -> dict[str, float]:
    """Each of LOSSES a position, out of `Costs.sums` added up; 0 where there was nothing to learn."""
    pairs = zip(LOSSES, sums[::2], sums[1::2], strict=True)
    return {name: total / max(1.0, count) for name, total, count in pairs}


class Learner(nn.Module):
    """A network and a stage: which of its weights learn, and the forward pass they learn from."""

    _new_ids: Tensor  # bool [vocabulary], True at control tokens

    def __init__(self, network: AudioInteractionModel, stage: Stage) -> None:
        super().__init__()
        self.network = network
        self.stage = stage
        choose_weights(network, stage)
        new_ids = torch.zeros(network.config.decoder.vocab_size, dtype=torch.bool)
        new_ids[sorted(network.config.control.ids)] = True
        self.register_buffer("_new_ids", new_ids, persistent=False)
        self.hearing = _before_naming(network, stage)  # thrown away with the learner, and so is the next
        self.asked = _unchanged(network) if stage.asked_weight else None
        if stage.checkpointing:
            for layer in network.decoder.layers:
                recompute(layer)

    @property
    def encoder_learns(self) -> bool:
        """Whether log-mel must go through the encoder in every pass; else its features can be made beforehand."""
        return "encoder" in self.stage.trains

    def forward(self, batch: Packed, denominator: Tensor) -> Costs:
        """Losses of one packed row.

        Args:
            denominator: supervised positions of the whole step, over all passes and processes (ruling 5).
        """
        network, config = self.network, self.network.config
        device = batch.input_ids.device
        with torch.autocast(device.type, torch.bfloat16, enabled=self.stage.bfloat16):
            pooled = network.adapter.pooled(network.encoder(batch.sound)) if self.encoder_learns else batch.sound
            features = network.adapter.proj(self._dropped(network.adapter.ln_post(pooled))).flatten(0, 1)
            embeds = splice(self._embedded(batch.input_ids), batch.is_audio, features)
            hidden = network(embeds, SideBySide(batch.lengths, config.decoder, device))[0]  # [positions, width]
            where = supervised(batch.y_stream, batch.y_lm)
            logits = network.logits(hidden[where.rows])
            hearing_sum = self._named(self.hearing, hidden, batch.heard)
            asked_sum = self._named(self.asked, hidden, batch.asked)
        dual = dual_loss(logits, where, self.stage.stream_weight, denominator)
        stream_count = where.is_stream.sum()
        lm_count = where.is_stream.numel() - stream_count
        named = self.stage.hearing_weight * hearing_sum + self.stage.asked_weight * asked_sum
        return Costs(
            total=dual.total + named / denominator,
            lm_sum=(dual.lm * lm_count).detach(),
            lm_count=lm_count,
            stream_sum=(dual.stream * stream_count).detach(),
            stream_count=stream_count,
            hearing_sum=hearing_sum.detach(),
            hearing_count=batch.heard.weights.sum(),
            asked_sum=asked_sum.detach(),
            asked_count=batch.asked.weights.sum(),
            p_response=self._p_response(hidden.detach(), batch.decision_at),
        )

    def _dropped(self, features: Tensor) -> Tensor:
        """Features with some of their numbers at 0 while something is learned, so that no few of them are relied on."""
        return F.dropout(features, self.stage.feature_dropout, training=torch.is_grad_enabled())

    def _embedded(self, ids: Tensor) -> Tensor:
        """Rows of the table; where only the control tokens' rows learn, no gradient reaches the others."""
        rows = self.network.embed(ids)
        if "lm" in self.stage.trains and not self.stage.lora_rank:
            return rows
        return torch.where(self._new_ids[ids].unsqueeze(-1), rows, rows.detach())

    def _named(self, before: nn.Module | None, hidden: Tensor, names: Names) -> Tensor:
        """What it costs rows to name something through the head, behind a module of their own; 0 without one."""
        if before is None:
            return hidden.new_zeros(())
        rows, places = names.rows.unique(return_inverse=True)
        logits = F.linear(before(hidden[rows]), self.network.lm_head.weight)
        return hearing_loss(logits, places, names.ids, names.weights)

    def _p_response(self, hidden: Tensor, decision_at: Tensor) -> Tensor:
        """p(response) against silence (docs/decisions/0007), read where a session reads it."""
        control = self.network.config.control
        pair = self.network.lm_head.weight[[control.silent, control.response]].detach()
        return F.linear(hidden[decision_at - 1].float(), pair.float()).softmax(-1)[:, 1]


def _before_naming(network: AudioInteractionModel, stage: Stage) -> nn.Module | None:
    """What a row goes through before the head names what is heard; None where nothing is to be named.

    Where a stage does nothing but listen there is nothing to keep apart, and the head itself learns the names.
    """
    if not stage.hearing_weight:
        return None
    return nn.Identity() if stage.form == "listening" else _unchanged(network)


def _unchanged(network: AudioInteractionModel) -> nn.Linear:
    """A square matrix that changes nothing yet: a row that names something need not say what to do about it."""
    layer = nn.Linear(network.config.decoder.hidden_size, network.config.decoder.hidden_size)
    nn.init.eye_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def choose_weights(network: AudioInteractionModel, stage: Stage) -> None:
    """Let exactly those weights learn that a stage trains; low-rank matrices are added where it asks for them."""
    network.requires_grad_(False)
    parts: list[nn.Module] = []
    if "encoder" in stage.trains:
        parts.append(network.encoder)
    if "adapter" in stage.trains:
        parts.append(network.adapter)
    if "lm" in stage.trains and not stage.lora_rank:
        parts += [network.decoder, network.lm_head]
    if "head" in stage.trains:
        parts += [network.decoder.embed_tokens, network.lm_head]
    for part in parts:
        part.requires_grad_(True)
    if stage.lora_rank:
        add_low_rank(network.decoder, stage.lora_rank, stage.seed)


def recompute(layer: nn.Module) -> None:
    """Make a layer forget what it computed and compute it again on the way back (gradient checkpointing)."""
    forward = layer.forward

    def again(*values: object) -> Tensor:
        return checkpoint(forward, *values, use_reentrant=False)  # type: ignore[no-any-return]

    layer.forward = again  # an instance's own: hooks and names stay as they are


def log_mels(network: AudioInteractionModel, documents: Sequence[Document]) -> Tensor:
    """Log-mel of streams, each alone, one behind the other: float32 [chunks, bins, frames]."""
    return torch.cat([log_mel_chunks(network, document.samples) for document in documents])


def log_mel_chunks(network: AudioInteractionModel, samples: Samples) -> Tensor:
    """Log-mel of sound in whole chunks, float32 [n] at 16 kHz: float32 [chunks, bins, frames]."""
    return chunked_log_mel(torch.from_numpy(samples), network.config.front_end())


@torch.no_grad()
def pooled_features(network: AudioInteractionModel, mel: Tensor, bfloat16: bool) -> Tensor:
    """What an encoder that stands still hears: [chunks, positions, pooled width], before the adapter's own weights."""
    device = network.encoder.positions.device
    with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
        return network.adapter.pooled(network.encoder(mel.to(device)))


def optimizer_of(learner: nn.Module, stage: Stage) -> torch.optim.AdamW:
    """AdamW as in the paper; vectors do not decay, nor a table of which only some rows learn.

    Source: paper, table of configurations (0.9, 0.95, 1e-8; decay 0.01).
    """
    learning = [(name, p) for name, p in learner.named_parameters() if p.requires_grad]
    whole_table = "lm" in stage.trains and not stage.lora_rank

    def decays(name: str, p: Tensor) -> bool:
        return p.dim() > 1 and (whole_table or "embed_tokens" not in name)

    def group(of_encoder: bool, decaying: bool) -> dict[str, Any]:
        members = [p for n, p in learning if (".encoder." in n) is of_encoder and decays(n, p) is decaying]
        share = stage.encoder_rate if of_encoder else 1.0
        return {"params": members, "weight_decay": stage.weight_decay if decaying else 0.0, "rate_share": share}

    groups = [group(of_encoder, decaying) for of_encoder in (False, True) for decaying in (True, False)]
    held = [group for group in groups if group["params"]]
    return torch.optim.AdamW(held, lr=stage.learning_rate, betas=(0.9, 0.95), eps=1e-8)
