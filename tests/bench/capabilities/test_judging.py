"""Which reply answers what: in time, charged once, words to the utterance they were said in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.bench.capabilities.judging import charge_utterances, judge
from soundflow.bench.scorers.bleu import bleu
from soundflow.bench.scoring import SpokenReply
from tests.bench.capabilities.streams import due, let_pass, references, speech, stream, words

TWO = stream(
    "asr_read_speech_en",
    speech(1.0, 2.0),
    speech(3.0, 5.0),
    turns=[*words(0, (2.0, "nine")), *words(1, (3.9, "thank"), (4.9, "you"))],
)


def test_a_reply_in_time_with_the_right_words_is_right() -> None:
    asked = stream("event_counting", due(1, 2, "Siren number one."), due(6, 7, "Siren number two."), let_pass(10, 11))
    found = judge(asked, [SpokenReply(2.0, "Siren number one."), SpokenReply(8.8, "Siren number two.")])
    assert [one.right for one in found.items] == [True, False] and found.items[1].reply is None  # 0.2 s late
    assert found.stray == 1 and [event.right for event in found.ignored] == [True]


def test_the_last_count_of_a_stream_stands_for_the_whole() -> None:
    asked = stream("event_counting", due(1, 2, "Siren number one."), due(6, 7, "Siren number two."), let_pass(10, 11))
    for said, share in (("Two.", 1.0), ("Three.", 0.0)):
        found = judge(asked, [SpokenReply(7.2, said)])
        assert [one.figures.get("final_count") for one in found.items] == [None, (share, 1.0)]


def test_a_reply_where_none_is_due_costs_the_event_it_disturbs() -> None:
    found = judge(stream("event_counting", let_pass(4, 5)), [SpokenReply(4.8, "One.")])
    assert [event.right for event in found.ignored] == [False] and found.stray == 0


def test_silence_is_right_where_nothing_calls() -> None:
    quiet = stream("keep_silent", let_pass(4, 5), instruction=None)
    assert judge(quiet, ()).items[0].right
    disturbed = judge(quiet, [SpokenReply(15.0, "Hello.")])
    assert not disturbed.items[0].right and disturbed.items[0].reply == "Hello."


def test_words_go_to_the_utterance_they_were_said_in() -> None:
    late, first, second = SpokenReply(3.2, "nine"), SpokenReply(4.0, "thank"), SpokenReply(5.2, "you")
    assert charge_utterances(TWO, [late, first, second]) == {0: [0], 1: [1, 2]}
    found = judge(TWO, [late, first, second])
    assert [one.right for one in found.items] == [True, True] and found.word_errors == (0.0, 3.0)
    assert found.items[0].figures["keyword_accuracy"] == (1.0, 1.0)


def test_words_said_at_no_utterance_are_errors_and_stray() -> None:
    found = judge(TWO, [SpokenReply(2.0, "nine"), SpokenReply(12.0, "hello")])
    assert found.word_errors == (2.0, 3.0) and found.stray == 1  # "thank you" became "hello"


def test_digits_of_two_utterances_are_no_number() -> None:
    turns = [*words(0, (2.0, "nine")), *words(1, (6.0, "four"))]
    asked = stream("asr_read_speech_en", speech(1, 2), speech(5, 6), turns=turns)
    assert judge(asked, references(asked)).word_errors == (0.0, 2.0)
    assert judge(asked, [SpokenReply(2.0, "nine"), SpokenReply(6.0, "five")]).word_errors == (1.0, 2.0)


def test_an_alarm_between_words_takes_the_reply_that_names_it() -> None:
    alarm = due(2.4, 3.4, "I hear a siren. Get out.", cue=3.4)
    asked = stream("asr_read_speech_en", speech(1, 2), alarm, turns=words(0, (2.0, "nine")), mix_ins=["proactive"])
    found = judge(asked, [SpokenReply(2.8, "nine"), SpokenReply(3.2, "I hear a siren. Get out.")])
    assert [one.right for one in found.items] == [True, True] and found.word_errors == (0.0, 1.0)


def test_translations_are_compared_one_by_one_or_joined() -> None:
    each = stream("s2tt_en_zh", due(1, 2, "一头熊"), due(5, 6, "一只蜜蜂"))
    found = judge(each, references(each))
    assert bleu(found.bleu, effective_order=True) == pytest.approx(100.0) and all(one.right for one in found.items)
    pieces = words(0, (2.0, "大家早上好，"), (4.0, "感谢各位今天到来。"))
    whole = stream("simultaneous_en_zh", speech(1, 4), turns=pieces)
    found = judge(whole, references(whole))
    assert bleu(found.bleu) == pytest.approx(100.0) and found.items[0].right
    assert judge(whole, ()).bleu.reference_words == found.bleu.reference_words


@given(st.lists(st.floats(0, 20), max_size=12))
def test_no_reply_is_counted_twice(times: list[float]) -> None:
    replies = [SpokenReply(at, "nine") for at in times]
    turns = [*words(0, (2.0, "nine")), *words(2, (5.9, "five"))]
    asked = stream("asr_in_the_wild_en", speech(1, 2), let_pass(3, 4), speech(5, 6), turns=turns)
    charged = [k for ks in charge_utterances(asked, replies).values() for k in ks]
    found = judge(asked, replies)
    disturbed = sum(not event.right for event in found.ignored)
    assert len(charged) == len(set(charged)) and len(charged) + found.stray + disturbed <= len(replies)
