"""Speech that stands in for a corpus says so."""

from __future__ import annotations

import pytest

from soundflow.data.tasks.registry import SUB_TASKS
from soundflow.data.tasks.stand_ins import CORPORA, stand_in_for


@pytest.mark.parametrize(
    ("sub_task", "sources", "found"),
    [
        ("asr_parliament_en", ["Debian package asterisk-core-sounds-en-g722"], "VoxPopuli"),
        ("asr_parliament_en", ["VoxPopuli (en)"], None),
        ("asr_parliament_en", ["VoxPopuli", "kokoro-82m-int8"], "VoxPopuli"),
        ("asr_multilingual", ["Common Voice 17.0"], None),
        ("s2tt_en_zh", ["CoVoST 2"], None),
        ("s2tt_en_zh", [], "CoVoST2"),
        ("keep_silent", ["anything"], None),
    ],
)
def test_only_the_papers_own_corpus_is_itself(sub_task: str, sources: list[str], found: str | None) -> None:
    assert stand_in_for(sub_task, sources) == found


def test_corpora_belong_to_sub_tasks() -> None:
    assert set(CORPORA) < set(SUB_TASKS)
