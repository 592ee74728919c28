"""Other people's lines into ours: StreamAudio-2M and the release's training lines into timelines, text into messages.

What a timeline has no place for stands beside it in the same line, so that `export_lines` gives the line back. A line
that cannot be used is left out with its number and reason. Tests: tests/data/test_import_lines.py.
"""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import soundfile

from soundflow.atomic import replacing
from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.data.layouts.layout import Fault, sounds
from soundflow.data.layouts.texts import SHAPES, read_texts, to_messages
from soundflow.data.published_lines import PublishedLine, published_line
from soundflow.data.release_lines import OnlineTurn, online_line
from soundflow.data.release_streams import (
    LEAST_GAP,
    MOST_GAP,
    SEED,
    Gaps,
    NoiseFile,
    NoiseSlice,
    draw_gaps,
    encoder_frames,
    record_timeline,
    stream_timeline,
)
from soundflow.data.timeline import Timeline
from soundflow.errors import InputError, OutsideError

Form = Literal["streamaudio", "release", "record", "text"]
Told = Callable[[], None]

QUIET = ""  # the path of noise where there is none: such slices are gaps without a sound


@dataclass
class Imported:
    """How many lines were taken, and which were not, by number from 1."""

    form: Form
    lines: int = 0
    rejected: dict[int, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"form": self.form, "lines": self.lines, "rejected": len(self.rejected)}


def form_of(values: Mapping[str, Any]) -> Form:
    """Which form a line has.

    Raises:
        InputError: none that can be imported (`import.form`).
    """
    if "input_ids" in values:
        hint = "import the lines they were made from; token ids say nothing of the sound"
        raise InputError("import.form", "the line holds token ids, which no timeline can be made from", hint)
    turns = values.get("turns")
    if isinstance(turns, list) and turns:
        return "record" if isinstance(turns[0], dict) and "audio_frames" in turns[0] else "streamaudio"
    talk = values.get("conversation")
    is_online = isinstance(talk, list) and talk and isinstance(talk[0], dict) and "audio_path" in talk[0]
    if is_online or "merge_path" in values:
        return "release"
    if any(values.get(name) for name in SHAPES):
        return "text"
    hint = "expected a line of StreamAudio-2M (turns), of the release (conversation, merge_path), or text (messages, …)"
    raise InputError("import.form", f"the line has only {', '.join(map(str, values)) or 'no field'}", hint)


def import_file(path: Path, out: Path, audio: Path | None, noise: Path | None, told: Told) -> Imported:
    """Import a file of JSON lines into another, which is there only when it is whole.

    Args:
        audio: the folder that paths of sounds begin in; None: the lines' own.
        noise: a folder of recordings that stand between turns, drawn as the release draws them; None leaves gaps of
            the same lengths without a sound.

    Raises:
        InputError: the file cannot be read, its first line has no known form, or no line could be used.
        OutsideError: the result cannot be written.
    """
    form = form_of(_first(path))
    done = Imported(form)
    rows = _texts(path, done) if form == "text" else _timelines(path, audio or path.parent, _noises(noise), done)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with replacing(out) as temporary, temporary.open("w", encoding="utf-8") as file:
            for row in rows:
                told()
                if row is not None:
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")
                    done.lines += 1
            if not done.lines:
                number, reason = next(iter(done.rejected.items()))
                raise InputError("import.nothing", f"no line of {path} could be used; line {number}: {reason}")
    except OSError as error:
        raise OutsideError("import.write", f"cannot write {out}: {error.strerror}", "check the space left") from error
    return done


def imported_stream(
    values: Mapping[str, Any], frames_of: Callable[[str], int], noises: Sequence[NoiseFile], rng: random.Random
) -> dict[str, Any]:
    """One line as ours: `key`, `form`, `timeline`, and `beside` what a timeline has no place for.

    Args:
        frames_of: encoder frames of a sound by its path.
        noises: what stands between the turns; nothing for gaps without a sound.
        rng: one generator for all lines of a file, begun with the release's `SEED`.

    Raises:
        InputError: the line makes no sense, or a sound of it cannot be read.
    """
    form = form_of(values)
    if form == "record":
        return {
            "key": str(values.get("idx", "")),
            "form": form,
            "timeline": _plain(record_timeline(values)),
            "beside": {},
        }
    line = published_line(values) if form == "streamaudio" else None
    turns = tuple(turn.online for turn in line.turns) if line else online_line(values)
    frames = [frames_of(turn.audio) for turn in turns]
    timeline = _timeline(turns, frames, noises, rng)
    if line is not None:
        timeline = dataclasses.replace(timeline, instruction=line.instruction, task=line.capability)
        return {"key": line.id, "form": form, "timeline": _plain(timeline), "beside": _beside(line)}
    return {"key": "", "form": form, "timeline": _plain(timeline), "beside": {}}


