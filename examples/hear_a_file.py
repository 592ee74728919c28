"""Hear a recording and print what is said about it: `python examples/hear_a_file.py [FILE]`."""

from __future__ import annotations

import sys

import soundflow


def main(source: str = "kitchen") -> None:
    """Print each reply with its time, and how fast it all was."""
    model = soundflow.load("nano")
    said_at = 0.0
    for event in soundflow.listen(source, model=model):
        match event:
            case soundflow.ReplyStart():
                said_at = event.at
            case soundflow.ReplyEnd():
                print(f"{said_at:5.1f} s  {event.emotion}: {event.text}")
            case soundflow.End():
                print(f"{event.chunks} decisions in {event.seconds:.1f} s of sound")


if __name__ == "__main__":
    main(*sys.argv[1:2])
