"""What does not fit is cut before it is left out, and an answer is the last to go."""

from __future__ import annotations

import pytest

from soundflow.data.build.fitting import Room, fitted
from soundflow.data.clips import Clip
from soundflow.data.tasks.material import spoken
from soundflow.data.tasks.plan import respond
from soundflow.data.tasks.script import Part, Script


def clip(name: str, seconds: float, kind: str = "event") -> Clip:
    return Clip(name, "", name, kind, "train", seconds=seconds)


def sound(name: str, seconds: float, is_answered: bool = False) -> Part:
    return Part(clip(name, seconds), respond(name)) if is_answered else Part(clip(name, seconds))


def said(name: str, seconds: float) -> Part:
    return spoken(clip(name, seconds, "speech"), choice=respond(name))


def room(seconds: float, stretch: float = 1.0) -> Room:
    """A second of pause at each end and between the clips."""
    return Room(seconds, lambda count: 1.0 + count, lambda _, part: part.clip.seconds, stretch)


def labels(script: Script | None) -> list[str]:
    assert script is not None
    return [part.clip.label for part in script.parts]


def test_what_fits_stays_as_it_is() -> None:
    script = Script("Tell me.", (sound("a", 2.0), sound("b", 4.0, True)))
    assert fitted(script, True, room(9.0)) == script


def test_sounds_are_cut_alike_and_what_is_said_is_not() -> None:
    script = Script(None, (sound("a", 1.0), sound("b", 4.0), sound("c", 9.0), said("d", 3.0)))
    found = fitted(script, True, room(13.0))  # 8 s without the pauses: 3 said, 1 for a, 2 for b and for c
    assert found is not None
    assert [min(p.clip.seconds, p.longest_seconds) for p in found.parts] == [1.0, 2.0, 2.0, 3.0]


def test_a_cut_is_of_whole_samples_and_never_a_sample_too_long() -> None:
    found = fitted(Script(None, (sound("a", 4.0), sound("b", 4.0), sound("c", 4.0))), True, room(10.00005))
    assert found is not None and {part.longest_seconds * 16_000 for part in found.parts} == {32_000.0}


def test_nothing_is_cut_below_what_is_heard_before_an_answer_is_due() -> None:
    script = Script(None, (sound("a", 4.0), sound("b", 4.0)))
    found = fitted(script, True, room(6.2))
    assert found is not None and [part.longest_seconds for part in found.parts] == pytest.approx([1.6, 1.6], abs=1e-4)
    assert fitted(script, True, room(6.1)) is None


def test_clips_count_as_if_they_were_played_slowly() -> None:
    script = Script(None, (said("a", 4.0),))
    assert fitted(script, False, room(6.0, 1.0)) is not None
    assert fitted(script, False, room(6.9, 1.25)) is None
    assert fitted(script, False, room(7.0, 1.25)) is not None


def test_the_unanswered_go_first_then_the_last_answers_then_what_was_mixed_in() -> None:
    mixed = Script(None, (said("a", 3.0), sound("idle", 3.0), said("b", 3.0))).with_part(1, sound("m", 1.6), "silence")
    tries = {seconds: fitted(mixed, False, room(seconds)) for seconds in (14.3, 12.0, 8.0, 5.0)}
    assert [labels(found) for found in tries.values()] == [
        ["a", "m", "idle", "b"],
        ["a", "m", "b"],
        ["a", "m"],
        ["a"],
    ]
    assert [found.notes for found in tries.values() if found] == [("silence",)] * 3 + [()]


def test_at_last_the_shortest_answer_stands_alone() -> None:
    script = Script(None, (said("a", 7.0), said("b", 6.0), said("c", 8.0)))
    assert labels(fitted(script, False, room(8.0))) == ["b"]
    assert fitted(script, False, room(7.0)) is None


def test_an_answer_that_builds_on_others_never_stands_alone() -> None:
    script = Script(None, (said("a", 7.0), said("b", 6.0)), in_turn=True)
    assert labels(fitted(script, False, room(10.0))) == ["a"]
    assert fitted(script, False, room(8.0)) is None


def test_the_voice_that_asks_and_what_plays_behind_stay() -> None:
    under = Part(clip("under", 30.0, "music"), role="background", longest_seconds=30.0)
    script = Script("Say it.", (under, said("a", 4.0), said("b", 4.0))).asked_by(spoken(clip("ask", 2.0, "speech")))
    assert labels(fitted(script, False, room(9.0))) == ["ask", "under", "a"]
    assert fitted(script, False, room(8.0)) is None


def test_where_nothing_is_answered_the_first_stays() -> None:
    script = Script(None, (sound("a", 3.0), sound("b", 3.0)))
    assert labels(fitted(script, False, room(5.0))) == ["a"]
    assert fitted(Script(None, ()), False, room(1.0)) == Script(None, ())
