"""GigaSpeech: `GigaSpeech.json` and long recordings, of which each segment is a clip.

Punctuation is written as tags (`<COMMA>`), which become signs again; segments that hold only noise are passed over.
Source: SpeechColab/GigaSpeech. Tests: tests/data/layouts/test_speech.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from soundflow.data.clips import Clip
from soundflow.data.layouts.layout import Fault, Layout, Rows, each
from soundflow.data.layouts.tables import json_array

TABLE = "GigaSpeech.json"
SIGNS = {" <COMMA>": ",", " <PERIOD>": ".", " <QUESTIONMARK>": "?", " <EXCLAMATIONPOINT>": "!"}
GARBAGE = frozenset(("<SIL>", "<MUSIC>", "<NOISE>", "<OTHER>"))
SUBSETS = {"{DEV}": "valid", "{TEST}": "test"}  # every other subset trains
LICENCE = "GigaSpeech-NC (its own terms: research, no commerce)"


def recognises(folder: Path) -> bool:
    """Whether the table is there."""
    return (folder / TABLE).is_file()


def clips(folder: Path) -> Rows:
    """A clip a segment."""
    for number, audio in json_array(folder / TABLE, "audios"):
        if not isinstance(audio, dict) or not isinstance(audio.get("segments"), list) or "path" not in audio:
            yield Fault(f"{TABLE}, recording {number}", "it has no path or no segments")
            continue
        yield from each(f"{TABLE}, recording {number}", _segments(audio), _clip)


def spelled(text: str) -> str:
    """A transcript in lower case with its punctuation as signs; empty when it holds only noise.

    Example:
        `HELLO <COMMA> THERE <PERIOD>` becomes `hello, there.`
    """
    if text.strip() in GARBAGE:
        return ""
    for tag, sign in SIGNS.items():
        text = text.replace(tag, sign)
    return text.lower()


def _segments(audio: Mapping[str, Any]) -> Iterator[tuple[int, tuple[Mapping[str, Any], Mapping[str, Any]]]]:
    for number, segment in enumerate(audio["segments"], start=1):
        yield number, (audio, segment)


def _clip(pair: tuple[Mapping[str, Any], Mapping[str, Any]]) -> Clip | None:
    audio, segment = pair
    text = spelled(segment["text_tn"])
    if not text:
        return None
    begin, end = float(segment["begin_time"]), float(segment["end_time"])
    if not 0 <= begin < end:
        raise ValueError(f"it goes from {begin} to {end} s")
    recording = f"gigaspeech:{audio['aid']}"
    subsets = [*audio.get("subsets", ()), *segment.get("subsets", ())]
    return Clip(
        id=f"gigaspeech/{segment['sid']}",
        path=audio["path"],
        label="speech_en",
        kind="speech",
        split=next((SUBSETS[name] for name in subsets if name in SUBSETS), "train"),
        seconds=round(end - begin, 3),
        recording=recording,
        group=recording,
        licence=LICENCE,
        source="GigaSpeech",
        extra={"transcript": text, "language": "en", "speaker": str(segment.get("speaker", "")), "begin": begin},
    )


GIGASPEECH = Layout("gigaspeech", "GigaSpeech", "https://github.com/SpeechColab/GigaSpeech", recognises, clips)
