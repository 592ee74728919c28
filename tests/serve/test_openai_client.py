"""OpenAI's own client talks to the server as to theirs: a recording is sent, the model speaks up by itself."""

from __future__ import annotations

import asyncio
import base64

import numpy as np
import pytest
import soxr
from openai import AsyncOpenAI

from soundflow.api import open_source
from soundflow.audio.pcm import to_s16le
from soundflow.model.bundle import Bundle
from tests.serve.conftest import PATIENCE, serving

BLOCK = 9600  # bytes: 0.2 s of pcm16 at 24 kHz

REPLY = [
    "response.speak",
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
]


@pytest.mark.slow
def test_a_recording_is_heard_and_answered_once(nano: Bundle) -> None:
    kitchen = np.concatenate(list(open_source("kitchen", 6400)))
    pcm = to_s16le(soxr.resample(kitchen, 16_000, 24_000))
    listened, told, spoken = asyncio.run(asyncio.wait_for(_converse(nano, pcm), 3 * PATIENCE))
    assert told[:2] == ["session.created", "session.updated"]
    assert list(dict.fromkeys(told[2:])) == [*REPLY, "soundflow.end"]
    assert len(spoken) == 1 and "glass" in spoken[0]
    assert listened > 0  # chunks that wait while it speaks are decided together: how many depends on the machine


async def _converse(nano: Bundle, pcm: bytes) -> tuple[int, list[str], list[str]]:
    """Silent decisions, types of all other events, and what the finished responses said."""
    told: list[str] = []
    spoken: list[str] = []
    listened = 0
    with serving(nano) as running:
        openai = AsyncOpenAI(api_key="none", websocket_base_url=running.ws)
        async with openai.realtime.connect(model="nano") as connection:
            settings = {"type": "realtime", "output_modalities": ["text"], "soundflow": {"events": True}}
            await connection.session.update(session=settings)  # type: ignore[arg-type]
            for start in range(0, len(pcm), BLOCK):
                await connection.input_audio_buffer.append(audio=base64.b64encode(pcm[start : start + BLOCK]).decode())
            await connection.send({"type": "soundflow.end"})  # type: ignore[arg-type]
            async for event in connection:
                kind = str(event.type)
                listened += kind == "response.listen"
                if kind == "response.listen":
                    continue
                told.append(kind)
                if event.type == "response.output_text.done":
                    spoken.append(event.text)
                if kind == "soundflow.end":
                    break
        await openai.close()
    return listened, told, spoken
