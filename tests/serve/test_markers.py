"""No session sees another's data: each plays a tone of its own, and the model names the tone it hears."""

from __future__ import annotations

import asyncio
import base64
import re
from typing import Any, cast

import numpy as np
import pytest
from torch import Tensor

from soundflow.audio.pcm import to_s16le
from soundflow.model.bundle import Bundle
from soundflow.model.cache import RaggedCache
from soundflow.model.network import AudioInteractionModel
from soundflow.serve.limits import ServeLimits
from soundflow.testing.model import Script, ScriptedCache, ScriptedNetwork, scripted_bundle
from tests.serve.conftest import PATIENCE, Running, client, serving

SESSIONS, CHUNKS = 16, 12
RATE, CHUNK = 16_000, 6400
_TONE = 3  # the column of a hidden row that the scripted model leaves free


class NamingNetwork(ScriptedNetwork):
    """Speaks at every chunk and says which band of the spectrum was the loudest in the newest one."""

    def __init__(self, bundle: Bundle) -> None:
        speaks = Script(p_response={chunk: 0.9 for chunk in range(CHUNKS)})
        super().__init__(bundle.config, bundle.tokenizer, speaks)
        self._tokenizer = bundle.tokenizer
        self._tones: dict[int, float] = {}

    def encode(self, mel: Tensor) -> Tensor:
        rows = super().encode(mel)
        rows[..., _TONE] = mel.mean(2).argmax(1).float()[:, None]
        return rows

    def __call__(self, inputs_embeds: Tensor, cache: ScriptedCache | RaggedCache) -> Tensor:
        if isinstance(cache, RaggedCache):
            return super().__call__(inputs_embeds, cache)
        sound = inputs_embeds[0][inputs_embeds[0, :, 0] < 0]
        if len(sound):
            self._tones[id(cache)] = float(sound[-1, _TONE])
        hidden = super().__call__(inputs_embeds, cache)
        hidden[..., _TONE] = self._tones.get(id(cache), -1.0)
        return hidden

    def logits(self, hidden: Tensor) -> Tensor:
        out = super().logits(hidden)
        for row, (token, _, spoken, tone) in zip(out, hidden.int().tolist(), strict=True):
            if token != self.config.control.assistant:
                ids = list(self._tokenizer.encode(f"band {tone}."))
                row[:] = 0
                row[ids[spoken] if spoken < len(ids) else self.config.control.eos] = 20.0
        return out


def naming_bundle() -> Bundle:
    plain = scripted_bundle()
    return Bundle(cast(AudioInteractionModel, NamingNetwork(plain)), plain.tokenizer, plain.config, "naming")


def tone(number: int) -> str:
    """A chunk of a session's own tone, as the wire has it; the tones are a third of an octave apart."""
    hz = 120 * 2 ** (number / 3)
    wave = 0.3 * np.sin(2 * np.pi * hz * np.arange(CHUNK) / RATE)
    return base64.b64encode(to_s16le(wave.astype(np.float32))).decode()


async def listened(running: Running, number: int) -> tuple[set[str], str]:
    """What one session was told: its replies; and that everything about it bears its own name and instruction."""
    replies: set[str] = set()
    async with client(running) as found:
        own = found.created["session"]["id"].removeprefix("sess_")
        own_format = {"input": {"format": {"type": "audio/pcm", "rate": RATE}}}
        await found.send(type="session.update", session={"instructions": f"marker {number}", "audio": own_format})
        updated = await found.next("session.updated")
        assert updated["session"]["instructions"] == f"marker {number}"
        last = -1
        for chunk in range(CHUNKS):
            await found.send(type="input_audio_buffer.append", audio=tone(number))
            while last < chunk:
                event: dict[str, Any] = await found.next()
                assert own in event["event_id"] and all(own in event.get(k, own) for k in ("response_id", "item_id"))
                last = event["chunk"] if event["type"] in ("response.listen", "response.speak") else last
                if event["type"] == "response.output_text.done":
                    replies.add(event["text"])
        while True:  # the last reply
            event = await found.next()
            if event["type"] == "response.output_text.done":
                replies.add(event["text"])
            if event["type"] == "response.done":
                break
    return replies, own


@pytest.mark.slow
def test_under_load_each_session_hears_of_its_own_tone_only() -> None:
    async def scenario(running: Running) -> list[tuple[set[str], str]]:
        return await asyncio.gather(*(listened(running, number) for number in range(SESSIONS)))

    with serving(naming_bundle(), ServeLimits(sessions=SESSIONS, drain_seconds=2.0)) as running:
        told = asyncio.run(asyncio.wait_for(scenario(running), 5 * PATIENCE))
        assert running.engine.statistics.encoder_passes <= SESSIONS * CHUNKS
    assert all(len(replies) == 1 for replies, _ in told), "one tone each, and no other's"
    assert len({text for replies, _ in told for text in replies}) == SESSIONS
    assert all(re.fullmatch(r"band \d+\.", text) for replies, _ in told for text in replies)
