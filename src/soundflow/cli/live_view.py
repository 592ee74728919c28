"""The live view on a terminal: a lane of chunks, p(speak), latency, and the replies above them.

Tests: tests/cli/test_live_view.py.
"""

from __future__ import annotations

import time
from itertools import groupby
from statistics import median
from types import TracebackType
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from soundflow.cli.view import Heading, Recent, glyphs_for, minutes, notice, summary, title
from soundflow.stream.events import Decision, End, Error, Event, Memory, ReplyDelta, ReplyEnd, ReplyStart

_FRAME_SECONDS = 1 / 15  # between two drawings; chosen, calm to look at and cheap
_MARGIN = 11  # columns left of the lane
_LIVELY = {"urgent": "bold red"}  # tones that must catch the eye


class LiveView:
    """Draws the newest part of the stream; finished replies stay in the scroll-back."""

    def __init__(self, heading: Heading, out: TextIO, console: Console | None = None) -> None:
        self._heading = heading
        self._console = console or Console(file=out, highlight=False)
        self._glyphs = glyphs_for(out)
        self._recent = Recent(self._glyphs)
        self._live = Live(console=self._console, auto_refresh=False, transient=False)
        self._drawn_at = 0.0
        self._speaking = ""
        self._emotion: str | None = None
        self._said_at = 0.0

    def show(self, event: Event) -> None:
        """Take an event in and draw, at most fifteen times a second."""
        match event:
            case Decision():
                self._recent.add(event)
            case ReplyStart():
                self._speaking, self._emotion, self._said_at = "", event.emotion, event.at
            case ReplyDelta():
                self._speaking += event.text
            case ReplyEnd():
                self._speaking = ""
                self._live.console.print(self._reply(event.text.strip(), event.emotion))
            case Error() | Memory():
                if text := notice(event):
                    self._live.console.print(Text(text, style="yellow"))
            case End():
                self._draw(closing=summary(event, self._glyphs.dash))
                return
        if time.monotonic() - self._drawn_at >= _FRAME_SECONDS:
            self._draw()

    def __enter__(self) -> LiveView:
        self._console.print(Text(title(self._heading, self._glyphs.dash), style="bold"))
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def _draw(self, closing: str | None = None) -> None:
        self._drawn_at = time.monotonic()
        rows = [self._row("decisions", self._lane()), self._row("p(speak)", self._levels())]
        if closing is not None:
            rows.append(Text(closing, style="bold"))
        else:
            rows.append(Text(self._state(), style="dim"))
            if self._speaking:
                rows.append(self._reply(self._speaking, self._emotion))
        self._live.update(Group(*rows), refresh=True)

    def _row(self, name: str, content: Text) -> Text:
        return Text.assemble((f"{name:<{_MARGIN}}", "dim"), content, no_wrap=True)

    def _width(self) -> int:
        return max(1, self._console.width - _MARGIN - 1)

    def _lane(self) -> Text:
        styles = {self._glyphs.silent: "green", self._glyphs.response: "bold red", self._glyphs.waiting: "red"}
        text = Text()
        for mark, run in groupby(list(self._recent.lane)[-self._width() :]):
            text.append("".join(run), styles.get(mark, ""))
        return text

    def _levels(self) -> Text:
        return Text("".join(list(self._recent.levels)[-self._width() :]), style="cyan")

    def _state(self) -> str:
        recent = self._recent
        if not recent.latencies_ms:
            return "listening"
        newest, middle = recent.latencies_ms[-1], median(recent.latencies_ms)
        return f"{minutes(recent.seconds)} heard, decision {recent.chunks} took {newest:.1f} ms (median {middle:.1f})"

    def _reply(self, text: str, emotion: str | None) -> Text:
        line = Text(f"{minutes(self._said_at):>8}  ", style="dim")
        tone = emotion or "plain"
        return line.append(f"{tone}: ", _LIVELY.get(tone, "bold cyan")).append(text, "default")
