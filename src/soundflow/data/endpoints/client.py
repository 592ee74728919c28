"""One client for every endpoint, and one error for everything that goes wrong with it.

The `openai` client is used for all: it knows the compatible paths, and posts to the others as well. It tries once;
who asks decides whether to ask again. Tests: tests/data/endpoints/test_client.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from soundflow.data.endpoints.config import EndpointConfig, key_of
from soundflow.errors import OutsideError

if TYPE_CHECKING:
    import openai

# Another attempt would be answered alike, and so would the next thousand questions.
HOPELESS = ("endpoint.401", "endpoint.403", "endpoint.404")
MOST_BYTES = 64 * 2**20  # of one answer


def open_client(config: EndpointConfig, headers: Mapping[str, str] | None = None) -> openai.OpenAI:
    """A client of an endpoint.

    Args:
        headers: sent with every question, as for servers that want their key under another name.

    Raises:
        InputError: the key is not in the environment.
        OutsideError: the client `openai` is not installed.
    """
    key = key_of(config)
    try:
        import openai
    except ImportError as error:
        raise OutsideError("endpoint.no_client", "openai is not installed", "pip install 'soundflow[data]'") from error
    return openai.OpenAI(
        base_url=config.url,
        api_key=key,
        timeout=config.timeout_seconds,
        max_retries=0,
        default_headers=dict(headers or {}),
    )


@contextmanager
def asking(config: EndpointConfig) -> Iterator[None]:
    """Whatever the client raises inside becomes one error: its code says what happened.

    Raises:
        OutsideError: `endpoint.<status>`, `endpoint.timeout`, or `endpoint.broken` for half an answer or none.
    """
    import openai

    try:
        yield
    except openai.APIStatusError as error:
        hint = f"check the key in {config.key_env or 'key_env'}, the URL and the model" if _is_hopeless(error) else ""
        message = f"the endpoint {config.url} answered {error.status_code}"
        raise OutsideError(f"endpoint.{error.status_code}", message, hint) from error
    except openai.APITimeoutError as error:
        raise OutsideError("endpoint.timeout", f"no answer in {config.timeout_seconds:g} s") from error
    except (openai.OpenAIError, ValueError, AttributeError, IndexError, TypeError) as error:
        raise OutsideError("endpoint.broken", f"no whole answer: {type(error).__name__}: {error}") from error


def post_for_bytes(
    client: openai.OpenAI, config: EndpointConfig, path: str, body: Mapping[str, Any], query: Mapping[str, str]
) -> bytes:
    """Post JSON to a path and return the bytes of the answer.

    Raises:
        OutsideError: as `asking`; `endpoint.too_much` above 64 MiB.
    """
    import openai

    with asking(config):
        answer = client.post(
            path,
            cast_to=openai.HttpxBinaryResponseContent,
            body=dict(body),
            options={"params": dict(query), "headers": {"Accept": "application/octet-stream"}},
        )
        found = answer.content
    return bounded(found)


def bounded(found: bytes) -> bytes:
    """The bytes, unless they are too many.

    Raises:
        OutsideError: above 64 MiB (`endpoint.too_much`).
    """
    if len(found) > MOST_BYTES:
        raise OutsideError("endpoint.too_much", f"an answer of {len(found)} bytes, at most {MOST_BYTES} are taken")
    return found


def _is_hopeless(error: openai.APIStatusError) -> bool:
    return f"endpoint.{error.status_code}" in HOPELESS
