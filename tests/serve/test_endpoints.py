"""`openai:MODEL@URL`, taken apart."""

from __future__ import annotations

import pytest

from soundflow.errors import UsageError
from soundflow.serve.endpoints import Endpoint, read_endpoint


def test_model_names_may_hold_what_they_like() -> None:
    found = read_endpoint("openai:org/model:7b@v2@http://localhost:8000/v1/", "key")
    assert found == Endpoint("org/model:7b@v2", "http://localhost:8000/v1", "key")


def test_the_key_is_not_shown() -> None:
    assert "s3cret" not in repr(read_endpoint("openai:m@https://h/v1", "s3cret"))


@pytest.mark.parametrize(
    "text", ["", "openai:m", "m@http://h", "openai:@http://h", "openai:m@ftp://h", "openai:m@http:///v1"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no endpoint"):
        read_endpoint(text)
