"""`soundflow data index` and `data search`: what they print, what they refuse, and a corpus built from a store."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from soundflow.cli.main import main
from tests.data.build.clips import write_clips
from tests.data.layouts.forms import esc50, text

Output = pytest.CaptureFixture[str]


def run(words: str, output: Output) -> tuple[int, list[dict[str, object]], str]:
    """Exit code, the JSON lines of standard output, and standard error."""
    code = main(words.split())
    told = output.readouterr()
    return code, [json.loads(line) for line in told.out.splitlines()], told.err


def test_two_folders_and_a_text_become_one_store_that_is_searched(tmp_path: Path, capsys: Output) -> None:
    clips, other, store = write_clips(tmp_path / "clips"), esc50(tmp_path / "esc"), tmp_path / "a.store"
    chats = text(tmp_path / "chats.jsonl", '{"question": "Why?", "answer": "Because."}', "{broken")
    words = f"data index {clips} {other} {chats} --out {store} --json"
    code, (result,), told = run(words, capsys)
    assert code == 0 and result["layouts"] == {"own": 1, "esc50": 1} and result["texts"] == 1
    assert result["clips"] == result["added"] and "left out chats.jsonl, line 2" in told
    code, (again,), _ = run(words, capsys)
    assert again["added"] == 0 and again["kept"] == result["clips"]
    code, hits, _ = run(f"data search {store} siren --role foreground --licence CC0 --json", capsys)
    assert code == 0 and len(hits) == 3 and {hit["label"] for hit in hits} == {"siren"}
    code, hits, _ = run(f"data search {store} siren --top 9 --max-seconds 1.5 --json", capsys)
    assert [hit["id"] for hit in hits] == ["siren0"]
    assert (
        run(f"data search {store} dog --split train --licence CC-BY-3 --json", capsys)[1][0]["id"]
        == "esc50/1-100032-A-0"
    )
    assert run(f"data search {store} because --texts --json", capsys)[1][0]["turns"] == [["Why?", "Because."]]
    for words in ("xylophone", "xylophone --texts"):
        code, hits, told = run(f"data search {store} {words} --json", capsys)
        assert (code, hits) == (0, []) and "nothing was found" in told


@pytest.mark.parametrize(
    "option",
    [
        "--by nano",
        "--role foreground",
        "--licence CC0",
        "--split test",
        "--min-seconds 1",
        "--max-seconds 9",
        "--exact",
    ],
)
def test_what_only_clips_have_is_refused_where_texts_are_searched(option: str, capsys: Output) -> None:
    code, hits, told = run(f"data search a.store why --texts {option}", capsys)
    assert (code, hits) == (2, []) and "search.texts" in told and option.split()[0] in told
    code, hits, told = run("data search a.store --like a.wav --texts", capsys)
    assert (code, hits) == (2, []) and "--texts with --like" in told


def test_a_corpus_from_a_store_is_the_corpus_from_its_folder(tmp_path: Path, capsys: Output) -> None:
    clips, store = write_clips(tmp_path / "clips"), tmp_path / "a.store"
    assert main(["data", "index", str(clips), "--out", str(store), "--json"]) == 0
    capsys.readouterr()
    sums: list[object] = []
    for place in (clips, store):
        out = tmp_path / f"out{len(sums)}"
        words = f"data build recipes/corpus.toml --clips {place} --streams 3 --out {out} --json"
        code, (built,), _ = run(f"{words} --cache {tmp_path / 'cache'}", capsys)
        assert code == 0 and built["streams"]
        sums.append(built["sha256"])
    assert sums[0] == sums[1]
    again = f"data build recipes/corpus.toml --clips {store} --streams 3 --out {tmp_path / 'out1'} --json"
    assert run(f"{again} --cache {tmp_path / 'cache'}", capsys)[1][0]["kept"]


def test_what_sounds_alike_is_found_by_a_models_own_ears(tmp_path: Path, capsys: Output, model_folder: Path) -> None:
    folder, store = tmp_path / "in", tmp_path / "a.store"
    folder.mkdir()
    sounds = {"hiss": np.random.default_rng(0).normal(0, 0.1, 16_000), "hum": np.sin(np.arange(16_000) / 30)}
    for name, samples in sounds.items():
        soundfile.write(folder / f"{name}.wav", 0.5 * samples, 16_000)
    rows = [json.dumps({"id": name, "path": f"{name}.wav", "label": "noise"}) for name in sounds]
    text(folder / "clips.jsonl", *rows)
    code, (result,), _ = run(f"data index {folder} --out {store} --embed {model_folder} --json", capsys)
    assert code == 0 and result["vectors"] == 2
    code, hits, told = run(
        f"data search {store} --like {folder / 'hum.wav'} --by {model_folder} --top 1 --json", capsys
    )
    assert (code, told) == (0, "") and hits[0]["id"] == "hum" and abs(float(str(hits[0]["rank"]))) < 1e-2
    assert run(f"data search {store} noise --by {model_folder} --json", capsys)[0] == 2  # it does not read


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("data search a.store", 2, "words or --like"),
        ("data search a.store dog --like b.wav", 2, "words or --like"),
        ("data search nothing.store dog", 1, "no store nothing.store"),
        ("data index nowhere --out a.store", 1, "neither a folder"),
        ("data index . --out a.store --embed bert:x", 1, ""),
    ],
)
def test_what_makes_no_sense_is_one_line(
    words: str, code: int, says: str, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found, lines, told = run(words, capsys)
    assert found == code and not lines and says in told and len(told.splitlines()) == 1


def test_a_store_without_vectors_says_how_to_get_them(tmp_path: Path, capsys: Output) -> None:
    store = tmp_path / "a.store"
    assert main(["data", "index", str(esc50(tmp_path / "in")), "--out", str(store)]) == 0
    capsys.readouterr()
    code, _, told = run(f"data search {store} --like {tmp_path / 'in' / 'audio' / '1-100032-A-0.wav'}", capsys)
    assert code == 1 and "has no vectors" in told and "--embed" in told
