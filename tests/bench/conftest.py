"""A folder of tones that no model was trained on."""

from __future__ import annotations

import pytest

from soundflow.data.clips import ClipStore
from tests.data.test_clips import write_folder


@pytest.fixture(scope="package")
def store(tmp_path_factory: pytest.TempPathFactory) -> ClipStore:
    """Two labels, one that calls and one that does not, and one background; no speech and no music."""
    folder = tmp_path_factory.mktemp("clips")
    labels = {"siren": {"display": "Siren", "proactive": True}, "cow": {"proactive": False}}
    common = {"kind": "event", "split": "test"}
    rows = [
        {"id": f"{label}{i}", "path": f"{label}{i}.wav", "label": label, "length": 1.0 + i} | common
        for label in labels
        for i in range(4)
    ]
    rows.append({"id": "b", "label": "room", "kind": "background", "split": "test", "length": 7.0, "path": "b.wav"})
    return ClipStore(write_folder(folder / "in", rows, labels), folder / "cache")
