"""What a client may set with `session.update`, read field by field. Tests: tests/serve/test_settings.py."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from soundflow.errors import InputError
from soundflow.serve.wire_audio import AudioFormat, read_format

_MOST_INSTRUCTION = 4000  # characters; the model's own limit in tokens comes on top; chosen


class SettingError(InputError):
    """A field that cannot be set; `param` is its path, as the protocol's error events name it."""

    def __init__(self, param: str, message: str, hint: str) -> None:
        super().__init__("realtime.setting", f"{param}: {message}", hint)
        self.param = param


@dataclass(frozen=True)
class Settings:
    """A session's settings. None takes the model's default.

    `own_events` asks for the events of tier three; `interrupts`: a voice over a reply ends it; `speaks`: replies are
    said aloud, in `output_format`.
    """

    instructions: str | None = None
    threshold: float | None = None
    input_format: AudioFormat = dataclasses.field(default_factory=AudioFormat)
    own_events: bool = False
    interrupts: bool = False
    speaks: bool = False
    output_format: AudioFormat = dataclasses.field(default_factory=AudioFormat)

    @property
    def spoken_format(self) -> AudioFormat | None:
        """What replies are said in; None where they are text."""
        return self.output_format if self.speaks else None

    def input_json(self) -> dict[str, Any]:
        """`session.audio.input` as the protocol writes it."""
        detection = {"type": "server_vad", "interrupt_response": True, "create_response": False}
        return {"format": self.input_format.to_json(), "turn_detection": detection if self.interrupts else None}

    def updated(self, session: object, can_speak: bool = False) -> Settings:
        """These settings with what a `session.update` changes; fields we do not serve are left as they are.

        Args:
            session: of the client's event.
            can_speak: whether the server has a voice.

        Raises:
            SettingError: a value makes no sense; then nothing is changed.
        """
        fields = _mapping(session, "session")
        if fields.get("type", "realtime") != "realtime":
            raise SettingError("session.type", f"no session type {str(fields['type'])[:40]!r}", "use realtime")
        changes: dict[str, Any] = {}
        if "instructions" in fields:
            changes["instructions"] = _instructions(fields["instructions"])
        if "output_modalities" in fields:
            changes["speaks"] = _speaks(fields["output_modalities"], can_speak)
        audio = _mapping(fields.get("audio") or {}, "session.audio")
        heard = _mapping(audio.get("input") or {}, "session.audio.input")
        if heard.get("format") is not None:
            changes["input_format"] = read_format(heard["format"])
        said = _mapping(audio.get("output") or {}, "session.audio.output")
        if said.get("format") is not None:
            changes["output_format"] = read_format(said["format"])
        if "turn_detection" in heard:
            changes["interrupts"] = _interrupts(heard["turn_detection"])
        own = _mapping(fields.get("soundflow") or {}, "session.soundflow")
        return dataclasses.replace(self, **changes, **_own(own))


def _own(own: Mapping[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for name, value in own.items():
        if name == "threshold":
            changes[name] = _probability(value)
        elif name == "events" and isinstance(value, bool):
            changes["own_events"] = value
        else:
            hint = "known are threshold (0 to 1) and events (true or false)"
            raise SettingError(f"session.soundflow.{name[:40]}", "no such setting", hint)
    return changes


def _mapping(value: object, param: str) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    raise SettingError(param, f"a {type(value).__name__}", "send a JSON object")


def _interrupts(value: object) -> bool:
    """Whether a voice over a reply ends it; of all turn detection this is what we have, and only where it is asked."""
    detection = _mapping(value or {}, "session.audio.input.turn_detection")
    return detection.get("interrupt_response") is True


def _instructions(value: object) -> str | None:
    if value is None or (isinstance(value, str) and len(value) <= _MOST_INSTRUCTION):
        return value or None
    found = f"{len(value)} characters" if isinstance(value, str) else f"a {type(value).__name__}"
    raise SettingError("session.instructions", found, f"send a text of at most {_MOST_INSTRUCTION} characters")


def _speaks(value: object, can_speak: bool) -> bool:
    if value == ["text"] or (value == ["audio"] and can_speak):
        return value == ["audio"]
    known = 'use ["text"] or ["audio"]' if can_speak else 'this server writes: use ["text"]'
    raise SettingError("session.output_modalities", f"no {str(value)[:40]}", known)


def _probability(value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    raise SettingError("session.soundflow.threshold", f"found {str(value)[:40]}", "send a number from 0 to 1")
