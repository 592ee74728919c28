"""Keys come out of the environment, and out of nowhere else."""

from __future__ import annotations

import pytest

from soundflow.data.endpoints.config import NO_KEY, EndpointConfig, key_of
from soundflow.errors import InputError


def test_a_key_is_read_from_the_variable_the_recipe_names() -> None:
    config = EndpointConfig("http://somewhere/v1", "m", "MY_KEY")
    assert config.is_set and not EndpointConfig().is_set
    assert key_of(config, {"MY_KEY": " abc\n"}) == "abc"
    assert key_of(EndpointConfig("http://somewhere/v1"), {}) == NO_KEY


@pytest.mark.parametrize("environment", [{}, {"MY_KEY": " "}])
def test_a_missing_key_is_said_before_anything_is_asked(environment: dict[str, str]) -> None:
    with pytest.raises(InputError, match="MY_KEY is not set"):
        key_of(EndpointConfig("http://somewhere/v1", "m", "MY_KEY"), environment)
