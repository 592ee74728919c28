"""Dialogues become a folder of clips: one voice a dialogue, each turn checked, a dialogue whole or not at all.

Source: paper, appendix "Dataset Curation Pipeline". A dialogue that is there is not made again.
Tests: tests/data/voices/test_render.py.
"""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundflow.atomic import write_text
from soundflow.audio.decode import write_wav
from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.data.endpoints.client import HOPELESS
from soundflow.data.voices.check import MOST_ERRORS, RETRIES, error_rate
from soundflow.data.voices.dialogues import Dialogue
from soundflow.data.voices.engine import Listener, Speaker, Voice
from soundflow.errors import InputError, OutsideError, SoundflowError

Samples = NDArray[np.float32]
Told = Callable[[str, float], None]

FIRST_PAUSE_SECONDS = 1.0  # after an engine failed, doubled the second time
TRIM_BELOW = 0.01  # of full scale: what an engine adds before and after its speech
TRIM_SECONDS = 0.05  # left at either end
SPLIT_SHARES = (("train", 0.7), ("valid", 0.12), ("test", 0.18))  # a voice stands in one split only (ruling 12)


@dataclass
class Voiced:
    """What became of the dialogues."""

    written: int = 0
    kept: int = 0
    dropped: dict[str, str] = field(default_factory=dict)  # name: reason
    unchecked: int = 0  # written although no ASR knows the language
    turns: int = 0
    retried: int = 0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """With the drop rate, the share of dialogues that were dropped."""
        tried = self.written + len(self.dropped)
        return {
            **asdict(self),
            "seconds": round(self.seconds, 3),
            "drop_rate": round(len(self.dropped) / max(1, tried), 4),
        }


@dataclass(frozen=True)
class Studio:
    """Who speaks, who listens (or nobody), and where it goes. `languages` are those the listener knows."""

    speaker: Speaker
    listener: Listener | None
    out: Path
    seed: int = 0
    languages: tuple[str, ...] = ("en", "zh")
    split: str = ""  # whose voices are drawn; empty for any
    names: Collection[str] = ()  # the only voices that are drawn; empty for any
    pause: Callable[[float], None] = time.sleep  # after an engine failed, before the turn is said again


def render_dialogues(dialogues: Iterable[Dialogue], studio: Studio, told: Told) -> Voiced:
    """Give every dialogue a voice and write the turns as clips, with clips.jsonl beside them.

    Raises:
        OutsideError: the disk refuses, or an endpoint refuses us for good; what was finished is kept and listed.
    """
    outcome = Voiced()
    try:
        for dialogue in dialogues:
            _dialogue(dialogue, studio, outcome, told)
    finally:
        _write(studio.out / "clips.jsonl", "".join(_all_rows(studio.out)))
        _write(studio.out / "dropped.json", json.dumps(outcome.dropped, ensure_ascii=False, indent=1))
    return outcome


def _dialogue(dialogue: Dialogue, studio: Studio, outcome: Voiced, told: Told) -> None:
    """One dialogue into its file, or its reason among the dropped ones."""
    place = studio.out / "dialogues" / f"{_file_name(dialogue)}.json"
    if place.exists():
        outcome.kept += 1
        return
    try:
        rows = _render(dialogue, studio, outcome)
    except SoundflowError as error:
        if error.code in HOPELESS:
            raise
        outcome.dropped[_file_name(dialogue) if dialogue.take else dialogue.name] = f"{error.code}: {error}"
        return
    _write(place, json.dumps(rows, ensure_ascii=False, indent=1))
    outcome.written += 1
    outcome.unchecked += not rows[0]["asr_checked"]
    told("voices", sum(row["seconds"] for row in rows))


