"""soundflow: a model that listens to a stream of sound, decides every 0.4 s whether to speak, and answers.

Importing this imports no torch: every name below is fetched from its home when it is first used.
Tests: tests/test_exports.py, tests/test_import_time.py.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from soundflow.api import Model, ask, listen, load
    from soundflow.errors import InputError, OutsideError, SoundflowError, UsageError
    from soundflow.stream.events import (
        Decision,
        End,
        Error,
        Event,
        Memory,
        ReplyDelta,
        ReplyEnd,
        ReplyStart,
    )
    from soundflow.stream.session import Session
    from soundflow.stream.workers import LiveSession

__version__ = "0.1.0"

__all__ = [
    "Decision",
    "End",
    "Error",
    "Event",
    "InputError",
    "LiveSession",
    "Memory",
    "Model",
    "OutsideError",
    "ReplyDelta",
    "ReplyEnd",
    "ReplyStart",
    "Session",
    "SoundflowError",
    "UsageError",
    "__version__",
    "ask",
    "listen",
    "load",
]

_NAMES_OF_HOME = {
    "soundflow.api": ("Model", "ask", "listen", "load"),
    "soundflow.errors": ("InputError", "OutsideError", "SoundflowError", "UsageError"),
    "soundflow.stream.events": (
        *("Decision", "End", "Error", "Event", "Memory"),
        *("ReplyDelta", "ReplyEnd", "ReplyStart"),
    ),
    "soundflow.stream.session": ("Session",),
    "soundflow.stream.workers": ("LiveSession",),
}
_HOMES = {name: home for home, names in _NAMES_OF_HOME.items() for name in names}


def __getattr__(name: str) -> Any:
    """Fetch a public name from the module it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module 'soundflow' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
