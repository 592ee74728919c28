"""Endpoints as a user writes them: `openai:MODEL@URL`. Tests: tests/serve/test_endpoints.py."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from soundflow.errors import UsageError


@dataclass(frozen=True)
class Endpoint:
    """A model at an address that speaks OpenAI's HTTP interface; the key is sent and never shown."""

    model: str
    url: str
    key: str = field(default="", repr=False)


def read_endpoint(text: str, key: str = "") -> Endpoint:
    """`openai:MODEL@URL`, such as `openai:qwen3@http://localhost:8000/v1`.

    Raises:
        UsageError: something else (`endpoint.form`).
    """
    found = re.fullmatch(r"openai:(.+)@(https?://\S+)", text)
    try:
        if found is None or not urlsplit(found[2]).hostname:
            raise ValueError
    except ValueError as e:
        hint = "write openai:MODEL@http://HOST:PORT/v1"
        raise UsageError("endpoint.form", f"no endpoint: {text[:80]!r}", hint) from e
    return Endpoint(found[1], found[2].rstrip("/"), key)
