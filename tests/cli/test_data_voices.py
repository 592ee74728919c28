"""`soundflow data voices`: who speaks, who listens, and what is told of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from soundflow.cli.main import main
from soundflow.testing.endpoint import LyingEndpoint
from tests.data.endpoints.honest import hears, sound

pytest.importorskip("openai", reason="openai is not installed")

ROW = {"messages": [{"role": "user", "content": "good morning"}, {"role": "assistant", "content": "Hello."}]}


def recipe(folder: Path, mouth: str, ear: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(
        f'[speech]\nurl = "{mouth}"\nvoices = ["en anna"]\nlicence = "CC0-1.0"\n'
        f'[transcription]\nurl = "{ear}"\nlanguages = ["en"]\n'
    )
    return path


def test_endpoints_speak_and_listen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.jsonl").write_text(json.dumps(ROW) + "\n" + json.dumps({**ROW, "language": "fi"}) + "\n")
    with LyingEndpoint(sound, share=0.0) as mouth, LyingEndpoint(hears("Good morning!"), share=0.0) as ear:
        words = ["data", "voices", "--recipe", str(recipe(tmp_path, mouth.url, ear.url)), "--split", "", "--json"]
        assert main([*words, "--messages", str(tmp_path / "m.jsonl"), "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr()
    result = json.loads(told.out)
    assert (result["written"], result["drop_rate"], result["unchecked"]) == (1, 0.5, 0)
    assert "no voice for 'fi'" in told.err
    (row,) = [json.loads(line) for line in (tmp_path / "out" / "clips.jsonl").read_text().splitlines()]
    assert (row["speaker"], row["licence"], row["reply"], row["asr_checked"]) == ("anna", "CC0-1.0", "Hello.", True)


def test_without_a_voice_it_says_what_to_give(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "voices", "--out", str(tmp_path)]) == 2
    assert "--kokoro" in capsys.readouterr().err


def test_one_speaker_speaks_at_a_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "voices", "--flite", "--espeak", "--out", str(tmp_path / "out")]) == 2
    assert "several speakers" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_espeak_says_instructions(tmp_path: Path) -> None:
    words = ["data", "voices", "--espeak", "--no-check", "--texts", "general-instructions", "--limit", "4"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    rows = [json.loads(line) for line in (tmp_path / "out" / "clips.jsonl").read_text().splitlines()]
    assert len(rows) == 4 and all(row["source"] == "espeak-ng" and row["synthetic"] for row in rows)
    assert all(0.4 < row["seconds"] < 8 for row in rows)


def test_a_voice_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with LyingEndpoint(sound, share=0.0) as mouth:
        words = ["data", "voices", "--recipe", str(recipe(tmp_path, mouth.url, mouth.url)), "--no-check"]
        assert main([*words, "--voice", "bert", "--out", str(tmp_path / "out")]) == 1
    assert "it has anna" in capsys.readouterr().err


def test_orders_are_as_many_as_asked_for_and_each_is_said_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with LyingEndpoint(sound, share=0.0) as mouth:
        words = ["data", "voices", "--recipe", str(recipe(tmp_path, mouth.url, mouth.url)), "--split", "", "--no-check"]
        asked = ["--texts", "orders", "--limit", "3", "--takes", "2", "--out", str(tmp_path / "out"), "--json"]
        assert main([*words, *asked]) == 0
    assert json.loads(capsys.readouterr().out)["written"] == 6
    rows = [json.loads(line) for line in (tmp_path / "out" / "clips.jsonl").read_text().splitlines()]
    assert len({row["id"] for row in rows}) == 6 and {row["line"] for row in rows} == {
        f"orders/{n}/0" for n in range(3)
    }
    assert all(row["slots"]["coffeeDrink"] in row["transcript"] for row in rows)
