"""Downloads over a line that is cut, refused, changed or lies: whole and right, or one clear error."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundflow.data.fetch import download
from soundflow.data.fetch.catalogue import RemoteFile
from soundflow.data.fetch.download import fetch, recorded
from soundflow.errors import InputError, OutsideError
from tests.data.fetch.server import Served, serving

BODY = bytes(range(256)) * 40


def bring(served: Served, folder: Path, **published: object) -> tuple[download.Fetched, list[float]]:
    """Fetch what is served; the file, and how long was waited each time."""
    waits: list[float] = []
    file = RemoteFile(url=served.url, **published)  # type: ignore[arg-type]
    return fetch(file, folder, lambda done, whole: None, waits.append), waits


def test_a_file_comes_whole_and_is_recorded(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    with serving(BODY) as served:
        found = fetch(RemoteFile(served.url), tmp_path, lambda done, whole: told.append((done, whole)), lambda _: None)
    assert found.path == tmp_path / "file.bin" and found.path.read_bytes() == BODY
    assert told[-1] == (len(BODY), len(BODY)) and "none is published" in found.checked
    assert recorded(tmp_path)["file.bin"]["sha256"] == hashlib.sha256(BODY).hexdigest() == found.sha256
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fetched.json", "file.bin"]


@settings(max_examples=20)
@given(cuts=st.lists(st.integers(0, len(BODY)), max_size=6), has_ranges=st.booleans())
def test_however_the_line_is_cut_the_bytes_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], has_ranges: bool
) -> None:
    with serving(BODY) as served:
        served.cuts, served.has_ranges = cuts, has_ranges
        found, _ = bring(served, tmp_path_factory.mktemp("out"), sha256=hashlib.sha256(BODY).hexdigest())
    assert found.path.read_bytes() == BODY and found.checked == "published sha256"


def test_a_cut_file_goes_on_where_it_was_even_in_another_process(tmp_path: Path) -> None:
    with serving(BODY) as served:
        served.cuts, served.refusals = [1000], []
        served.refusals = []
        part = tmp_path / "file.bin.part"
        part.write_bytes(BODY[:300])
        (tmp_path / "file.bin.part.mark").write_text('"v1"', encoding="utf-8")
        bring(served, tmp_path)
        assert served.asked == ["bytes=300-", "bytes=1300-"]
    assert (tmp_path / "file.bin").read_bytes() == BODY


def test_another_version_is_never_joined_to_the_old_one(tmp_path: Path) -> None:
    with serving(BODY) as served:
        served.etag = '"v2"'
        (tmp_path / "file.bin.part").write_bytes(b"old" * 100)
        (tmp_path / "file.bin.part.mark").write_text('"v1"', encoding="utf-8")
        bring(served, tmp_path)
        (tmp_path / "file.bin").unlink()
        (tmp_path / "fetched.json").unlink()
        (tmp_path / "file.bin.part").write_bytes(b"whose?")  # no mark: it may be anything
        bring(served, tmp_path)
        assert served.asked == ["bytes=300-", ""]
    assert (tmp_path / "file.bin").read_bytes() == BODY


def test_a_part_that_is_longer_than_the_file_begins_anew(tmp_path: Path) -> None:
    with serving(BODY) as served:
        (tmp_path / "file.bin.part").write_bytes(BODY + b"more")
        (tmp_path / "file.bin.part.mark").write_text('"v1"', encoding="utf-8")
        assert bring(served, tmp_path)[0].path.read_bytes() == BODY


def test_a_part_that_is_whole_is_taken(tmp_path: Path) -> None:
    with serving(BODY) as served:
        (tmp_path / "file.bin.part").write_bytes(BODY)
        (tmp_path / "file.bin.part.mark").write_text('"v1"', encoding="utf-8")
        assert bring(served, tmp_path)[0].path.read_bytes() == BODY and len(served.asked) == 1


def test_a_server_that_begins_somewhere_else_is_not_believed(tmp_path: Path) -> None:
    with serving(BODY) as served:
        served.cuts, served.range_shift = [500], 7
        assert bring(served, tmp_path)[0].path.read_bytes() == BODY


def test_without_a_length_the_end_is_the_end(tmp_path: Path) -> None:
    with serving(BODY) as served:
        served.has_length = False
        assert bring(served, tmp_path)[0].bytes == len(BODY)


def test_a_wrong_digest_keeps_the_file_under_another_name(tmp_path: Path) -> None:
    with serving(BODY) as served:
        with pytest.raises(InputError, match=r"has the md5 .*, expected 0000") as caught:
            bring(served, tmp_path, md5="0" * 32)
        assert caught.value.code == "fetch.digest" and "file.bin.wrong" in caught.value.message
        assert sorted(p.name for p in tmp_path.iterdir()) == ["file.bin.wrong"]
        assert bring(served, tmp_path, md5=hashlib.md5(BODY).hexdigest())[0].checked == "published md5"


def test_a_wrong_length_is_noticed_where_no_digest_is_published(tmp_path: Path) -> None:
    with serving(BODY) as served, pytest.raises(InputError, match="length"):
        bring(served, tmp_path, bytes=len(BODY) + 1)


def test_later_downloads_must_equal_the_first(tmp_path: Path) -> None:
    with serving(BODY) as served:
        bring(served, tmp_path)
        (tmp_path / "file.bin").unlink()
        assert "first download" in bring(served, tmp_path)[0].checked
        assert bring(served, tmp_path)[0].was_there
        (tmp_path / "file.bin").write_bytes(b"changed on disk")
        with pytest.raises(InputError, match="expected"):
            bring(served, tmp_path)


@pytest.mark.parametrize("code", [403, 404, 410, 401])
def test_what_is_not_there_is_not_asked_for_again(tmp_path: Path, code: int) -> None:
    with serving(BODY) as served:
        served.refusals = [code]
        with pytest.raises(OutsideError, match=f"answered {code}") as caught:
            bring(served, tmp_path)
        assert len(served.asked) == 1 and served.url in caught.value.message and caught.value.exit_code == 3


def test_a_busy_server_is_asked_again_when_it_says(tmp_path: Path) -> None:
    with serving(BODY) as served:
        served.refusals, served.retry_after = [503, 429], "7"
        found, waits = bring(served, tmp_path)
    assert found.path.read_bytes() == BODY and waits == [7.0, 7.0]


def test_a_line_that_brings_nothing_is_given_up_and_keeps_what_came(tmp_path: Path) -> None:
    with serving(BODY) as served:
        served.cuts = [400] + [0] * 20
        waits: list[float] = []
        with pytest.raises(OutsideError, match="the connection was cut") as caught:
            fetch(RemoteFile(served.url), tmp_path, lambda *_: None, waits.append)
        assert "goes on there" in caught.value.hint and (tmp_path / "file.bin.part").read_bytes() == BODY[:400]
        assert waits == [0.0, 2.0, 4.0, 8.0, 16.0, 32.0]  # after something came at once, then longer and longer
        served.cuts = []
        assert bring(served, tmp_path)[0].path.read_bytes() == BODY


def test_nobody_at_the_address(tmp_path: Path) -> None:
    with serving(BODY) as served:
        gone = served.url
    with pytest.raises(OutsideError, match="cannot be fetched"):
        fetch(RemoteFile(gone), tmp_path, lambda *_: None, lambda _: None)


def test_a_folder_that_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with serving(BODY) as served, pytest.raises(OutsideError, match="cannot write"):
        bring(served, tmp_path / "file" / "inside")


def test_a_disk_that_is_too_full_is_noticed_before_anything_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=len(BODY) - 1))
    with serving(BODY) as served, pytest.raises(OutsideError, match="GB more") as caught:
        bring(served, tmp_path)
    assert caught.value.code == "fetch.space" and not (tmp_path / "file.bin.part").exists()


def test_a_damaged_record_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "fetched.json").write_text("{", encoding="utf-8")
    with serving(BODY) as served:
        bring(served, tmp_path)
    assert json.loads((tmp_path / "fetched.json").read_text(encoding="utf-8"))["file.bin"]["bytes"] == len(BODY)
