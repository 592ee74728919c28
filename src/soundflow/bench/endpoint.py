"""Questions to an HTTP endpoint, each asked once: answers are kept in a folder, and read from there ever after.

Knows nothing of what is asked. The key is sent and never written. Tests: tests/bench/test_endpoint.py.
"""

from __future__ import annotations

import hashlib
import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soundflow.bench.rows import write_text
from soundflow.errors import OutsideError, UsageError

KEY_VARIABLE = "SOUNDFLOW_ENDPOINT_KEY"  # where the command line takes the key from; changes no result
TIMEOUT_SECONDS = 120.0  # of one call; chosen
MOST_BYTES = 16 * 2**20  # of one answer; chosen, far above any verdict or list of embeddings

Send = Callable[[str, bytes, Mapping[str, str]], bytes]  # url, body, headers → the answer's body


@dataclass(frozen=True)
class Endpoint:
    """An address such as `http://localhost:8000/v1`, its key, and the folder where answers are kept."""

    url: str
    cache: Path | None = None
    key: str = ""

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise UsageError("endpoint.url", f"{self.url!r} is no address", "write http://HOST:PORT/v1")


def ask(endpoint: Endpoint, path: str, body: Mapping[str, Any], send: Send | None = None) -> Any:
    """Post one JSON body and return the JSON answer, from the cache when it was asked before.

    Args:
        path: appended to the endpoint's address, such as `/rerank`.
        send: how bytes are exchanged; None opens a connection.

    Raises:
        OutsideError: no connection, a refusal, or an answer that is no JSON.
    """
    request = json.dumps(body, ensure_ascii=False, sort_keys=True)
    kept = _kept(endpoint, path, request)
    if kept is not None and (found := _read(kept)) is not None:
        return found["answer"]
    headers = {"Content-Type": "application/json"} | (
        {"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
    )
    raw = (send or _post)(endpoint.url.rstrip("/") + path, request.encode(), headers)
    try:
        answer = json.loads(raw)
    except ValueError as error:
        raise OutsideError(
            "endpoint.json", f"{endpoint.url}{path} answered with no JSON", "check the address"
        ) from error
    if kept is not None:
        entry = {"url": endpoint.url, "path": path, "request": body, "answer": answer}
        write_text(kept, json.dumps(entry, ensure_ascii=False, sort_keys=True))
    return answer


def key_from_environment() -> str:
    """The key the user has set, or none."""
    return os.environ.get(KEY_VARIABLE, "")


def _kept(endpoint: Endpoint, path: str, request: str) -> Path | None:
    if endpoint.cache is None:
        return None
    name = hashlib.sha256("\n".join((endpoint.url, path, request)).encode()).hexdigest()
    return endpoint.cache / name[:2] / f"{name}.json"


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "answer" in found else None


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            found: bytes = response.read(MOST_BYTES + 1)
    except urllib.error.HTTPError as error:
        hint = f"check the address, the model's name and {KEY_VARIABLE}"
        raise OutsideError("endpoint.refused", f"{url} answered {error.code} {error.reason}", hint) from error
    except (OSError, ValueError) as error:
        raise OutsideError("endpoint.away", f"{url} cannot be reached: {error}", "is it running?") from error
    if len(found) > MOST_BYTES:
        raise OutsideError("endpoint.size", f"{url} sent more than {MOST_BYTES} bytes", "check the address")
    return found
