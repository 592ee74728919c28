"""A corpus heard through real sessions: a model that says the references gets everything, a silent one nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from soundflow.bench.capabilities.items import asked
from soundflow.bench.capabilities.judging import judge
from soundflow.bench.capabilities.run import CapabilitiesReport, chosen, run_capabilities, run_layouts, seconds_of
from soundflow.bench.hearing import session_listener
from soundflow.bench.scoring import SpokenReply
from soundflow.bench.systems import System
from soundflow.data.build.run import build
from soundflow.data.build.stream import Workshop, annotation
from soundflow.data.timeline import Timeline
from soundflow.errors import InputError, UsageError
from soundflow.model.bundle import Bundle
from soundflow.testing.model import Script, ScriptedReply, answering_bundle, scripted_bundle
from tests.bench.capabilities.streams import references
from tests.data.build.clips import order
from tests.data.build.test_spoken_instructions import made_of, shop

__all__ = ["shop"]  # the fixture of the build's tests

STREAMS = 34  # spread evenly: every sub-task is there
LONGEST_REPLY = 400  # tokens of one byte: a function call takes more than a model's usual limit


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished corpus of tones that stand for sounds, words and music."""
    folder = tmp_path_factory.mktemp("corpus")
    build(order(folder, streams=STREAMS, streams_per_shard=16))
    return folder / "out"


def bundle_for(line: Timeline | None) -> Bundle:
    """A model that says what a timeline calls for, chunk by chunk; without one it is always silent."""
    replies = {} if line is None else {chunk: ScriptedReply(reply.text) for chunk, reply, _ in line.responses}
    bundle = scripted_bundle(Script(replies))
    return dataclasses.replace(bundle, config=dataclasses.replace(bundle.config, max_reply_tokens=LONGEST_REPLY))


def knowing_system(corpus: Path) -> System:
    """A system that knows every stream of a corpus by its sound, and plays a session with its references."""
    known: Mapping[bytes, Timeline] = {one.samples.tobytes(): one.timeline for one in chosen(corpus, None)}

    def hear(samples: NDArray[np.float32], instruction: str | None) -> list[SpokenReply]:
        return session_listener(bundle_for(known[samples.tobytes()]), instruction)(samples)

    return System("knows", hear)


@pytest.fixture(scope="module")
def best(corpus: Path) -> CapabilitiesReport:
    return run_capabilities(knowing_system(corpus), corpus)


def test_the_references_score_all_of_every_sub_task(best: CapabilitiesReport) -> None:
    rows = best.columns["all"]["sub_tasks"]
    assert len(rows) >= 28
    assert {name for name, row in rows.items() if row["right"]["value"] != 1.0} == set()
    assert {row["answered"]["value"] for name, row in rows.items() if name != "keep_silent"} == {1.0}
    assert best.columns["all"]["all"]["specificity"]["value"] == 1.0
    assert len(best.columns["all"]["capabilities"]) == 7
    assert rows["environment_aware_assistance"]["intent"]["value"] == 1.0
    assert {row["wer"]["value"] for name, row in rows.items() if name.startswith("asr_")} == {0.0}
    assert {row["bleu"] for row in rows.values() if "bleu" in row} == {100.0}


def test_a_silent_model_is_right_where_silence_is_due(corpus: Path) -> None:
    found = run_capabilities(bundle_for(None), corpus, most=16)
    rows = found.columns["all"]["sub_tasks"]
    assert {name: row["right"]["value"] for name, row in rows.items()} == {
        name: float(name == "keep_silent") for name in rows
    }
    assert "keep_silent" in rows
    assert found.columns["all"]["all"]["specificity"]["value"] == 1.0
    assert found.columns["all"]["all"]["trivial"]["always_silent"]["right"] == found.right("all")


def test_a_spoken_instruction_asks_for_the_same_in_another_column(shop: Workshop) -> None:
    given, said = (
        asked("k", annotation(made, shop, "k"), made.composition.timeline)
        for made in (made_of(shop, "event_counting", share) for share in (0.0, 1.0))
    )
    assert (given.column, said.column) == ("text", "spoken")
    assert [item.reference for item in given.items] == [item.reference for item in said.items] != []
    replies = [SpokenReply(said.timeline.events[0].end, "One."), *references(said)]
    found = judge(said, replies)
    assert all(item.right for item in found.items) and not found.ignored[0].right  # it answered the instruction


def test_a_training_script_reads_one_figure(best: CapabilitiesReport) -> None:
    assert best.right("all") == best.right("audio_agent") == best.right("event_counting", "text") == 1.0
    assert best.right("event_counting", "spoken") is None and best.right("juggling") is None


def test_a_row_an_item_for_comparisons(best: CapabilitiesReport) -> None:
    assert len(best.outcomes) == best.columns["all"]["all"]["items"]
    assert len({row["id"] for row in best.outcomes}) == len(best.outcomes)
    assert all(row["right"] for row in best.outcomes)


def test_only_the_first_streams_are_heard_where_that_is_asked(corpus: Path) -> None:
    told: list[float] = []
    found = run_capabilities(bundle_for(None), corpus, most=3, progress=lambda _, seconds: told.append(seconds))
    assert found.streams == 3 == len(told)
    assert sum(told) == pytest.approx(seconds_of(corpus, 3)) == pytest.approx(found.hours * 3600)


def test_a_model_that_answers_is_asked_offline_too(corpus: Path) -> None:
    found = run_layouts(answering_bundle(Script({0: ScriptedReply("B)")})), corpus, most=20)
    rows = found.layouts["sub_tasks"]
    assert {"audio_qa_choice", "environment_aware_assistance"} <= set(rows)
    assert all(row["streaming"]["value"] == 0.0 for row in rows.values())  # it speaks before anything was heard
    choices = [row for row in found.outcomes if row["id"].endswith("_choice")]
    share = sum(str(row["reference"]).startswith("B") for row in choices) / len(choices)
    asked = [row for name, row in rows.items() if name.endswith("_choice")]
    assert sum(row["offline"]["value"] * row["items"] for row in asked) == pytest.approx(share * len(choices))
    assert {row["said_offline"] for row in choices} == {"B)"}
    assert found.to_dict()["layouts"]["all"]["items"] == sum(row["items"] for row in rows.values())


def test_a_model_that_only_listens_is_not_asked(corpus: Path) -> None:
    with pytest.raises(UsageError, match="not trained to answer"):
        run_layouts(bundle_for(None), corpus)


def test_no_corpus_and_no_streams_are_told(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no corpus"):
        run_capabilities(bundle_for(None), tmp_path)
    with pytest.raises(UsageError, match="0 streams"):
        run_capabilities(bundle_for(None), corpus, most=0)
