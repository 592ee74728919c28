"""A chat endpoint that writes replies: anything that speaks OpenAI's chat completions, streamed.

Sends an instruction and texts, never sound. Needs `openai` of the extra `[serve]`.
Tests: tests/serve/test_responder_chat.py.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator

import openai

from soundflow.errors import OutsideError
from soundflow.serve.chat_stream import pieces_of
from soundflow.serve.endpoints import Endpoint
from soundflow.serve.responder import Question, ResponderLimits, Write
from soundflow.stream.clock import Clock, WallClock

KEY_VARIABLE = "SOUNDFLOW_RESPONDER_KEY"  # where the command line takes the key from
_MOST_TOKENS = 300  # of an answer: above `ResponderLimits.characters`; chosen
_SYSTEM = (
    "You are the voice of a device that listens to the sounds of a home or a street and speaks up by itself. A small "
    "model has just decided to speak. You get, as JSON, what it was asked to listen for (null: whatever needs "
    "attention), what it would say itself, its tone, the second of the recording, and what was said before. Write what "
    "is said instead: one or two short spoken sentences in plain words, in the language of its own reply. Name the "
    "sound it names and no other; you have not heard it. Do not repeat what was said before. No markup, no quotes."
)


def chat_writer(endpoint: Endpoint, limits: ResponderLimits | None = None, clock: Clock | None = None) -> Write:
    """A function that asks an endpoint for a reply, piece by piece; it tries once.

    Raises (when it is used):
        OutsideError: no whole answer (`responder.endpoint`).
    """
    waits, time = limits or ResponderLimits(), clock or WallClock()
    client = openai.OpenAI(
        base_url=endpoint.url, api_key=endpoint.key or "none", timeout=waits.first_text_seconds, max_retries=0
    )

    def write(question: Question) -> Generator[str, None, None]:
        until = time.now() + waits.whole_seconds
        try:
            with client.chat.completions.with_streaming_response.create(
                model=endpoint.model,
                messages=[{"role": "system", "content": _SYSTEM}, {"role": "user", "content": _asked(question)}],
                max_tokens=_MOST_TOKENS,
                stream=True,
            ) as answer:
                yield from pieces_of(_until(until, answer.iter_bytes(), time))
        except GeneratorExit:
            raise
        except Exception as e:  # an endpoint that lies makes the client fail in ways it does not list
            raise OutsideError("responder.endpoint", f"no whole answer: {type(e).__name__}: {e}") from e

    return write


def _until(moment: float, blocks: Iterable[bytes], clock: Clock) -> Iterator[bytes]:
    """What comes until a moment: the client's own time-out begins anew with each byte, and so is no bound."""
    for block in blocks:
        if clock.now() >= moment:
            raise TimeoutError("it took too long")
        yield block


def _asked(question: Question) -> str:
    """The question as JSON: what was said stays data, whatever it says."""
    fields = {
        "asked_to": question.instruction,
        "own_reply": question.hint,
        "tone": question.emotion,
        "second": round(question.at, 1),
        "said_before": list(question.said),
    }
    return json.dumps(fields, ensure_ascii=False)
