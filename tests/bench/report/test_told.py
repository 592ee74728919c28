"""What a result does not say: a dash at any depth, and no number."""

from __future__ import annotations

from soundflow.bench.report.told import UNTOLD, is_number, told


def test_what_is_there_stays() -> None:
    result = {"a": {"b": [{"c": 1.5}]}, "d": None}
    assert told(result) == result and told(result)["a"]["b"][0]["c"] == 1.5 and told(result)["d"] is None


def test_what_is_not_there_is_a_dash_at_any_depth() -> None:
    found = told({"a": {}})["a"]["b"]["c"]
    assert f"{found}, {found:.2f}" == "–, –" and not found and list(found.items()) == []
    assert told({}).get("a") is None, "asked for by `get`, it is absent"


def test_only_numbers_are_drawn() -> None:
    assert is_number(1) and is_number(0.5) and not any(map(is_number, (UNTOLD, None, True, "1")))
