"""A second, independent client: pipecat's OpenAI Realtime service in a pipeline, with a recording for a microphone.

pipecat is no dependency of ours, not even in [dev] (it pins what we do not): `pip install 'pipecat-ai[openai]'` beside.
"""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
import soxr

from soundflow.api import open_source
from soundflow.audio.pcm import to_s16le
from soundflow.model.bundle import Bundle
from tests.serve.conftest import PATIENCE, serving

RATE = 24_000  # Hz, of pipecat's frames
BLOCK = RATE // 50 * 2  # bytes: 20 ms of pcm16, as its transports give


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_pipecat_hears_what_the_model_says(nano: Bundle) -> None:
    pytest.importorskip("pipecat", reason="pipecat-ai is not installed")
    kitchen = np.concatenate(list(open_source("kitchen", 6400)))
    pcm = to_s16le(soxr.resample(kitchen, 16_000, RATE))
    with serving(nano) as running:
        text, frames = asyncio.run(asyncio.wait_for(_pipeline(f"{running.ws}/realtime", pcm), 3 * PATIENCE))
        assert running.figure('soundflow_decisions_total{decision="response"}') == 1
    assert "glass" in text
    assert frames.index("LLMFullResponseStartFrame") < frames.index("LLMTextFrame")
    assert frames[-1] == "LLMFullResponseEndFrame" and "ErrorFrame" not in frames


async def _pipeline(url: str, pcm: bytes) -> tuple[str, list[str]]:
    """What came out behind the service: the text, and the types of the frames of its replies."""
    from pipecat.frames.frames import EndFrame, InputAudioRawFrame
    from pipecat.pipeline.pipeline import Pipeline
    from pipecat.pipeline.runner import PipelineRunner
    from pipecat.pipeline.task import PipelineParams, PipelineTask
    from pipecat.processors.frame_processor import FrameProcessor
    from pipecat.services.openai.realtime.events import SessionProperties
    from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

    told: list[Any] = []
    over = asyncio.Event()

    class Ear(FrameProcessor):  # type: ignore[misc]
        """Stands behind the service and notes what it says."""

        async def process_frame(self, frame: Any, direction: Any) -> None:
            await super().process_frame(frame, direction)
            if type(frame).__name__ in ("LLMFullResponseStartFrame", "LLMTextFrame", "LLMFullResponseEndFrame"):
                told.append(frame)
            if type(frame).__name__ in ("LLMFullResponseEndFrame", "ErrorFrame"):
                over.set()
            await self.push_frame(frame, direction)

    settings = OpenAIRealtimeLLMService.Settings(
        model="nano", session_properties=SessionProperties(output_modalities=["text"])
    )
    service = OpenAIRealtimeLLMService(api_key="none", base_url=url, settings=settings)
    task = PipelineTask(Pipeline([service, Ear()]), params=PipelineParams(audio_in_sample_rate=RATE))
    running = asyncio.create_task(PipelineRunner(handle_sigint=False).run(task))
    for start in range(0, len(pcm), BLOCK):
        await task.queue_frame(InputAudioRawFrame(pcm[start : start + BLOCK], RATE, 1))
    await over.wait()
    await task.queue_frame(EndFrame())
    await running
    return "".join(getattr(frame, "text", "") for frame in told), [type(frame).__name__ for frame in told]
