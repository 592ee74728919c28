"""What people say to each other and to no machine, to be spoken. Tests: tests/data/voices/test_instructions.py."""

from __future__ import annotations

from collections.abc import Iterator

from soundflow.data.tasks.subtasks.words import lines
from soundflow.data.voices.dialogues import Dialogue

LABEL = "speech_remark"  # one of its own: streams of `keep_silent` draw a label first


def spoken_remarks() -> Iterator[Dialogue]:
    """Each sentence of lines/remarks.json once, as `remarks/N`."""
    for language, texts in lines("remarks").items():
        for number, text in enumerate(texts):
            yield Dialogue(f"remarks/{number}", language, (text,), label=LABEL)