def _timeline(
    turns: Sequence[OnlineTurn], frames: Sequence[int], noises: Sequence[NoiseFile], rng: random.Random
) -> Timeline:
    if noises:
        return stream_timeline(turns, frames, draw_gaps(len(turns), noises, rng))
    slices = [NoiseSlice(QUIET, 0.0, rng.randint(LEAST_GAP, MOST_GAP)) for _ in range(len(turns) + 1)]
    timeline = stream_timeline(turns, frames, Gaps(tuple(slices[:-1]), slices[-1]))
    return dataclasses.replace(timeline, events=tuple(e for e in timeline.events if e.clip != QUIET))


def _beside(line: PublishedLine) -> dict[str, Any]:
    """Scene and user of each turn, and the emotion of the silent ones: nothing of it can be in a timeline."""
    turns = [
        {"user": turn.user, "scene_type": turn.scene_type}
        | ({} if turn.online.reply and turn.online.reply.emotion == turn.emotion else {"emotion": turn.emotion})
        | ({} if turn.online.reply else {"assistant": turn.assistant})
        for turn in line.turns
    ]
    return {"stream_scene_type": line.scene, "turns": turns}


def _timelines(path: Path, audio: Path, noises: Sequence[NoiseFile], done: Imported) -> Iterator[dict[str, Any] | None]:
    rng = random.Random(SEED)
    for number, values in _lines(path):
        try:
            if isinstance(values, str):
                raise InputError("import.json", f"not JSON: {values}", "write one object a line")
            row = imported_stream(values, lambda name: encoder_frames(_samples(_inside(audio, name))), noises, rng)
        except InputError as error:
            done.rejected[number] = str(error)
            yield None
            continue
        yield {**row, "key": row["key"] or f"{path.stem}_{number:06d}"}


def _texts(path: Path, done: Imported) -> Iterator[dict[str, Any] | None]:
    for number, text in enumerate(read_texts(path), start=1):
        if isinstance(text, Fault):
            done.rejected[number] = f"{text.where}: {text.reason}"
            yield None
        else:
            yield to_messages(text)


def _samples(path: Path) -> int:
    """Samples a recording has once it is resampled to 16 kHz, from its header."""
    if not path.is_file():
        raise InputError("import.sound", f"there is no sound {path}", "name the sounds' folder with --audio")
    try:
        info = soundfile.info(path)
    except (RuntimeError, TypeError, OSError) as error:
        raise InputError("import.sound", f"{path} is no sound that can be read", "fetch it again") from error
    return int(-(-info.frames * SAMPLE_RATE // info.samplerate))


def _plain(timeline: Timeline) -> dict[str, Any]:
    return dataclasses.asdict(timeline)


def _inside(folder: Path, name: str) -> Path:
    place = (folder / name).resolve()
    if not place.is_relative_to(folder.resolve()):
        message = f"the path {name} leads out of {folder}"
        raise InputError("import.outside", message, "name the folder the sounds are in with --audio")
    return place


def _noises(folder: Path | None) -> list[NoiseFile]:
    if folder is None:
        return []
    found = [NoiseFile(str(path), float(soundfile.info(path).duration)) for path in sounds(folder)]
    if not found:
        raise InputError("import.noise", f"there is no sound in {folder}", "name a folder of noise recordings")
    return found


def _first(path: Path) -> Mapping[str, Any]:
    for number, values in _lines(path):
        if isinstance(values, str):
            raise InputError("import.json", f"{path}, line {number} is not JSON: {values}", "write one object a line")
        return values
    raise InputError("import.empty", f"{path} holds no line", "is the download whole?")


def _lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    """Objects by line number, from 1; what is no object comes as a text that says why."""
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    try:
                        values = json.loads(line)
                    except ValueError as error:
                        values = str(error)
                    yield number, values if isinstance(values, dict | str) else "it is no object"
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("import.file", f"cannot read {path}: {error}", "give a file of JSON lines in UTF-8") from error
