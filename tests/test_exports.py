"""The public face is what it is said to be, and nothing slips in."""

from __future__ import annotations

import pytest

import soundflow

EXPORTED = [
    *("Decision", "End", "Error", "Event", "InputError", "LiveSession", "Memory", "Model", "OutsideError"),
    *("ReplyDelta", "ReplyEnd", "ReplyStart", "Session", "SoundflowError", "UsageError"),
    *("__version__", "ask", "listen", "load"),
]


def test_exports_are_pinned() -> None:
    assert soundflow.__all__ == EXPORTED


@pytest.mark.parametrize("name", EXPORTED)
def test_every_export_can_be_fetched(name: str) -> None:
    assert getattr(soundflow, name) is not None
    assert name in dir(soundflow)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'lisen'"):
        _ = soundflow.lisen
