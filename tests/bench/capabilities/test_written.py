"""Streams that are asked aloud, asked in words: the same items, judged in both ways."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from soundflow.bench.capabilities.items import Asked, asked
from soundflow.bench.capabilities.judging import judge
from soundflow.bench.capabilities.run import run_written
from soundflow.bench.capabilities.written import in_both_ways, in_words, ways
from soundflow.bench.scoring import SpokenReply
from soundflow.bench.systems import System
from soundflow.data.build.corpus import StoredStream, streams
from tests.bench.capabilities.streams import due, references, speech, stream, words
from tests.train.corpora import write_corpus

VOICE = dataclasses.replace(speech(0.5, 1.3), decision="ignore", content="Count the dogs.", label="speech_voice")
SPOKEN = stream("event_counting", VOICE, due(2.0, 2.4, "Dog number one."), instruction=None, spoken=True)


SOUND = np.repeat(np.arange(50, dtype=np.float32), 6400)  # every sample tells its chunk


def stored_of(made: Asked = SPOKEN) -> StoredStream:
    """A stream as it lies in a corpus, without its sound."""
    annotation = {"sub_task": made.sub_task, "spoken_instruction": made.column == "spoken"}
    return StoredStream(made.key, annotation, made.timeline, b"")


def test_the_voice_is_left_out_and_the_instruction_written() -> None:
    found = in_words(stored_of(), SOUND)
    assert found is not None
    written, samples = found
    assert (written.timeline.instruction, written.column, written.key) == ("Count the dogs.", "text", SPOKEN.key)
    assert samples[0] == 4 and len(samples) == 46 * 6400  # the voice ends in the fourth chunk
    assert [item.reference for item in written.items] == ["Dog number one."]
    assert in_words(stored_of(stream("event_counting", due(2.0, 2.4, "Dog number one."))), SOUND) is None
    mumbled = dataclasses.replace(VOICE, content=None)
    assert in_words(stored_of(stream("event_counting", mumbled, instruction=None, spoken=True)), SOUND) is None


def test_items_are_paired_by_what_they_are_about() -> None:
    found = in_words(stored_of(), SOUND)
    assert found is not None
    written = found[0]
    pairs = in_both_ways([judge(written, references(written))], [judge(SPOKEN, [])])
    assert [(pair.first.right, pair.second.right) for pair in pairs] == [(True, False)]
    assert ways(pairs)["all"]["difference"]["value"] == -1.0 and ways([]) == {}


def test_words_that_come_one_by_one_are_paired_too() -> None:
    line = dataclasses.replace(SPOKEN.timeline, events=(VOICE, speech(2.0, 3.0)), turns=tuple(words(1, (2.5, "one"))))
    aloud = asked("k", {"sub_task": "asr_read_speech_en", "spoken_instruction": True}, line)
    found = in_words(stored_of(aloud), SOUND)
    assert found is not None
    pairs = in_both_ways([judge(found[0], references(found[0]))], [judge(aloud, references(aloud))])
    assert [(pair.first.right, pair.second.right) for pair in pairs] == [(True, True)]


def test_a_stream_asked_aloud_is_heard_twice(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus", aloud=(0, 2))
    heard: list[tuple[int, str | None]] = []

    def hear(samples: np.ndarray[tuple[int], np.dtype[np.float32]], instruction: str | None) -> list[SpokenReply]:
        heard.append((len(samples), instruction))
        return []

    found = run_written(System("silent", hear), corpus)
    written = [(length, text) for length, text in heard if text == "Say what you hear."]
    lengths = [len(one.samples) for one in streams(corpus)]
    assert len(heard) == len(lengths) + 2 and [length for length, _ in written] == [
        lengths[0] - 6400,
        lengths[2] - 6400,
    ]
    assert found.ways["all"]["items"] == 2 and found.ways["all"]["text"]["value"] == 0.0
    assert found.to_dict()["ways"] == found.ways
