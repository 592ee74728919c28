"""Draws docs/images/listen.svg: what `soundflow listen kitchen` shows on a terminal, from a real run.

`python docs/images/draw.py`, from the repository's root, with soundflow installed.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import torch
from rich.console import Console

from soundflow.api import load, open_source
from soundflow.cli.live_view import LiveView
from soundflow.cli.view import Heading

COLUMNS = 112


def main(source: str = "kitchen", instruction: str | None = None) -> None:
    """Hear the source once and write the picture beside this file."""
    torch.set_num_threads(1)
    model = load()
    config = model.config
    # not a terminal: the live part is printed once, at its end
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=False, highlight=False)
    heading = Heading(source, model.name, instruction or config.default_instruction, config.chunk_seconds)
    session = model.session(instruction)
    with LiveView(heading, sys.stdout, console) as view:
        for block in open_source(source, config.chunk_samples):
            for event in session.feed(block):
                view.show(event)
        for event in session.end():
            view.show(event)
    target = Path(__file__).with_name("listen.svg")
    picture = console.export_svg(title=f"soundflow listen {source}", unique_id="listen")
    # a picture fetches nothing: whoever looks at it has a font of their own
    picture = re.sub(r"\s*@font-face \{.*?\}", "", picture, flags=re.DOTALL).replace("Fira Code", "monospace")
    target.write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
