"""An answer counts as learned if a stream of a corpus that was learned from calls for it, in whatever case."""

from __future__ import annotations

from pathlib import Path

from soundflow.bench.capabilities.learned import answers_in, learned_and_new
from soundflow.bench.capabilities.run import report
from tests.bench.capabilities.streams import due, references, speech, stream, words
from tests.train.corpora import write_corpus

NAMED = stream("event_narration", due(1, 2, "A siren wails."), due(5, 6, "A cow moos.", "cow"), key="000000000")
SAID = stream("asr_mandarin", speech(1, 3), turns=words(0, (2.0, "节"), (3.0, "奏")), key="000000001")
QUIET = stream("keep_silent", key="000000002")


def test_learned_answers_stand_beside_new_ones() -> None:
    heard = [(NAMED, references(NAMED)), (SAID, references(SAID)), (QUIET, ())]
    found = learned_and_new(report(heard).outcomes, {("a", "siren", "wails")})
    named = found["sub_tasks"]["event_narration"]
    assert (named["learned"]["items"], named["new"]["items"]) == (1, 1)
    assert found["sub_tasks"]["asr_mandarin"]["new"]["right"]["value"] == 1.0
    assert found["sub_tasks"]["asr_mandarin"]["learned"]["right"]["value"] is None
    assert found["capabilities"]["real_time_asr"] == found["sub_tasks"]["asr_mandarin"]
    assert (found["all"]["learned"]["items"], found["all"]["new"]["items"]) == (1, 2), "silence is no answer"
    assert "keep_silent" not in found["sub_tasks"]


def test_answers_are_what_a_corpus_calls_for(tmp_path: Path) -> None:
    told: list[float] = []
    found = answers_in([write_corpus(tmp_path / "corpus")], lambda _, seconds: told.append(seconds))
    assert found and all(word == word.lower() for answer in found for word in answer)
    assert len(told) == 8 and answers_in([]) == set()
