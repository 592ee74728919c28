"""Figures, page and picture of a small corpus."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundflow.data.build.corpus import find_stream, read_index, read_quarantine
from soundflow.data.build.run import build
from soundflow.data.report.inspect import draw_stream
from soundflow.data.report.page import page, write_page
from soundflow.data.report.stats import PARTS, Stats, stats_of
from tests.data.build.clips import order


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    build(order(folder, tasks={"health_and_comfort": 2.0, "asr_mandarin": 1.0}))
    return folder / "out"


@pytest.fixture(scope="module")
def stats(corpus: Path) -> Stats:
    return stats_of(read_index(corpus), read_quarantine(corpus))


def test_counts_are_of_the_index(corpus: Path, stats: Stats) -> None:
    assert stats.streams == 6 and stats.sub_tasks["health_and_comfort"] == 4
    assert stats.capabilities["real_time_asr"] == 2 and len(stats.absent) == 26
    assert all(sum(h.counts) == 6 for h in stats.histograms if h.name != "words")
    assert stats.responses == sum(row["responses"] for row in read_index(corpus))


def test_speech_that_stands_in_for_a_corpus_is_counted(stats: Stats) -> None:
    assert stats.stand_ins == {"asr_mandarin, in place of AISHELL": 2}


def test_uncovered_domains_are_named(stats: Stats) -> None:
    assert len(PARTS) == 17
    assert "Human Sound Signals / Physiological states" not in stats.uncovered
    assert "Traffic / Large Traffic" in stats.uncovered


def test_the_page_is_one_file_without_script(stats: Stats, tmp_path: Path) -> None:
    write_page(stats, "<mine>", tmp_path / "p.html")
    text = (tmp_path / "p.html").read_text()
    assert text == page(stats, "<mine>") and "&lt;mine&gt;" in text
    assert "<script" not in text and "http" not in text
    assert "health_and_comfort" in text and "without a stream: " in text


def test_a_stream_is_drawn(corpus: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    draw_stream(find_stream(corpus, "1"), tmp_path / "s.png")
    assert (tmp_path / "s.png").read_bytes()[:4] == b"\x89PNG"
