"""A small folder that has something for each of the 28 sub-tasks: tones that stand for sounds, words and music."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from soundflow.data.build.recipe import Recipe
from soundflow.data.build.run import Order
from tests.data.test_clips import write_folder

LABELS: dict[str, Any] = {
    "siren": {"proactive": True},
    "glass_breaking": {"proactive": True},
    "coughing": {"proactive": True},
    "hand_saw": {"proactive": True},
    "water_drops": {"proactive": True},
    "crying_person": {"proactive": True},
    "laughing": {"proactive": False},
    "cow": {"proactive": False},
    "rooster": {"proactive": False},
    "footsteps": {"proactive": False},
    "clock_tick": {"proactive": False},
    "washing_machine": {"proactive": False},
    "dog_bark": {"proactive": None},
}
DOMAINS = {
    "coughing": "Human Sound Signals / Physiological states",
    "crying_person": "Human Sound Signals / Emotion Expression",
    "hand_saw": "Equipment / Industrial Tools & Instruments",
    "water_drops": "Nature & Environment / Environment background",
}
SENTENCE = "Please hold the line until somebody has time for you"


def _row(name: str, label: str, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "path": f"{name}.wav",
        "label": label,
        "kind": kind,
        "split": "train",
        "licence": "CC0-1.0",
        "source": "tones",
        **more,
    }


def write_clips(folder: Path, **more: Any) -> Path:
    """The folder; `more` changes every row."""
    rows = [
        _row(f"{label}{i}", label, "event", length=1.4 + 0.2 * i, category=DOMAINS.get(label), **more)
        for label in LABELS
        for i in range(4)
    ]
    for i, word in enumerate(("one", "two", "three", "four", "five")):
        rows.append(_row(f"d{i}", "speech_digit", "speech", length=0.6, transcript=word, language="en", speaker="a"))
    for i in range(2):
        said = {"transcript": SENTENCE, "language": "en", "speaker": "b"}
        rows.append(_row(f"s{i}", "speech_prompt", "speech", length=3.0, **said))
    for i, word in enumerate(("动物", "安全", "时间")):
        said = {"transcript": word, "language": "zh", "speaker": "c"}
        rows.append(_row(f"z{i}", "speech_word_zh", "speech", length=0.8, **said))
    for i in range(2):
        said = {"transcript": "jarvis", "language": "en"}
        rows.append(_row(f"w{i}", "speech_wake_word", "speech", length=0.8, **said))
        slots = {"coffeeDrink": "latte", "size": "large", "milkAmount": "soy milk"}
        order = {"language": "en", "intent": "orderDrink", "slots": slots}
        rows.append(_row(f"o{i}", "speech_coffee_order", "speech", length=2.0, **order))
    for i, name in enumerate(("oboe", "cello", "triangle", "flute")):
        rows.append(_row(f"m{i}", "instrument_note", "music", length=1.5, instrument=name))
    rows.append(_row("tune", "music", "music", length=12.0))
    rows += [_row(f"b{i}", "background_places", "background", length=7.0) for i in range(2)]
    return write_folder(folder, rows, LABELS)


def order(tmp_path: Path, name: str = "out", seed: int = 0, **recipe: Any) -> Order:
    """An order over that folder."""
    folder = tmp_path / "clips"
    if not folder.exists():
        write_clips(folder)
    made = Recipe(**{"streams": 6, "streams_per_shard": 2, **recipe})
    return Order(made, seed, (str(folder),), str(tmp_path / "cache"), str(tmp_path / name))
