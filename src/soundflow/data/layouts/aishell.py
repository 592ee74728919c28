"""AISHELL-1: `transcript/aishell_transcript_v0.8.txt` and `wav/{train,dev,test}/SPEAKER/*.wav`.

Only what has a transcript is a clip. Source: OpenSLR 33. Tests: tests/data/layouts/test_speech.py.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from soundflow.data.clips import Clip
from soundflow.data.layouts.layout import Layout, Rows, each, split_named
from soundflow.data.layouts.tables import text_lines

TRANSCRIPT = "transcript/aishell_transcript_v0.8.txt"
_SPEAKER = slice(6, 11)  # BAC009S0002W0122 was said by S0002


def recognises(folder: Path) -> bool:
    """Whether the transcript and the sounds are there."""
    return (folder / TRANSCRIPT).is_file() and (folder / "wav").is_dir()


def clips(folder: Path) -> Rows:
    """A clip a line of the transcript; its words are joined, as Mandarin is written."""
    splits = {path.name: path.parent.name for path in folder.glob("wav/*/S*")}
    return each(TRANSCRIPT, text_lines(folder / TRANSCRIPT), partial(_clip, splits=splits))


def _clip(line: str, splits: dict[str, str]) -> Clip:
    name, *words = line.split()
    speaker = name[_SPEAKER]
    if speaker not in splits:
        raise ValueError(f"there is no folder of the speaker {speaker}; unpack wav/*.tar.gz")
    return Clip(
        id=f"aishell/{name}",
        path=f"wav/{splits[speaker]}/{speaker}/{name}.wav",
        label="speech_zh",
        kind="speech",
        split=split_named(splits[speaker]),
        recording=f"aishell:{speaker}",
        group=f"aishell:{speaker}",
        licence="Apache-2.0",
        source="AISHELL-1",
        extra={"transcript": "".join(words), "language": "zh", "speaker": speaker},
    )


AISHELL = Layout("aishell", "AISHELL-1", "https://www.openslr.org/33/", recognises, clips)
