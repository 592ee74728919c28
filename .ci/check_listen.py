"""Checks what `soundflow listen kitchen` printed: decisions of both kinds, and a reply that names the dangerous sound.

`python .ci/check_listen.py TEXT JSON`: the first file is what the README's first line wrote to the terminal, the
second what `soundflow listen kitchen --json` wrote.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

# Words for the dangerous sound of the packaged example `kitchen`.
DANGER = ("glass",)


def faults(text: str, events: list[dict[str, object]]) -> list[str]:
    """What is wrong with an output, one sentence each; empty when all is well."""
    found: list[str] = []
    decisions = [e["decision"] for e in events if e["type"] == "decision"]
    replies = [str(e["text"]) for e in events if e["type"] == "reply.end"]
    if "silent" not in decisions or "response" not in decisions:
        found.append(f"{len(decisions)} decisions, of them {decisions.count('response')} to speak; expected both kinds")
    if not any(word in reply.lower() for reply in replies for word in DANGER):
        found.append(f"no reply names the dangerous sound ({', '.join(DANGER)}): {replies}")
    if not events or events[-1]["type"] != "end":
        found.append("the stream does not close with an `end` event")
    plain = " ".join(text.split()).lower()
    if not any(word in plain for word in DANGER):
        found.append("the README's first line printed no reply that names the dangerous sound")
    return found


def main(arguments: list[str]) -> int:
    """Print the faults; 1 when there are any."""
    text, lines = (Path(name).read_text(encoding="utf-8") for name in arguments)
    found = faults(text, [json.loads(line) for line in lines.splitlines()])
    for fault in found:
        print(f"listen: {fault}", file=sys.stderr)
    if not found:
        print("listen: decisions of both kinds, and the reply names the sound")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
