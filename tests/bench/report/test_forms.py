"""One page that needs nothing else, and the same as Markdown; whatever a name holds is shown, never run."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from soundflow.bench.report.document import Plot, Report, Section, Series, Table
from soundflow.bench.report.forms import to_html, to_markdown
from soundflow.bench.report.sections import section
from tests.bench.report.results import EVERY

WHOLE = Report("Figures", tuple(section(result) for result in EVERY.values()), (("commit", "abc"),))


class Tags(HTMLParser):
    """Checks that every tag that opens closes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_fetches_nothing() -> None:
    page = to_html(WHOLE)
    tags = Tags()
    tags.feed(page)
    assert not tags.open and {"svg", "table", "style", "dl"} <= tags.seen
    assert not tags.seen & {"script", "link", "img", "iframe"}
    assert not re.search(r"https?://|url\(|@import", page)


def test_what_comes_from_outside_is_only_text() -> None:
    bad = "<script>alert(1)</script>"
    table = Table(bad, (bad,), ((bad,),), notes=(bad,))
    plot = Plot(bad, bad, bad, (Series(bad, ((0, 1), (1, 2))), Series("b", ((0, 1),), is_line=False)))
    page = to_html(Report(bad, (Section(bad, (bad,), (table,), (plot,), ((bad, bad),)),), ((bad, bad),)))
    assert "<script" not in page and "&lt;script&gt;" in page


def test_markdown_says_the_same() -> None:
    text = to_markdown(WHOLE)
    assert "# Figures" in text and "- commit: abc" in text and "| **nano on our recordings** |" in text
    for found in WHOLE.sections:
        assert f"## {found.title}" in text
    assert "1. " in text, "footnotes are numbered"


@pytest.mark.parametrize("cell", ["a|b", "|"])
def test_a_bar_does_not_break_a_table(cell: str) -> None:
    made = Report("t", (Section("s", (), (Table("c", ("x",), ((cell,),)),)),), ())
    assert cell.replace("|", "\\|") in to_markdown(made)
