"""The live view, drawn on a console that keeps what it is given."""

from __future__ import annotations

import io

from rich.console import Console

from soundflow.cli.live_view import LiveView
from soundflow.cli.view import Heading
from soundflow.stream.events import Decision, End, Error, Event, ReplyDelta, ReplyEnd, ReplyStart

HEADING = Heading("kitchen", "nano", "Speak up.", 0.4)


def drawn(*events: Event, width: int = 60) -> str:
    """Everything the console was given."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=width, color_system=None, legacy_windows=False)
    with LiveView(HEADING, io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), console) as view:
        for event in events:
            view.show(event)
    return out.getvalue()


def decision(chunk: int, p: float) -> Decision:
    """One chunk's decision."""
    return Decision(chunk, chunk * 0.4, (chunk + 1) * 0.4, "response" if p >= 0.5 else "silent", p, 4.0, 1)


def test_lane_replies_and_summary_are_drawn() -> None:
    text = drawn(
        decision(0, 0.0), decision(1, 1.0), ReplyStart(0, 1, 0.8, "urgent"), ReplyDelta(0, "Glass broke."),
        ReplyEnd(0, "Glass broke.", "urgent", "eos", 3, 5.0), decision(2, 0.0),
        Error("stream.queue_full", "2 chunks dropped", "use a faster machine"), End(1.2, 3, 1, 4.0, 6.0, 0.01),
    )  # fmt: skip
    assert "kitchen · nano · Speak up." in text
    assert "urgent: Glass broke." in text
    assert "·█·" in text and "▁█▁" in text
    assert "2 chunks dropped" in text
    assert "1.2 s heard · 3 chunks · 1 reply" in text


def test_an_hour_of_stream_never_outgrows_the_screen() -> None:
    text = drawn(*(decision(k, 0.0) for k in range(9000)), End(3600.0, 9000, 0, 4.0, 6.0, 0.01), width=40)
    assert max(len(line) for line in text.replace("\r", "\n").splitlines()) < 120
    assert "9000 chunks" in text
