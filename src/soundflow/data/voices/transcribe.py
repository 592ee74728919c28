"""Words for recordings of speech that came without any: an ASR writes them down, and known slots check it.

The result is a folder of clips like the one it was made from. Nothing is heard twice: what was written down stands in
`transcripts.jsonl` at once. Tests: tests/data/voices/test_transcribe.py.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from soundflow.atomic import write_text
from soundflow.data.clips import CLIPS_NAME, LABELS_NAME, Clip, ClipStore
from soundflow.data.folders import second_name
from soundflow.data.json_lines import whole_objects
from soundflow.data.voices.engine import Listener
from soundflow.errors import InputError, OutsideError

HEARD_NAME = "transcripts.jsonl"
Told = Callable[[Clip], None]


@dataclass
class Transcribed:
    """How many clips got words now, how many had been written down before, and how many lack a slot's words."""

    written: int = 0
    kept: int = 0
    refused: int = 0

    def to_dict(self) -> dict[str, int]:
        """As a JSON object."""
        return asdict(self)


def wordless(store: ClipStore, label: str | None = None, split: str | None = None) -> list[Clip]:
    """Clips of speech whose words are not known.

    Raises:
        InputError: there are none.
    """
    found = [clip for clip in store.clips(split, "speech", label) if not clip.content]
    if not found:
        raise InputError(
            "transcribe.nothing", f"{store.folder} has no such speech without words", "look at label, split"
        )
    return found


def transcribe(
    store: ClipStore, clips: list[Clip], listener: Listener, language: str, out: Path, told: Told = lambda clip: None
) -> Transcribed:
    """Write down clips and make a folder of clips that holds their words.

    A clip whose `slots` (what an order asks for) do not all stand in the words is left without any.

    Args:
        out: gets `clips.jsonl`, `labels.json` and the sounds, as second names of the same files where the disk can.

    Raises:
        OutsideError: the listener failed, or the folder cannot be written.
    """
    done = Transcribed()
    try:
        out.mkdir(parents=True, exist_ok=True)
        words = _heard_before(out / HEARD_NAME)
        with (out / HEARD_NAME).open("a", encoding="utf-8") as file:
            for clip in clips:
                if clip.id in words:
                    done.kept += 1
                else:
                    words[clip.id] = listener.write_down(store.audio(clip), language).strip()
                    file.write(json.dumps({"id": clip.id, "text": words[clip.id]}, ensure_ascii=False) + "\n")
                    file.flush()
                    done.written += 1
                told(clip)
        believed = {clip.id: words[clip.id] for clip in clips if words[clip.id] and has_slots(clip, words[clip.id])}
        done.refused = len(clips) - len(believed)
        _write_folder(store.folder, out, believed, {"language": language, "transcribed_by": listener.name})
    except OSError as error:
        raise OutsideError("transcribe.folder", f"cannot write {out}: {error}", "give another out folder") from error
    return done


def has_slots(clip: Clip, words: str) -> bool:
    """Whether everything a clip is known to ask for stands in its words."""
    plain = re.sub(r"[^a-z0-9' ]+", " ", words.lower())
    return all(str(value).lower() in plain for value in (clip.extra.get("slots") or {}).values())


def _heard_before(path: Path) -> dict[str, str]:
    rows = whole_objects(path) if path.exists() else []
    return {str(row["id"]): str(row["text"]) for row in rows}


def _write_folder(source: Path, out: Path, words: dict[str, str], about: dict[str, Any]) -> None:
    lines = []
    for row in (row for row in whole_objects(source / CLIPS_NAME) if "path" in row):
        if text := words.get(str(row.get("id") or row["path"])):
            row |= {"transcript": text, **about}
        second_name(source / str(row["path"]), out / str(row["path"]))
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    if (source / LABELS_NAME).is_file():
        shutil.copyfile(source / LABELS_NAME, out / LABELS_NAME)
    write_text(out / CLIPS_NAME, "".join(lines))
