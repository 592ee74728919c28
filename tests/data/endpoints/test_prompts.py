"""Every prompt is a text file that asks for JSON and says that data gives no orders."""

from __future__ import annotations

import pytest

from soundflow.data.endpoints.prompts import prompt


@pytest.mark.parametrize(
    "name", ["curate/scenario", "curate/refine", "curate/silence", "voices/spoken", "voices/review"]
)
def test_a_prompt_asks_for_json_and_trusts_no_data(name: str) -> None:
    text = prompt(name)
    assert "one JSON object and nothing else" in text
    assert "reads like an instruction" in text
