"""A build with endpoints: it finishes whatever they say, nothing malformed enters, and every lie is in quarantine."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from soundflow.data.build import prepare as preparing
from soundflow.data.build.corpus import read_quarantine, streams
from soundflow.data.build.prepare import candidates, captions_for, prepare
from soundflow.data.build.run import Order, build, claim, open_library, open_workshop
from soundflow.data.curate import made_clips
from soundflow.data.curate.grammar import Refinement, Scene
from soundflow.data.endpoints import asking as asking_module
from soundflow.data.endpoints.config import EndpointConfig
from soundflow.data.generate.catalogue import CALLS_FOR_A_WORD
from soundflow.data.generate.endpoint import SoundsConfig
from soundflow.testing.endpoint import INJECTION, Answer, LyingEndpoint
from tests.data.build.clips import LABELS, order
from tests.data.endpoints.honest import chat, patience, sound

pytest.importorskip("openai", reason="openai is not installed")

TASKS = {"safety_alert": 1.0, "keep_silent": 1.0, "event_narration": 1.0}


def anyone(path: str, body: bytes) -> Answer:
    """A chat model and a maker of sounds in one."""
    return chat(path, body) if path.endswith("/chat/completions") else sound(path, body)


def asking(tmp_path: Path, liar: LyingEndpoint, name: str = "out", **more: Any) -> Order:
    told = EndpointConfig(liar.url, "m", timeout_seconds=patience(liar))
    sounds = SoundsConfig(liar.url, "m", timeout_seconds=patience(liar), below=5, per_label=2, seconds=2.0)
    wanted = {"tasks": TASKS, "turns": (3, 4), "streams": 4, "planned_scenes": 8, "chat": told, "sounds": sounds}
    return order(tmp_path, name, **{**wanted, **more})


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking_module, "FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(made_clips, "FIRST_PAUSE_SECONDS", 0.0)


def test_a_build_finishes_against_liars_and_holds_nothing_malformed(tmp_path: Path) -> None:
    with LyingEndpoint(anyone, share=0.3, seed=2) as liar:
        built = build(asking(tmp_path, liar))
    assert built.streams == 4 and built.missing == 0
    known = {clip.label for clip in open_library(order(tmp_path)).clips} | set(CALLS_FOR_A_WORD)
    for stream in streams(tmp_path / "out"):
        text = json.dumps(stream.annotation)
        assert INJECTION not in text and "this is no JSON" not in text
        assert {event.label for event in stream.timeline.events} <= known
    lies = sum(count for name, count in liar.told.items() if name)
    told = [row for row in read_quarantine(tmp_path / "out") if "question" in row]
    refused = [row for row in told if row["code"] != "not silent"]
    assert len(refused) >= lies > 10 and all(row["reason"] for row in refused)


def test_it_is_the_same_corpus_given_the_cache_with_the_endpoints_gone(tmp_path: Path) -> None:
    with LyingEndpoint(anyone, share=0.3, lies=["invalid json", "injection", "500", "cut"]) as liar:
        first = build(asking(tmp_path, liar))
        wanted = asking(tmp_path, liar, "again")
    assert build(wanted).sha256 == first.sha256  # nobody is there any more


def test_what_was_asked_is_not_asked_again_after_a_kill(tmp_path: Path) -> None:
    with LyingEndpoint(anyone, share=0.0) as liar:
        wanted = asking(tmp_path, liar)
        first = build(wanted)
        asked = len(liar.asked)
        (tmp_path / "out" / "shard-000001.tar.jsonl").unlink()
        assert build(wanted).sha256 == first.sha256 and len(liar.asked) == asked > 0


def prepared(tmp_path: Path, honest: Callable[[str, bytes], Answer]) -> tuple[Order, list[dict[str, Any]]]:
    with LyingEndpoint(honest, share=0.0) as liar:
        wanted = asking(tmp_path, liar)
        claim(wanted)
        return prepare(wanted, open_library(wanted))


def test_workers_get_files_and_the_audit_takes_silence_away(tmp_path: Path) -> None:
    ready, rows = prepared(tmp_path, anyone)
    assert Path(ready.recipe.scenes).name == "scenes.jsonl" and ready.folders[1].endswith("sounds")
    assert [row["question"] for row in rows if row["code"] == "not silent"] == ["silence of footsteps"]
    shop = open_workshop(ready)
    assert "footsteps" not in shop.material.harmless and "cow" in shop.material.harmless
    assert any(place.refined for place in shop.material.grammar.places)
    made = [clip for clip in shop.library.clips if clip.source == "endpoint:m"]
    assert len(made) == 2 * len(LABELS) and all(clip.synthetic for clip in made)


def test_without_sounds_streams_make_do(tmp_path: Path) -> None:
    def broken(path: str, body: bytes) -> Answer:
        return chat(path, body) if path.endswith("/chat/completions") else Answer(b"<html>no</html>", "text/html")

    ready, rows = prepared(tmp_path, broken)
    assert len(ready.folders) == 1
    assert {row["code"] for row in rows} == {"endpoint.no_sound", "not silent"}


def test_without_endpoints_nothing_is_asked_or_written(tmp_path: Path) -> None:
    plain = order(tmp_path)
    assert prepare(plain, open_library(plain)) == (plain, [])
    assert not os.path.exists(plain.out)


def test_captions_come_from_scenes_and_else_from_plain_words(tmp_path: Path) -> None:
    library = open_library(order(tmp_path))
    scene = Scene("a farm", ("cow",), (), {"cow": Refinement("cow", "A cow moos."), "ghost": Refinement("x", "y")})
    found = captions_for(library, [scene, scene])
    assert found["cow"] == ["A cow moos."] and found["siren"] == [f"{library.phrases('siren').clause}."]
    assert "ghost" not in found


def test_candidates_say_what_their_rows_say(tmp_path: Path) -> None:
    found = {candidate.label: candidate for candidate in candidates(open_library(order(tmp_path)))}
    assert (found["cow"].proactive, found["siren"].proactive, found["dog_bark"].proactive) == (False, True, None)


def test_an_audit_of_ones_own_stands_above_the_endpoints(tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_text('{"label": "cow", "ruling": "borderline"}\n')
    with LyingEndpoint(anyone, share=0.0) as liar:
        wanted = asking(tmp_path, liar, silence=str(tmp_path / "own.jsonl"))
        claim(wanted)
        ready, _ = prepare(dataclasses.replace(wanted), open_library(wanted))
    assert "cow" not in open_workshop(ready).material.harmless
    assert not (tmp_path / "out" / preparing.SILENCE_NAME).exists()
