"""Where an endpoint is and under which name its key lies. Tests: tests/data/endpoints/test_config.py."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from soundflow.errors import InputError

TIMEOUT_SECONDS = 60.0  # of one answer; chosen
NO_KEY = "none"  # what is sent to a server that wants no key


@dataclass(frozen=True)
class EndpointConfig:
    """An HTTP endpoint; one without a URL is not used.

    `key_env` is the name of the environment variable that holds the key: a key stands in no file of ours.
    """

    url: str = ""
    model: str = ""
    key_env: str = ""
    timeout_seconds: float = TIMEOUT_SECONDS

    @property
    def is_set(self) -> bool:
        """Whether there is such an endpoint."""
        return bool(self.url)


def key_of(config: EndpointConfig, environment: Mapping[str, str] | None = None) -> str:
    """The endpoint's key out of the environment; a placeholder where it wants none.

    Raises:
        InputError: the variable is not set (`endpoint.key`).
    """
    if not config.key_env:
        return NO_KEY
    key = (os.environ if environment is None else environment).get(config.key_env, "").strip()
    if not key:
        hint = f"export {config.key_env}=..., or take key_env out of the recipe"
        raise InputError("endpoint.key", f"the environment variable {config.key_env} is not set", hint)
    return key
