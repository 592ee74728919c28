"""`soundflow bench report`: files of results in, one page and its Markdown out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soundflow.cli.main import main
from tests.bench.report.results import EVERY


def test_a_page_and_its_markdown(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(EVERY["mini"]) + "\n" + json.dumps(EVERY["house"]) + "\n")
    (tmp_path / "b.json").write_text(json.dumps(EVERY["calibrate"]) + "\n")
    out = tmp_path / "page.html"
    assert main(["bench", "report", str(tmp_path / "a.json"), str(tmp_path / "b.json"), "--out", str(out)]) == 0
    page, text = out.read_text(), out.with_suffix(".md").read_text()
    assert page.count("<h2>") == 3 and "An hour in a house" in page and "<svg" in page
    assert text.count("\n## ") == 3 and "soundflow bench" in text


def test_what_is_no_result_leaves_no_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.json").write_text('{"benchmark": "x"}\n')
    assert main(["bench", "report", str(tmp_path / "a.json"), "--out", str(tmp_path / "page.html")]) == 1
    assert "no section" in capsys.readouterr().err and not (tmp_path / "page.html").exists()


def test_a_page_that_its_markdown_would_write_over_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.json").write_text(json.dumps(EVERY["mini"]) + "\n")
    assert main(["bench", "report", str(tmp_path / "a.json"), "--out", str(tmp_path / "page.md")]) == 2
    assert "error bench.report: " in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
