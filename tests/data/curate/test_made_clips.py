"""Made clips: asked for where recordings are scarce, verified as any clip, and explained where they were refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from soundflow.data.clips import Clip, ClipStore
from soundflow.data.curate.made_clips import Maker, make_clips, requests_for
from soundflow.data.generate.source import Samples, SoundRequest
from soundflow.errors import OutsideError
from tests.data.test_clips import tone

REQUESTS = [SoundRequest("cow", "a cow moos.", 2.0, number) for number in range(2)]


class Studio:
    """A maker whose every answer is told beforehand; the last one for ever."""

    name, licence = "studio", "CC0-1.0"

    def __init__(self, *answers: Samples | Exception) -> None:
        self.answers, self.asked = list(answers), 0

    def make(self, request: SoundRequest) -> Samples:
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        if isinstance(answer, Exception):
            raise answer
        return answer


def nobody_waits(seconds: float) -> None:
    """Do not wait."""


def test_only_scarce_labels_are_asked_for_and_captions_take_turns() -> None:
    asked = requests_for({"cow": 2, "pig": 9}, {"cow": ["a", "b"], "pig": ["c"]}, below=8, per_label=3, seconds=4.0)
    assert [(r.label, r.caption, r.number) for r in asked] == [("cow", "a", 0), ("cow", "b", 1), ("cow", "a", 2)]


def test_made_clips_are_clips_and_synthetic_for_ever(tmp_path: Path) -> None:
    like = Clip("c", "c.wav", "cow", proactive=False, category="Nature & Environment / Farm")
    maker = Maker(Studio(tone(2.0)), tmp_path / "cache", nobody_waits)
    assert make_clips(maker, REQUESTS, {"cow": like}, "train", tmp_path / "out") == []
    first, second = ClipStore(tmp_path / "out", tmp_path / "decoded").clips(split="train")
    assert (first.label, first.proactive, first.category) == ("cow", False, like.category)
    assert first.synthetic and second.synthetic and first.recording != second.recording
    assert (first.source, first.licence, first.extra["caption"]) == ("studio", "CC0-1.0", "a cow moos.")


def test_what_was_made_is_not_asked_for_again(tmp_path: Path) -> None:
    studio = Studio(tone(2.0), OutsideError("endpoint.500", "oops"))
    make_clips(Maker(studio, tmp_path / "cache", nobody_waits), REQUESTS[:1], {}, "train", tmp_path / "a")
    make_clips(Maker(studio, tmp_path / "cache", nobody_waits), REQUESTS[:1], {}, "train", tmp_path / "b")
    assert studio.asked == 1
    assert (tmp_path / "a/clips/cow-0.wav").read_bytes() == (tmp_path / "b/clips/cow-0.wav").read_bytes()


@pytest.mark.parametrize(
    ("answer", "code", "reason"),
    [
        (np.zeros(16_000, np.float32), "sound.rejected", "nothing above"),
        (np.sign(tone(1.0)), "sound.rejected", "at full scale"),
        (tone(0.1), "sound.rejected", "duration"),
        (OutsideError("endpoint.timeout", "no answer in 60 s"), "endpoint.timeout", "no answer"),
    ],
)
def test_what_is_not_accepted_is_asked_again_twice_and_explained(
    tmp_path: Path, answer: Samples | Exception, code: str, reason: str
) -> None:
    studio = Studio(answer)
    refused = make_clips(Maker(studio, tmp_path / "cache", nobody_waits), REQUESTS[:1], {}, "train", tmp_path / "out")
    assert [(r.code, r.attempt) for r in refused] == [(code, 0), (code, 1), (code, 2)]
    assert reason in refused[0].reason and studio.asked == 3
    assert not (tmp_path / "out" / "clips.jsonl").exists()


def test_a_failure_does_not_cost_the_others(tmp_path: Path) -> None:
    studio = Studio(OutsideError("endpoint.429", "slow down"), tone(2.0))
    refused = make_clips(Maker(studio, tmp_path / "cache", nobody_waits), REQUESTS, {}, "train", tmp_path / "out")
    assert len(refused) == 1
    assert len([json.loads(line) for line in (tmp_path / "out/clips.jsonl").read_text().splitlines()]) == 2


def test_a_wrong_key_ends_it(tmp_path: Path) -> None:
    maker = Maker(Studio(OutsideError("endpoint.401", "who are you")), tmp_path, nobody_waits)
    with pytest.raises(OutsideError, match="who are you"):
        make_clips(maker, REQUESTS, {}, "train", tmp_path / "out")
