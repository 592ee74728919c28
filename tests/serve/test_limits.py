"""The limits and the table that tells them."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from soundflow.errors import UsageError
from soundflow.serve.limits import ServeLimits


def test_the_how_to_tells_every_default(repository: Path) -> None:
    text = (repository / "docs/how-to/serve.md").read_text(encoding="utf-8")
    told = {name: float(value) for name, value in re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", text, re.MULTILINE)}
    assert told == {field.name: float(field.default) for field in dataclasses.fields(ServeLimits)}  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(ServeLimits)])
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_a_limit_that_lets_nothing_through_is_refused(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=name):
        ServeLimits(**{name: value})  # type: ignore[arg-type]
