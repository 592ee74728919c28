"""Rows of figures: by sub-task, capability and over all, with trivial answers, columns and material apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from soundflow.bench.capabilities.figures import beside_trivial, columns_of, commonest_answers, oracle_replies
from soundflow.bench.capabilities.items import Asked
from soundflow.bench.scoring import SpokenReply
from tests.bench.capabilities.streams import due, let_pass, references, speech, stream, words

COUNTING = stream(
    "event_counting", due(1, 2, "Siren number one."), due(5, 6, "Siren number two."), let_pass(9, 10), key="0"
)
SPOKEN = stream("event_counting", due(3, 4, "Siren number one."), instruction=None, spoken=True, key="1")
ALARM = stream("safety_alert", due(1, 2, "I hear a siren. Go."), let_pass(5, 6), instruction=None, key="2")
QUIET = stream("keep_silent", let_pass(1, 2), instruction=None, key="3")
SPEECH = stream("asr_mandarin", speech(1, 2, synthetic=True), turns=words(0, (2.0, "节奏")), key="4")
TRANSLATION = stream("s2tt_zh_en", due(1, 2, "again and again"), due(5, 6, "to benefit from", synthetic=True), key="5")
EVERYTHING = [COUNTING, SPOKEN, ALARM, QUIET, SPEECH, TRANSLATION]


def tables(streams: Sequence[Asked], replies: Sequence[Sequence[SpokenReply]] | None = None) -> dict[str, Any]:
    """The columns of what was heard, every reference where nothing else is given."""
    said = [references(one) for one in streams] if replies is None else replies
    return columns_of(beside_trivial(list(zip(streams, said, strict=True))))


def right(rows: dict[str, Any]) -> dict[str, float]:
    return {name: row["right"]["value"] for name, row in rows.items()}


def test_the_references_score_all_and_silence_only_where_it_is_due() -> None:
    best = tables(EVERYTHING)["all"]
    assert set(right(best["sub_tasks"]).values()) == {1.0} and best["all"]["answered"]["value"] == 1.0
    assert best["sub_tasks"]["asr_mandarin"]["wer"]["value"] == 0.0
    assert best["sub_tasks"]["s2tt_zh_en"]["bleu"] == 100.0
    silent = tables(EVERYTHING, [()] * len(EVERYTHING))["all"]
    assert right(silent["sub_tasks"]) == {name: float(name == "keep_silent") for name in silent["sub_tasks"]}
    assert silent["all"]["specificity"]["value"] == 1.0 and silent["all"]["answered"]["value"] == 0.0
    assert silent["sub_tasks"]["asr_mandarin"]["wer"]["value"] == 1.0
    assert best["all"]["trivial"]["always_silent"]["right"] == round(1 / best["all"]["items"], 4)


def test_capabilities_hold_their_sub_tasks() -> None:
    rows = tables(EVERYTHING)["all"]
    assert {name: row["items"] for name, row in rows["capabilities"].items()} == {
        "real_time_asr": 1,
        "streaming_translation": 2,
        "streaming_audio_understanding": 3,
        "proactive_respond": 2,
    }
    assert rows["all"]["items"] == 8 and rows["all"]["right_mean_of_sub_tasks"] == 1.0


def test_the_commonest_answer_is_said_at_the_right_moment() -> None:
    common = commonest_answers(EVERYTHING)
    assert common["event_counting"] == "Siren number one." and "keep_silent" not in common
    assert [reply.at for reply in oracle_replies(COUNTING, common)] == [2.0, pytest.approx(6.0)]
    row = tables(EVERYTHING)["all"]["sub_tasks"]["event_counting"]
    assert row["trivial"]["commonest"] == {"answered": 1.0, "right": round(2 / 3, 4), "final_count": 0.5}


def test_an_order_that_is_always_the_same_has_every_intent() -> None:
    orders = [
        f'{{"name": "order_drink", "arguments": {{"drink": "{drink}"}}}}' for drink in ("latte", "latte", "mocha")
    ]
    call = '{"name": "close_windows", "arguments": {"reason": "wind"}}'
    events = [due(1 + 4 * i, 2 + 4 * i, text, "speech_coffee_order") for i, text in enumerate(orders)]
    agent = stream("environment_aware_assistance", *events, due(14, 15, call, "wind"))
    trivial = tables([agent])["all"]["sub_tasks"]["environment_aware_assistance"]["trivial"]["commonest"]
    assert (trivial["orders_intent"], trivial["orders_slot_f1"], trivial["sounds_intent"]) == (1.0, 0.6667, 1.0)


def test_text_spoken_and_uninstructed_streams_stand_apart() -> None:
    columns = tables(EVERYTHING, [references(COUNTING), *([()] * 5)])
    assert list(columns) == ["all", "text", "spoken", "none"]
    assert right(columns["text"]["sub_tasks"])["event_counting"] == 1.0
    assert right(columns["spoken"]["sub_tasks"]) == {"event_counting": 0.0}
    assert set(columns["none"]["sub_tasks"]) == {"safety_alert", "keep_silent"}
    assert list(tables([ALARM])) == ["all", "none"]


def test_generated_and_recorded_material_stand_apart() -> None:
    rows = tables(EVERYTHING)["all"]["sub_tasks"]
    assert (rows["s2tt_zh_en"]["real"]["items"], rows["s2tt_zh_en"]["synthetic"]["items"]) == (1, 1)
    assert rows["asr_mandarin"]["material"] == "synthetic" and rows["event_counting"]["material"] == "real"


def test_no_bleu_over_two_languages() -> None:
    there = stream("s2tt_en_zh", due(1, 2, "一头熊"))
    rows = tables([TRANSLATION, there])["all"]
    assert "bleu" not in rows["all"] and "bleu" not in rows["capabilities"]["streaming_translation"]
    assert rows["sub_tasks"]["s2tt_en_zh"]["bleu"] == 100.0 == tables([there])["all"]["all"]["bleu"]


def test_everything_is_plain_json() -> None:
    assert json.loads(json.dumps(tables(EVERYTHING), allow_nan=False)) == tables(EVERYTHING)
