"""The same items in both layouts: shares right, their difference, and what a sub-task counts beside."""

from __future__ import annotations

import json

from soundflow.bench.capabilities.judging import judge
from soundflow.bench.capabilities.layouts import in_both, layouts
from tests.bench.capabilities.streams import due, references, stream

LATTE = '{"name": "order_drink", "arguments": {"drink": "latte"}}'
ORDERS = stream("environment_aware_assistance", due(1, 2, LATTE), due(5, 6, LATTE))
CHOICE = stream("audio_qa_choice", due(5, 6, "B) a siren."))


def test_layouts_are_compared_on_the_same_items() -> None:
    judged = [judge(ORDERS, references(ORDERS)[:1]), judge(CHOICE, references(CHOICE))]
    found = layouts(in_both(judged, [{0: LATTE, 1: LATTE}, {0: "A)"}]))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    orders, choice = found["sub_tasks"]["environment_aware_assistance"], found["sub_tasks"]["audio_qa_choice"]
    assert (orders["items"], orders["streaming"]["value"], orders["offline"]["value"]) == (2, 0.5, 1.0)
    assert orders["difference"]["value"] == 0.5 and choice["difference"]["value"] == -1.0
    assert orders["figures"]["orders_slot_f1"]["offline"]["value"] == 1.0
    assert found["all"]["items"] == 3 and found["all"]["difference"]["value"] == 0.0


def test_no_answer_is_wrong_and_nothing_asked_is_no_table() -> None:
    pairs = in_both([judge(CHOICE, references(CHOICE))], [{0: ""}])
    assert pairs[0].second.reply is None and not pairs[0].second.right
    assert layouts(in_both([judge(CHOICE, ())], [{}])) == {}
