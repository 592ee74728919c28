"""What an output in Proactive-Sound-Bench's tags says; knows only text. Tests: tests/bench/scorers/test_tags.py."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["RESPOND", "IGNORE", ""]  # "" where nothing can be read

_FLAGS = re.IGNORECASE | re.DOTALL
_DECISION = re.compile(r"<\s*Decision\s*>(.*?)<\s*/\s*Decision\s*>", _FLAGS)
_REPLY = re.compile(r"<\s*Reply\s*>(.*?)<\s*/\s*Reply\s*>", _FLAGS)
_WORD = re.compile(r"\b(RESPOND|IGNORE)\b", re.IGNORECASE)
_ERROR = "Error:"  # how the released runner marks a call that failed; case counts


@dataclass(frozen=True)
class Output:
    """One output, read: the decision, the reply, and whether it reports a failure instead of an answer."""

    decision: Verdict
    reply: str
    failed: bool

    def is_right(self, due: str) -> bool:
        """Whether the decision is the one that was due; no decision never is."""
        return self.decision != "" and self.decision == due

    @property
    def kept_by_released(self) -> bool:
        """Whether the released evaluator keeps such a row in its denominators."""
        return self.decision != "" and not self.failed


def read_output(text: str) -> Output:
    """Read the tags of an output, as the released evaluator does.

    The first `<Decision>` block counts, and in it the first whole word RESPOND or IGNORE; of `<Reply>` the first block.
    Case does not count, blanks may stand inside the angle brackets, a block that is not closed is none.

    Source: Proactive-Sound-Bench, core.py.
    """
    stripped = text.strip()
    return Output(_decision(_first(_DECISION, stripped)), _first(_REPLY, stripped), stripped.startswith(_ERROR))


def write_output(reply: str | None) -> str:
    """The tags of a decision: a reply is RESPOND, None is IGNORE."""
    if reply is None:
        return "<Decision>IGNORE</Decision>\n<Reply>No Reply</Reply>"
    return f"<Decision>RESPOND</Decision>\n<Reply>{reply}</Reply>"


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found.group(1).strip() if found else ""


def _decision(block: str) -> Verdict:
    found = _WORD.search(block)
    word = found.group(1).upper() if found else ""
    if word == "RESPOND":
        return "RESPOND"
    return "IGNORE" if word == "IGNORE" else ""  # a dotted capital I matches without case and is neither word
