"""How a stream looks: JSON lines, plain lines, or a live view on a terminal. Tests: tests/cli/test_view.py."""

from __future__ import annotations

import sys
from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, TextIO

from soundflow.stream.events import Decision, End, Error, Event, Memory, ReplyDelta, ReplyEnd, ReplyStart

ROW_CHUNKS = 75  # chunks in one row of the plain lane: 30 s at 0.4 s; chosen


@dataclass(frozen=True)
class Heading:
    """What is being heard, by which model, and what for."""

    source: str
    model: str
    instruction: str
    chunk_seconds: float


@dataclass(frozen=True)
class Glyphs:
    """The signs of the lane: a silent chunk, one that was answered, one heard while a reply was spoken, p in steps."""

    silent: str
    response: str
    waiting: str
    levels: str
    dash: str

    def mark(self, event: Decision) -> str:
        """One sign for each chunk that a decision covers."""
        last = self.response if event.decision == "response" else self.silent
        return self.waiting * (event.chunks - 1) + last

    def level(self, event: Decision) -> str:
        """p(response) as a bar; chunks nobody decided on stay blank."""
        steps = len(self.levels)
        return " " * (event.chunks - 1) + self.levels[min(int(event.p_response * steps), steps - 1)]


UNICODE = Glyphs("·", "█", "▒", "▁▂▃▄▅▆▇█", "·")
ASCII = Glyphs(".", "#", "~", " .:-=+*#", "-")


def glyphs_for(stream: TextIO) -> Glyphs:
    """Bars where the stream's encoding has them, ASCII elsewhere."""
    try:
        UNICODE.levels.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


class View(Protocol):
    """Shows events as they come."""

    def show(self, event: Event) -> None:
        """Show one event."""
        ...

    def __enter__(self) -> View: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def view_for(heading: Heading, as_json: bool, stream: TextIO | None = None) -> View:
    """JSON when asked for, the live view on a terminal, plain lines elsewhere."""
    out = stream or sys.stdout
    if as_json:
        return JsonView(out)
    if out.isatty():
        from soundflow.cli.live_view import LiveView

        return LiveView(heading, out)
    return PlainView(heading, out)


class JsonView:
    """One event a line, at once, and nothing else."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def show(self, event: Event) -> None:
        """Write the event's line."""
        self._out.write(event.to_json() + "\n")
        self._out.flush()

    def __enter__(self) -> JsonView:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class PlainView:
    """A line for each reply, a row of the lane every 75 chunks, and a summary; for pipes, files and logs."""

    def __init__(self, heading: Heading, out: TextIO) -> None:
        self._heading = heading
        self._out = out
        self._glyphs = glyphs_for(out)
        self._lane = self._levels = ""
        self._row_start = 0.0
        self._is_headed = False
        self._said_at: dict[int, float] = {}

    def show(self, event: Event) -> None:
        """Write what the event adds; the heading comes with the first, so that a failed start writes nothing."""
        if not self._is_headed:
            self._is_headed = True
            self._line(title(self._heading, self._glyphs.dash))
        match event:
            case Decision():
                self._lane += self._glyphs.mark(event)
                self._levels += self._glyphs.level(event)
                if len(self._lane) >= ROW_CHUNKS:
                    self._end_row(event.end)
            case ReplyStart():
                self._said_at[event.reply] = event.at
            case ReplyEnd():
                self._line(reply_line(event, self._said_at.pop(event.reply, 0.0)))
            case Error() | Memory():
                if text := notice(event):
                    print(text, file=sys.stderr)
            case End():
                self._end_row(event.seconds)
                self._line(summary(event, self._glyphs.dash))
            case ReplyDelta():
                pass

    def __enter__(self) -> PlainView:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def _end_row(self, now: float) -> None:
        if self._lane:
            self._line(f"  decisions  {minutes(self._row_start)} |{self._lane}| {minutes(now)}")
            self._line(f"  p(speak)   {minutes(self._row_start)} |{self._levels}| {minutes(now)}")
        self._lane = self._levels = ""
        self._row_start = now

    def _line(self, text: str) -> None:
        encoding = self._out.encoding or "utf-8"
        self._out.write(text.encode(encoding, "replace").decode(encoding) + "\n")
        self._out.flush()


class Recent:
    """The newest part of a stream, as much as a screen can show."""

    def __init__(self, glyphs: Glyphs, chunks: int = 400) -> None:
        self._glyphs = glyphs
        self.lane: deque[str] = deque(maxlen=chunks)
        self.levels: deque[str] = deque(maxlen=chunks)
        self.latencies_ms: deque[float] = deque(maxlen=chunks)
        self.seconds = 0.0
        self.chunks = 0

    def add(self, event: Decision) -> None:
        """Take one decision in."""
        self.lane.extend(self._glyphs.mark(event))
        self.levels.extend(self._glyphs.level(event))
        self.latencies_ms.append(event.latency_ms)
        self.seconds = event.end
        self.chunks = event.chunk + 1


def title(heading: Heading, dash: str = "·") -> str:
    """The first line: source, model and instruction."""
    return f"{heading.source} {dash} {heading.model} {dash} {heading.instruction}"


def reply_line(event: ReplyEnd, at: float) -> str:
    """When, in which tone, and what was said."""
    cut = "" if event.reason == "eos" else f" [{event.reason}]"
    return f"  {minutes(at)}  {event.emotion or 'plain'}: {event.text.strip()}{cut}"


def notice(event: Error | Memory) -> str | None:
    """A line for standard error; forgetting the oldest sound is ordinary and gets none."""
    return f"soundflow: {event.code}: {event.message} — {event.hint}" if isinstance(event, Error) else None


def summary(event: End, dash: str = "·") -> str:
    """The last line: how much was heard, what came of it, and how fast."""
    times = "x" if dash.isascii() else "×"
    parts = [f"{event.seconds:.1f} s heard", _count(event.chunks, "chunk"), _count_replies(event.replies)]
    if event.latency_ms_p50 is not None and event.latency_ms_p95 is not None:
        parts.append(f"{event.latency_ms_p50:.1f} ms a decision (p95 {event.latency_ms_p95:.1f})")
    if event.real_time_factor:
        parts.append(f"{1 / event.real_time_factor:.0f}{times} real time")
    return f" {dash} ".join(parts)


def minutes(seconds: float) -> str:
    """Minutes and seconds of stream: 0:07.2."""
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths % 600 / 10:04.1f}"


def _count(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


def _count_replies(number: int) -> str:
    return "1 reply" if number == 1 else f"{number} replies"
