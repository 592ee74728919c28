"""Which corpus the paper takes a sub-task's speech from; anything else stands in for it, and says so.

Source: paper, appendix "StreamAudio-2M Dataset Sources". Tests: tests/data/tasks/test_stand_ins.py.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

CORPORA: Mapping[str, str] = {
    "asr_read_speech_en": "LibriSpeech",
    "asr_in_the_wild_en": "GigaSpeech",
    "asr_parliament_en": "VoxPopuli",
    "asr_multilingual": "CommonVoice",
    "asr_mandarin": "AISHELL",
    "s2tt_en_zh": "CoVoST2",
    "s2tt_zh_en": "CoVoST2",
    "simultaneous_en_zh": "CoVoST2",
    "simultaneous_zh_en": "CoVoST2",
}


def stand_in_for(sub_task: str, sources: Collection[str]) -> str | None:
    """The corpus that a stream's speech stands in for; None where it comes from there, or the sub-task names none.

    Args:
        sources: of the stream's spoken clips.
    """
    corpus = CORPORA.get(sub_task)
    if corpus is None or (sources and all(_plain(corpus) in _plain(source) for source in sources)):
        return None
    return corpus


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
