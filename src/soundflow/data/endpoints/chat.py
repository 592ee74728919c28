"""An OpenAI-compatible chat endpoint as a function from text to text, in JSON mode.

Source: paper, appendix "Streaming Data Construction": JSON-mode decoding at temperature 0.7.
Tests: tests/data/endpoints/test_chat.py.
"""

from __future__ import annotations

from soundflow.data.endpoints.asking import Ask
from soundflow.data.endpoints.client import asking, open_client
from soundflow.data.endpoints.config import EndpointConfig
from soundflow.errors import OutsideError

TEMPERATURE = 0.7  # paper, appendix
MOST_TOKENS = 2000  # of one answer


def ask_endpoint(config: EndpointConfig) -> Ask:
    """A function that asks once: (what the endpoint is, what is asked) to the text of its answer.

    Raises:
        InputError: the key is not in the environment.
        OutsideError: the client is not installed; asked, that no whole answer came.
    """
    client = open_client(config)

    def ask(system: str, user: str) -> str:
        with asking(config):
            answer = client.chat.completions.create(
                model=config.model,
                messages=[{"role": "system", "content": system}, {"role": "user", "content": user}],
                temperature=TEMPERATURE,
                max_tokens=MOST_TOKENS,
                response_format={"type": "json_object"},
            )
            choice = answer.choices[0]
            text = choice.message.content
            reason = choice.finish_reason
        if reason == "length" or not text:
            raise OutsideError("endpoint.cut", f"the answer was cut: {reason}")
        return text

    return ask
