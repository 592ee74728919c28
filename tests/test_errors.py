"""The error tree: one line for the user, an exit code each."""

from __future__ import annotations

import pickle

import pytest

from soundflow.errors import InputError, OutsideError, SoundflowError, UsageError


@pytest.mark.parametrize(
    ("kind", "exit_code"), [(SoundflowError, 1), (InputError, 1), (UsageError, 2), (OutsideError, 3)]
)
def test_each_kind_has_its_exit_code_and_one_root(kind: type[SoundflowError], exit_code: int) -> None:
    error = kind("audio.empty", "a.wav is empty", "record it again")
    assert isinstance(error, SoundflowError)
    assert error.exit_code == exit_code
    assert (error.code, error.message, error.hint) == ("audio.empty", "a.wav is empty", "record it again")


def test_shown_as_one_line_with_the_hint_when_there_is_one() -> None:
    assert str(InputError("x", "found this", "do that")) == "found this — do that"
    assert str(InputError("x", "found this")) == "found this"


def test_survives_the_way_back_from_another_process() -> None:
    error = pickle.loads(pickle.dumps(OutsideError("disk.full", "no space", "free some")))
    assert type(error) is OutsideError
    assert (error.code, str(error)) == ("disk.full", "no space — free some")