def named_voices(speaker: Speaker, names: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names, once each, and the languages that those voices speak: of all voices where none is named.

    Raises:
        InputError: the speaker has no voice of such a name.
    """
    known = {voice.name: voice.language for voice in speaker.voices}
    for name in names:
        if name not in known:
            raise InputError("voices.unknown", f"{speaker.name} has no voice {name!r}", f"it has {', '.join(known)}")
    return tuple(dict.fromkeys(names)), tuple(dict.fromkeys(known[name] for name in names or known))


def split_of(voice: Voice) -> str:
    """The one split a voice's speech stands in: its engine's word, else drawn by its name."""
    if voice.split:
        return voice.split
    at = zlib.crc32(voice.name.encode()) / 2**32
    for name, share in SPLIT_SHARES:
        if at < share:
            return name
        at -= share
    return SPLIT_SHARES[0][0]


def voice_for(dialogue: Dialogue, studio: Studio) -> Voice:
    """The dialogue's voice: drawn once, by its name and the seed; every further take is the next voice's.

    Raises:
        InputError: nobody speaks its language.
    """
    pool = [
        voice for voice in studio.speaker.voices if voice.language == dialogue.language and _may_speak(voice, studio)
    ]
    if not pool:
        raise InputError("voices.language", f"{studio.speaker.name} has no voice for {dialogue.language!r}")
    rng = np.random.default_rng([studio.seed, zlib.crc32(dialogue.name.encode())])
    round_, at = divmod(int(rng.integers(len(pool))) + dialogue.take, len(pool))
    return replace(pool[at], take=round_)


def _may_speak(voice: Voice, studio: Studio) -> bool:
    return studio.split in ("", split_of(voice)) and (not studio.names or voice.name in studio.names)


def _render(dialogue: Dialogue, studio: Studio, outcome: Voiced) -> list[dict[str, Any]]:
    """Every turn of one dialogue; one that cannot be said rightly drops them all."""
    voice = voice_for(dialogue, studio)
    said: list[tuple[Samples, float | None]] = []
    for text in dialogue.turns:
        outcome.turns += 1
        said.append(_checked(text, dialogue.language, voice, studio, outcome))
    rows = []
    for number, (text, (samples, rate)) in enumerate(zip(dialogue.turns, said, strict=True)):
        path = Path("clips") / f"{_file_name(dialogue)}-{number}.wav"
        _make(studio.out / path.parent)
        write_wav(studio.out / path, samples)
        outcome.seconds += len(samples) / SAMPLE_RATE
        rows.append(_row(dialogue, number, text, voice, studio, path, len(samples) / SAMPLE_RATE, rate))
    return rows


def _row(
    dialogue: Dialogue,
    number: int,
    text: str,
    voice: Voice,
    studio: Studio,
    path: Path,
    seconds: float,
    rate: float | None,
) -> dict[str, Any]:
    answer = dialogue.answers[number] if dialogue.answers else None
    return {
        "id": f"voice:{studio.speaker.name}:{voice.name}:{dialogue.name}/{number}" + _nth(dialogue),
        "path": path.as_posix(),
        "seconds": round(seconds, 4),
        "label": dialogue.label,
        "kind": "speech",
        "proactive": False,
        "split": split_of(voice),
        "recording": f"{studio.speaker.name}:{voice.name}",
        "group": f"{studio.speaker.name}:{voice.name}",
        "licence": voice.licence,
        "source": studio.speaker.name,
        "synthetic": True,
        "transcript": text,
        "language": dialogue.language,
        "speaker": voice.name,
        "line": f"{dialogue.name}/{number}",
        **dialogue.facts,
        "asr_checked": rate is not None,
        **({"word_error_rate": round(rate, 4)} if rate is not None else {}),
        **({"reply": answer} if answer else {}),
        **({"review": True} if dialogue.has_review and number == len(dialogue.turns) - 1 else {}),
    }


def _checked(text: str, language: str, voice: Voice, studio: Studio, outcome: Voiced) -> tuple[Samples, float | None]:
    """One turn as speech, and its error rate; None where nobody can check the language."""
    for attempt in range(RETRIES):
        try:
            return _said(text, language, voice, studio, attempt)
        except SoundflowError as error:
            if not _may_go_better(error):
                raise
            if isinstance(error, OutsideError):
                studio.pause(FIRST_PAUSE_SECONDS * 2**attempt)
        outcome.retried += 1
    return _said(text, language, voice, studio, RETRIES)


def _may_go_better(error: SoundflowError) -> bool:
    """Whether the same turn, said again, may be heard rightly or be answered at all."""
    return error.code == "voices.error_rate" or (isinstance(error, OutsideError) and error.code not in HOPELESS)


def _said(text: str, language: str, voice: Voice, studio: Studio, attempt: int) -> tuple[Samples, float | None]:
    """One turn said once."""
    samples = _trimmed(studio.speaker.say(text, voice, attempt))
    if not len(samples):
        raise InputError("voices.silent", f"{voice.name} says nothing at {text[:60]!r}")
    if studio.listener is None or language not in studio.languages:
        return samples, None
    heard = studio.listener.write_down(samples, language)
    rate = error_rate(text, heard, language)
    if rate > MOST_ERRORS:
        message = f"{voice.name} was heard as {heard[:80]!r} for {text[:80]!r}: {rate:.0%} wrong"
        raise InputError("voices.error_rate", message, f"at most {MOST_ERRORS:.0%} after {RETRIES} retries")
    return samples, rate


def _trimmed(samples: Samples) -> Samples:
    loud = np.flatnonzero(np.abs(samples) > TRIM_BELOW)
    if not len(loud):
        return samples[:0]
    margin = round(TRIM_SECONDS * SAMPLE_RATE)
    return samples[max(0, loud[0] - margin) : loud[-1] + margin]


def _all_rows(out: Path) -> list[str]:
    rows = [row for path in sorted((out / "dialogues").glob("*.json")) for row in json.loads(path.read_text("utf-8"))]
    return [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]


def _file_name(dialogue: Dialogue) -> str:
    return dialogue.name.replace("/", "-") + _nth(dialogue)


def _nth(dialogue: Dialogue) -> str:
    """The first take has no mark: what was rendered before takes were known is still found."""
    return f"~{dialogue.take}" if dialogue.take else ""


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutsideError("voices.folder", f"cannot make {folder}: {error.strerror}") from error


def _write(path: Path, text: str) -> None:
    _make(path.parent)
    try:
        write_text(path, text)
    except OSError as error:
        raise OutsideError("voices.write", f"cannot write {path}: {error.strerror}", "check the space left") from error
