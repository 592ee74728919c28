"""A speech endpoint as a voice: anything that speaks OpenAI's `audio/speech`, streamed as PCM.

Sends the reply's text. Needs `openai` of the extra `[serve]`. Tests: tests/serve/test_speech_endpoint.py.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import openai

from soundflow.audio.pcm import from_s16le
from soundflow.errors import OutsideError
from soundflow.serve.endpoints import Endpoint
from soundflow.serve.speech import Samples, Say

KEY_VARIABLE = "SOUNDFLOW_VOICE_KEY"  # where the command line takes the key from
RATE = 24_000  # Hz of the interface's `pcm`, signed 16 bit little-endian mono
TIMEOUT_SECONDS = 10.0  # for the next bytes of a sentence; chosen
_BLOCK_BYTES = 9_600  # 0.2 s; chosen
_MOST_BYTES = 60 * 2 * RATE  # of a sentence: a minute of sound, four times the longest; chosen


def endpoint_voice(endpoint: Endpoint, name: str = "alloy") -> Say:
    """A function that has an endpoint say a sentence, block by block; it tries once.

    Args:
        name: of the voice there.

    Raises (when it is used):
        OutsideError: no sound, or not all of it (`speech.endpoint`).
    """
    client = openai.OpenAI(
        base_url=endpoint.url, api_key=endpoint.key or "none", timeout=TIMEOUT_SECONDS, max_retries=0
    )

    def say(sentence: str) -> Generator[Samples, None, None]:
        try:
            with client.audio.speech.with_streaming_response.create(
                model=endpoint.model, voice=name, input=sentence, response_format="pcm"
            ) as answer:
                yield from _samples(answer)
        except GeneratorExit:
            raise
        except Exception as e:  # an endpoint that lies makes the client fail in ways it does not list
            # its kind only: clients of a server are told this, and where the voice comes from is not theirs to know
            raise OutsideError("speech.endpoint", f"the voice's endpoint failed: {type(e).__name__}") from e

    return say


def _samples(answer: Any) -> Generator[Samples, None, None]:
    kind = answer.headers.get("content-type", "")
    if kind.startswith(("text/", "application/json")):
        raise ValueError(f"no sound but {kind}")
    rest, length = b"", 0
    for block in answer.iter_bytes(_BLOCK_BYTES):
        length += len(block)
        if length > _MOST_BYTES:
            raise ValueError("a sentence of more than a minute")
        whole = rest + block
        cut = len(whole) - len(whole) % 2
        rest = whole[cut:]
        yield from_s16le(whole[:cut])
    if length == 0:
        raise ValueError("an empty answer")
