"""OpenAI's own client hears a reply that somebody else worded and a voice says, over a real socket."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Generator
from typing import Any

import pytest

pytest.importorskip("openai", reason="openai is not installed")

from openai import AsyncOpenAI

from soundflow.serve.background import in_background
from soundflow.serve.limits import ServeLimits
from soundflow.serve.responder import Question, Writers
from soundflow.serve.reworded import rewording
from soundflow.serve.sessions import Stream
from soundflow.serve.speech import Voice
from soundflow.stream.engine import Engine
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle
from tests.serve.conftest import PATIENCE
from tests.serve.voices import BLOCK, RATE, ScriptedVoice

SOUND = base64.b64encode(bytes(2 * 9600)).decode()  # a chunk of silence: pcm16 at 24 kHz
FIRE = Script({2: ScriptedReply("Fire.", "urgent")})


def bigger_words(question: Question) -> Generator[str, None, None]:
    yield "There is fire. "
    yield f"Leave now, {question.hint}"


async def converse(url: str, session: dict[str, Any]) -> list[Any]:
    """What a session is told, up to the end of its first response."""
    client = AsyncOpenAI(api_key="none", websocket_base_url=url.replace("http", "ws") + "/v1")
    told: list[Any] = []
    async with client.realtime.connect(model="scripted") as connection:
        await connection.session.update(session={"type": "realtime", **session})  # type: ignore[arg-type]
        for _ in range(4):
            await connection.input_audio_buffer.append(audio=SOUND)
        async for event in connection:
            told.append(event)
            if event.type == "response.done":
                break
    await client.close()
    return told


def talk(session: dict[str, Any], write: Callable[[Question], Generator[str, None, None]] | None = None) -> list[Any]:
    """The same against a server with a voice, and with a writer if there is one."""
    bundle = scripted_bundle(FIRE)
    voice, writers = Voice(ScriptedVoice(), RATE), Writers(write or bigger_words)
    limits = ServeLimits(drain_seconds=2.0)
    with Engine(bundle) as engine:

        def opened(instruction: str | None, threshold: float | None, wake: Callable[[], None]) -> Stream:
            return engine.open(instruction, threshold, wake=wake)

        streams = opened if write is None else rewording(opened, writers)
        with in_background(engine, bundle, limits, open_stream=streams, voice=voice) as running:
            told = asyncio.run(asyncio.wait_for(converse(running.url, session), 3 * PATIENCE))
    voice.close()
    writers.close()
    return told


def test_the_reply_is_heard_and_its_transcript_read() -> None:
    told = talk({"output_modalities": ["audio"]})
    sound = b"".join(base64.b64decode(event.delta) for event in told if event.type == "response.output_audio.delta")
    assert len(sound) == 2 * BLOCK
    (transcript,) = (event.transcript for event in told if event.type == "response.output_audio_transcript.done")
    response = told[-1].response
    assert transcript == "Fire." and response.output_modalities == ["audio"] and response.status == "completed"
    assert response.output[0].content[0].transcript == "Fire."


def test_another_words_it() -> None:
    told = talk({"output_modalities": ["audio"]}, bigger_words)
    deltas = [event.delta for event in told if event.type == "response.output_audio_transcript.delta"]
    assert "".join(deltas) == "There is fire. Leave now, Fire."


def test_text_stays_possible() -> None:
    told = talk({}, bigger_words)
    (text,) = (event.text for event in told if event.type == "response.output_text.done")
    assert text == "There is fire. Leave now, Fire."
