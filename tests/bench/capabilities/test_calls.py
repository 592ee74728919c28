"""Function calls: read as JSON, compared by name and slot."""

from __future__ import annotations

import pytest

from soundflow.bench.capabilities.calls import Call, read_call, slot_counts

LATTE = '{"name": "order_drink", "arguments": {"drink": "latte", "size": "large", "shots": 2}}'


def test_a_call_is_a_name_and_slots_without_case() -> None:
    call = read_call(LATTE.replace("latte", " Latte"))
    assert call == Call("order_drink", frozenset({("drink", "latte"), ("size", "large"), ("shots", "2")}))


@pytest.mark.parametrize("text", ["", "latte", "[1]", '{"name": 3}', '{"name": "x", "arguments": []}', LATTE[:-1]])
def test_what_is_no_call_is_none(text: str) -> None:
    assert read_call(text) is None


def test_slots_add_up_to_micro_f1() -> None:
    wanted, said = (
        read_call(LATTE),
        read_call('{"name": "order_drink", "arguments": {"drink": "latte", "size": "small"}}'),
    )
    assert wanted is not None
    assert slot_counts(wanted, said) == (2.0, 5.0)  # F1 = 2 · 1 / (3 + 2)
    assert slot_counts(wanted, wanted) == (6.0, 6.0) and slot_counts(wanted, None) == (0.0, 3.0)
