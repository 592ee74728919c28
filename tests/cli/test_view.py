"""Plain and JSON views, sign by sign."""

from __future__ import annotations

import io
import json

import pytest

from soundflow.cli.view import (
    ASCII,
    UNICODE,
    Glyphs,
    Heading,
    JsonView,
    PlainView,
    glyphs_for,
    minutes,
    summary,
    view_for,
)
from soundflow.stream.events import Decision, End, Error, Memory, ReplyDelta, ReplyEnd, ReplyStart

HEADING = Heading("kitchen", "nano", "Speak up.", 0.4)
END = End(seconds=1.6, chunks=4, replies=1, latency_ms_p50=4.0, latency_ms_p95=6.25, real_time_factor=0.01)


def decision(chunk: int, p: float, chunks: int = 1) -> Decision:
    """A decision that answers from 0.5."""
    name = "response" if p >= 0.5 else "silent"
    return Decision(chunk, (chunk + 1 - chunks) * 0.4, (chunk + 1) * 0.4, name, p, 4.0, chunks)  # type: ignore[arg-type]


def reply(text: str = "Glass broke.", reason: str = "eos") -> ReplyEnd:
    """The end of reply 0."""
    return ReplyEnd(0, text, "urgent", reason, 3, 5.0)  # type: ignore[arg-type]


def shown(*events: object, encoding: str = "utf-8") -> str:
    """What the plain view writes."""
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    with PlainView(HEADING, out) as view:
        for event in events:
            view.show(event)  # type: ignore[arg-type]
    out.seek(0)
    return out.read()


def test_plain_view_line_by_line() -> None:
    text = shown(
        decision(0, 0.0), decision(1, 1.0), ReplyStart(0, 1, 0.8, "urgent"), ReplyDelta(0, "Glass"), reply(),
        decision(3, 0.5, chunks=2), END,
    )  # fmt: skip
    assert text.splitlines() == [
        "kitchen · nano · Speak up.",
        "  0:00.8  urgent: Glass broke.",
        "  decisions  0:00.0 |·█▒█| 0:01.6",
        "  p(speak)   0:00.0 |▁█ ▅| 0:01.6",
        "1.6 s heard · 4 chunks · 1 reply · 4.0 ms a decision (p95 6.2) · 100× real time",
    ]


def test_a_long_stream_gives_a_row_every_thirty_seconds() -> None:
    rows = [line for line in shown(*(decision(k, 0.0) for k in range(160))).splitlines() if "decisions" in line]
    assert [row.split("|")[0].split()[-1] for row in rows] == ["0:00.0", "0:30.0"]


def test_a_reply_that_was_cut_says_why() -> None:
    assert "Glass broke. [length]" in shown(ReplyStart(0, 1, 0.8, None), reply(reason="length"))


def test_ascii_terminals_get_ascii() -> None:
    text = shown(decision(0, 0.0), decision(1, 1.0), reply("Café – hot."), END, encoding="ascii")
    assert text.isascii() and "|.#|" in text


def test_errors_of_the_stream_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(Error("stream.queue_full", "2 chunks dropped", "use a faster machine"), Memory(0.4, 0))
    assert text.splitlines() == ["kitchen · nano · Speak up."]
    assert capsys.readouterr().err == "soundflow: stream.queue_full: 2 chunks dropped — use a faster machine\n"


def test_json_view_writes_each_event_at_once() -> None:
    out = io.StringIO()
    with JsonView(out) as view:
        view.show(decision(0, 0.25))
        assert json.loads(out.getvalue())["p_response"] == 0.25
        view.show(END)
    assert [json.loads(line)["type"] for line in out.getvalue().splitlines()] == ["decision", "end"]


def test_the_view_follows_the_stream() -> None:
    assert isinstance(view_for(HEADING, False, io.StringIO()), PlainView)
    assert isinstance(view_for(HEADING, True, io.StringIO()), JsonView)


def test_an_empty_stream_has_a_summary_without_figures() -> None:
    assert summary(End(0.0, 0, 0, None, None, None)) == "0.0 s heard · 0 chunks · 0 replies"


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00.0"), (7.24, "0:07.2"), (59.96, "1:00.0"), (3601, "60:01.0")])
def test_minutes(seconds: float, text: str) -> None:
    assert minutes(seconds) == text


def test_glyphs_follow_the_encoding() -> None:
    assert glyphs_for(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")) is UNICODE
    assert glyphs_for(io.TextIOWrapper(io.BytesIO(), encoding="latin-1")) is ASCII


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.999, 1.0])
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_each_covered_chunk_gets_one_sign(p: float, glyphs: Glyphs) -> None:
    event = decision(4, p, chunks=3)
    assert len(glyphs.mark(event)) == len(glyphs.level(event)) == 3
