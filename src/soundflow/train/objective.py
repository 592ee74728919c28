"""What one batch costs: front end, network, dual loss, and the hearing loss that helps the ears.

The hearing loss is ours: a linear head on the decoder's row at each decision names the sound of that chunk and says
whether it will be answered. It gives every chunk a dense target while responses are rare; the head is thrown away
after training (docs/decisions/0005). Tests: tests/train/test_objective.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundflow.audio.log_mel import chunked_log_mel
from soundflow.data.annotate import MASK
from soundflow.model.network import AudioInteractionModel, splice
from soundflow.train.batch import Batch
from soundflow.train.loss import DualLoss, dual_loss, supervised


@dataclass(frozen=True)
class ObjectiveConfig:
    """Weights of the losses and the noise put on features while training."""

    stream_weight: float = 1.0  # the paper's λ
    naming_weight: float = 0.5  # of naming the sound of each chunk; chosen on valid
    calls_weight: float = 0.5  # of saying whether it will be answered; chosen on valid
    feature_dropout: float = 0.25  # of pooled features, before they are projected
    hidden_dropout: float = 0.1  # of the decoder's last rows
    mel_mask_bands: int = 10  # most mel bands blanked at a time, twice a stream; 0 for none


@dataclass(frozen=True)
class Objective:
    """The losses of one batch and what is needed to look at decisions."""

    total: Tensor
    dual: DualLoss
    naming: Tensor
    calls: Tensor
    p_response: Tensor  # float32 [batch, chunks], teacher-forced


def mask_bands(mel: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Blank two random runs of mel bands a stream with the stream's mean value; [batch, chunks, bins, frames]."""
    if most == 0:
        return mel
    mel = mel.clone()
    bins = mel.shape[2]
    for stream in mel:
        for _ in range(2):
            width = int(torch.randint(0, most + 1, (), generator=generator))
            start = int(torch.randint(0, bins - width + 1, (), generator=generator))
            stream[:, start : start + width] = stream.mean()
    return mel


def encoded(
    model: AudioInteractionModel, batch: Batch, config: ObjectiveConfig, generator: torch.Generator | None
) -> Tensor:
    """Every real chunk of a batch through front end, encoder and pooling: [real chunks, positions, pooled width]."""
    mel = chunked_log_mel(batch.samples, model.config.front_end())
    if generator is not None:
        mel = mask_bands(mel, config.mel_mask_bands, generator)
    real = torch.arange(mel.shape[1]) < batch.chunks[:, None]  # [batch, chunks]
    return model.adapter.pooled(model.encoder(mel[real]))


def objective(
    model: AudioInteractionModel,
    hearing_head: nn.Linear,
    batch: Batch,
    pooled: Tensor,
    config: ObjectiveConfig,
    generator: torch.Generator | None,
) -> Objective:
    """Losses of one batch.

    Args:
        pooled: what `encoded` made of the same batch.
        generator: draws dropout; None (evaluation) leaves it out.
    """
    normed = _dropped(model.adapter.ln_post(pooled), config.feature_dropout, generator)
    features = model.adapter.proj(normed)  # [real chunks, positions, width]
    embeds = splice(model.embed(batch.input_ids), batch.is_audio, features.flatten(0, 1))
    hidden = _dropped(model(embeds), config.hidden_dropout, generator)  # [batch, positions, width]
    where = supervised(batch.y_stream, batch.y_lm)
    dual = dual_loss(model.logits(hidden.flatten(0, 1)[where.rows]), where, config.stream_weight)
    at_decision = hidden.gather(1, (batch.decision_at - 1).clamp(min=0)[..., None].expand(-1, -1, hidden.shape[-1]))
    guessed = hearing_head(at_decision).float()  # [batch, chunks, names + 1]
    naming = F.cross_entropy(guessed[..., :-1].flatten(0, 1), batch.heard.flatten(), ignore_index=MASK)
    known = batch.calls != MASK
    calls = F.binary_cross_entropy_with_logits(guessed[..., -1][known], batch.calls[known].float())
    control = model.config.control
    pair = model.logits(at_decision)[..., [control.silent, control.response]].float()
    return Objective(
        dual.total + config.naming_weight * naming + config.calls_weight * calls,
        dual,
        naming,
        calls,
        pair.softmax(-1)[..., 1].detach(),
    )


def _dropped(values: Tensor, share: float, generator: torch.Generator | None) -> Tensor:
    if generator is None or share == 0:
        return values
    kept = torch.empty(values.shape).bernoulli_(1 - share, generator=generator)
    return values * kept.to(values.dtype) / (1 - share)
