"""The table of sources: whole, well formed, and every layout's corpus is in it."""

from __future__ import annotations

import re

import pytest

from soundflow.data.fetch.catalogue import DIGESTS, RemoteFile, source, sources
from soundflow.data.layouts.recognise import LAYOUTS
from soundflow.errors import InputError, UsageError

DIGITS = {"md5": 32, "sha1": 40, "sha256": 64}


@pytest.mark.parametrize("name", sources())
def test_a_source_says_what_one_must_know(name: str) -> None:
    known = sources()[name]
    assert known.title and known.role and known.licence and known.terms.endswith(".") and known.page.startswith("http")
    assert bool(known.files) != bool(known.by_hand)
    assert len({file.url for file in known.files}) == len(known.files)
    assert len({file.name for file in known.files}) == len(known.files)
    for file in known.files:
        assert re.match(r"https?://[\w.-]+/\S+$", file.url) and file.name
        for algorithm in DIGESTS:
            digest = getattr(file, algorithm)
            assert digest is None or re.fullmatch(rf"[0-9a-f]{{{DIGITS[algorithm]}}}", digest)


def test_every_layout_that_is_read_can_be_looked_up() -> None:
    assert {layout.name for layout in LAYOUTS} - {"own"} <= set(sources())


def test_parts_are_chosen_by_name() -> None:
    librispeech = source("librispeech")
    assert "test-clean" in librispeech.parts and len(librispeech.chosen(())) == 7
    (file,) = librispeech.chosen(("test-clean",))
    assert file.digest == ("md5", "32fa31d27d2e1cad72775fee3f4849a9") and file.name == "test-clean.tar.gz"
    with pytest.raises(UsageError, match="no part 'tiny'") as caught:
        librispeech.chosen(("tiny",))
    assert "dev-clean" in caught.value.hint


def test_the_strongest_digest_counts() -> None:
    assert RemoteFile("http://x/a", md5="1", sha256="2").digest == ("sha256", "2")
    assert RemoteFile("http://x/a?b=c").digest is None and RemoteFile("http://x/a?b=c").name == "a"


def test_a_name_that_is_nearly_right() -> None:
    with pytest.raises(InputError) as caught:
        source("libri")
    assert "librispeech" in caught.value.hint
