"""An instruction that a voice says in the stream, and recordings beside renderings."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from soundflow.data.build.recipe import MixIns, Recipe
from soundflow.data.build.run import open_workshop
from soundflow.data.build.stream import Made, Workshop, annotation, make, row_of, workshop
from soundflow.data.clips import Clip
from soundflow.data.tasks.material import Material, plain, several
from soundflow.data.tasks.phrases import instruction_templates, known_phrases
from tests.data.build.clips import LABELS, order, write_clips
from tests.data.test_clips import write_folder


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """The small folder, and every instruction said by one voice."""
    folder = tmp_path_factory.mktemp("aloud")
    write_clips(folder / "clips")
    said = [known_phrases()[label] for label in LABELS]
    templates = instruction_templates()
    texts = {plain(text) for text in templates["narration"]}
    texts |= {
        plain(text.format(noun=words.noun, plural=words.plural, when=words.when))
        for text in templates["counting"]
        for words in said
    }
    rows = [
        {
            "id": f"i{number}",
            "path": f"i{number}.wav",
            "label": "speech_voice",
            "kind": "speech",
            "split": "train",
            "licence": "CC0-1.0",
            "source": "tones",
            "synthetic": True,
            "language": "en",
            "length": 0.5,
            "transcript": text,
            "line": f"instructions/{number}/0",
        }
        for number, text in enumerate(sorted(texts))
    ]
    write_folder(folder / "voices", rows, {})
    both = (str(folder / "clips"), str(folder / "voices"))
    return open_workshop(dataclasses.replace(order(folder), folders=both))


def made_of(shop: Workshop, task: str, share: float, index: int = 0) -> Made:
    recipe = Recipe(tasks={task: 1.0}, mix_ins=MixIns(0.0, 0.0, 0.0), spoken_instructions=share)
    made, rejected = make(workshop(recipe, 0, shop.library), index)
    assert made is not None, rejected
    return made


@pytest.mark.parametrize("task", ["event_narration", "event_counting"])
def test_the_voice_comes_first_and_takes_the_texts_place(shop: Workshop, task: str) -> None:
    given, said = made_of(shop, task, 0.0), made_of(shop, task, 1.0)
    line = said.composition.timeline
    assert given.composition.timeline.instruction and line.instruction is None
    assert line.events[0].label == "speech_voice" and line.events[0].decision == "ignore"
    words = shop.library.by_id[line.events[0].clip].extra["transcript"]
    assert words == plain(given.composition.timeline.instruction)
    assert [r.text for _, r, _ in line.responses] == [r.text for _, r, _ in given.composition.timeline.responses]


def test_what_has_no_time_for_its_question_aloud_is_asked_in_writing(shop: Workshop) -> None:
    recipe = Recipe(tasks={"event_narration": 1.0}, mix_ins=MixIns(0.0, 0.0, 0.0), spoken_instructions=1.0)
    short = workshop(dataclasses.replace(recipe, most_seconds=5.6), 0, shop.library)
    made = [one for index in range(12) if (one := make(short, index)[0])]
    assert made and all(one.composition.timeline.responses for one in made)
    assert not all(one.script.asked_aloud for one in made)
    assert all((one.composition.timeline.instruction is None) == one.script.asked_aloud for one in made)


def test_rows_say_how_it_was_asked(shop: Workshop) -> None:
    for share in (0.0, 1.0):
        made = made_of(shop, "event_narration", share)
        assert row_of(made, shop, "k", "s")["spoken_instruction"] is bool(share)
        assert json.loads(json.dumps(annotation(made, shop, "k")))["spoken_instruction"] is bool(share)


def test_an_instruction_is_nothing_that_somebody_says_by_the_way(shop: Workshop) -> None:
    material = Material(shop.library)
    assert material.instructions and material.spoken
    assert not {c.id for c in material.spoken} & {c.id for clips in material.instructions.values() for c in clips}


def test_about_half_is_recorded_where_much_more_was_made() -> None:
    recorded = [Clip(f"r{i}", "", "speech", "speech", "train") for i in range(30)]
    made = [Clip(f"m{i}", "", "speech", "speech", "train", synthetic=True) for i in range(3000)]
    rng = np.random.default_rng(0)
    drawn = [clip for _ in range(200) for clip in several(rng, recorded + made, 5)]
    assert np.mean([clip.synthetic for clip in drawn]) == pytest.approx(0.5, abs=0.06)
    assert len(drawn) == 1000
