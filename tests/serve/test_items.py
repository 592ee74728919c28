"""Items by id: the oldest go, only replies are played, and a client's are read with care."""

from __future__ import annotations

from typing import Any

import pytest

from soundflow.errors import InputError
from soundflow.serve.items import Items, item_object, read_item

TEXT = {"type": "input_text", "text": "Tell me when it rains."}
SOUND = {"type": "input_audio", "audio": "AAAA"}


def test_the_oldest_are_forgotten() -> None:
    items = Items(most=2)
    for name in "abc":
        items.add(name)
    assert "a" not in items and "b" in items and items.newest == "c"


def test_a_reply_is_known_by_its_number() -> None:
    items = Items(most=2)
    items.add("heard")
    items.add("said", 7)
    assert items.reply({"item_id": "said"}, "") == ("said", 7)
    with pytest.raises(InputError, match="heard is no reply") as refused:
        items.reply({"item_id": "heard"}, "only replies are played")
    assert refused.value.code == "realtime.item_role"
    assert items.delete({"item_id": "said"}) == "said" and items.newest == "heard"


@pytest.mark.parametrize("item_id", [None, 3, [], "gone"])
def test_what_nobody_knows_cannot_be_named(item_id: Any) -> None:
    with pytest.raises(InputError) as refused:
        Items(most=2).named({"item_id": item_id})
    assert refused.value.code == "item_not_found"


def test_a_clients_item_is_told_back_without_its_sound() -> None:
    found = read_item({"type": "message", "id": "mine", "content": [TEXT, SOUND]}, Items(2))
    told = item_object("mine", found.shown, found.role)
    assert told["content"] == [TEXT, {"type": "input_audio"}] and told["role"] == "user"


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (None, "realtime.item"),
        ({"type": "message"}, "realtime.item"),
        ({"type": "function_call", "content": []}, "realtime.item"),
        ({"type": "message", "content": [], "id": "taken"}, "realtime.item_id"),
        ({"type": "message", "content": [], "id": "x" * 65}, "realtime.item_id"),
        ({"type": "message", "content": [], "id": 3}, "realtime.item_id"),
        ({"type": "message", "content": ["text"]}, "realtime.content"),
        ({"type": "message", "content": [{"type": "input_text", "text": 3}]}, "realtime.content"),
    ],
)
def test_what_is_no_item_is_refused(item: Any, code: str) -> None:
    known = Items(2)
    known.add("taken")
    with pytest.raises(InputError) as refused:
        read_item(item, known)
    assert refused.value.code == code
