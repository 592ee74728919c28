"""Fixtures of the stages' tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.train.corpora import write_corpus


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished corpus of eight streams that nobody changes."""
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    return write_corpus(tmp_path_factory.mktemp("corpora") / "corpus")
