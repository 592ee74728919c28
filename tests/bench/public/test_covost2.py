"""CoVoST 2: the join of two tables, the target language's joiner, gold and silence."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from soundflow.bench.public import covost2
from soundflow.bench.rows import Answers, read_answers
from soundflow.errors import InputError
from tests.bench.public.made import Talker, write_sounds
from tests.bench.published import benchmarks


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three clips: one for the test, one for training, one that nobody validated."""
    (tmp_path / "validated.tsv").write_text("client_id\tpath\tsentence\nc\ta.mp3\tHello.\nc\tb.mp3\tBye.\n")
    (tmp_path / "covost_v2.en_zh-CN.tsv").write_text(
        "path\ttranslation\tsplit\na.mp3\t你好，世界！\ttest\nb.mp3\t再见。\ttrain\nc.mp3\t早。\ttest\n",
        encoding="utf-8",
    )
    write_sounds(tmp_path, "clips/a.wav")
    return tmp_path


def test_gold_scores_all_and_silence_nothing(folder: Path) -> None:
    items = covost2.load(folder, "en_zh")
    assert [(item.id, item.fields["source"]) for item in items] == [("a", "Hello.")]
    assert covost2.score(items, Answers({"a": "你好，世界！"}), "en_zh")["bleu"] == pytest.approx(100)
    assert covost2.score(items, Answers({}), "en_zh")["bleu"] == 0


@pytest.mark.parametrize("table_in", ["zh-CN", "covost"])
def test_the_other_languages_list_is_not_taken(tmp_path: Path, table_in: str) -> None:
    for language in ("en", "zh-CN"):
        write_sounds(tmp_path, f"{language}/clips/{language}1.wav")
        row = f"client_id\tpath\tsentence\nc\t{language}1.mp3\tsaid in {language}\n"
        (tmp_path / language / "validated.tsv").write_text(row)
    (tmp_path / table_in).mkdir(exist_ok=True)
    table = tmp_path / table_in / "covost_v2.zh-CN_en.tsv"
    table.write_text("path\ttranslation\tsplit\nzh-CN1.mp3\tHello.\ttest\n")
    (item,) = covost2.load(tmp_path, "zh_en")
    assert item.fields["source"] == "said in zh-CN" and item.sounds[0].is_file()
    table.write_text("path\ttranslation\tsplit\nelsewhere.mp3\tHello.\ttest\n")
    with pytest.raises(InputError, match="with a test clip"):
        covost2.load(tmp_path, "zh_en")


def test_chinese_pieces_are_joined_without_blanks(folder: Path) -> None:
    items, model = covost2.load(folder, "en_zh"), Talker("你好，", "世界！")
    list(covost2.run(model, items, folder / "out.jsonl", "en_zh"))
    assert read_answers(folder / "out.jsonl").outputs == {"a": "你好，世界！"}
    assert model.asked == [(2.1, covost2.PROMPTS["en_zh"])]


def test_the_published_sample_loads(tmp_path: Path) -> None:
    samples = benchmarks() / "samples"
    shutil.copy(samples / "covost_v2.en_zh-CN.tsv", tmp_path)
    shutil.copy(samples / "common_voice_validated_en.tsv", tmp_path / "validated.tsv")
    items = covost2.load(tmp_path, "en_zh")
    answers = Answers({item.id: item.fields["ref"] for item in items})
    assert len(items) == 8 and covost2.score(items, answers, "en_zh")["bleu"] == pytest.approx(100)
