"""A store in object storage: fetched, changed and published over S3's own protocol, and what may go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from soundflow.data.clips import ClipStore, clips_sha256
from soundflow.data.store.index import ClipIndex
from soundflow.data.store.indexing import index_places, plan
from soundflow.data.store.remote import address, copy_of, fetched, opened, publish, working_copy
from soundflow.errors import InputError, OutsideError
from tests.data.store.s3_server import Bucket, Stored, serving
from tests.data.test_clips import row, write_folder

pytest.importorskip("pyarrow")

PLACE = "s3://corpora/some/clips.store"


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """A server of its own for each test, and the settings an S3 client has."""
    with serving("corpora") as bucket:
        for name, value in {
            "AWS_ENDPOINT_URL": bucket.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        }.items():
            monkeypatch.setenv(name, value)
        yield bucket


def indexed(place: str, folder: Path) -> None:
    """Index a folder into object storage, as the verb does."""
    path = working_copy(place)
    with ClipIndex(path) as index:
        index_places(index, plan([folder]), lambda: None)
    publish(path, place)


def test_addresses_survive_being_taken_for_a_path() -> None:
    assert address(PLACE) == PLACE == address(Path(PLACE))
    assert address("clips.store") is None and address(Path("s3/clips.store")) is None


def test_a_store_goes_out_and_comes_back(tmp_path: Path, bucket: Bucket) -> None:
    indexed(PLACE, write_folder(tmp_path / "in", [row("a"), row("b", label="siren")]))
    assert "some/clips.store" in bucket.objects and "some/clips.store.coming" not in bucket.objects
    assert not copy_of(PLACE).exists()
    with opened(PLACE) as index:
        assert [hit.clip.id for hit in index.search("siren")] == ["b"]


def test_it_is_fetched_once_and_again_when_it_changed(tmp_path: Path, bucket: Bucket) -> None:
    indexed(PLACE, write_folder(tmp_path / "one", [row("a")]))
    first = fetched(PLACE)
    before = bucket.asked["GET"]
    assert fetched(PLACE) == first and bucket.asked["GET"] == before
    indexed(PLACE, write_folder(tmp_path / "two", [row("b")]))
    second = fetched(PLACE)
    assert second != first and not first.exists()
    with opened(PLACE) as index:
        assert [clip.id for clip in index.clips()] == ["a", "b"]


def test_another_object_of_the_same_size_and_second_is_another(bucket: Bucket) -> None:
    moment = "Sat, 01 Nov 2025 10:00:00 GMT"
    bucket.objects["a.store"] = Stored(b"one", moment)
    assert fetched("s3://corpora/a.store").read_bytes() == b"one"
    bucket.objects["a.store"] = Stored(b"two", moment)
    assert fetched("s3://corpora/a.store").read_bytes() == b"two"


def test_a_large_store_goes_in_parts(tmp_path: Path, bucket: Bucket) -> None:
    path = tmp_path / "large"
    body = bytes(range(256)) * (11 << 12)  # 11 MB: S3 takes parts of at least 5
    path.write_bytes(body)
    publish(path, PLACE)
    assert bucket.objects["some/clips.store"].body == body and bucket.asked["POST"] >= 2
    assert fetched(PLACE).read_bytes() == body


def test_clips_are_read_from_a_store_that_lies_there(tmp_path: Path, bucket: Bucket) -> None:
    folder = write_folder(tmp_path / "in", [row("a")])
    indexed(PLACE, folder)
    store = ClipStore(Path(PLACE), tmp_path / "clips")
    (clip,) = store.clips()
    assert store.audio(clip).shape == (16_000,)
    assert len(clips_sha256(PLACE)) == 64 != len(clips_sha256(folder)) + 1


def test_what_is_not_there(bucket: Bucket) -> None:
    with pytest.raises(InputError, match="no store s3://corpora/none"), opened("s3://corpora/none"):
        pass
    with pytest.raises(InputError, match="no store"), opened(Path("/nothing/clips.store")):
        pass


def test_a_refusal_is_one_line_and_the_working_copy_stays(tmp_path: Path, bucket: Bucket) -> None:
    path = working_copy(PLACE)
    with ClipIndex(path) as index:
        index_places(index, plan([write_folder(tmp_path / "in", [row("a")])]), lambda: None)
    bucket.refuses = True
    with pytest.raises(OutsideError) as caught:
        publish(path, PLACE)
    assert caught.value.code == "store.remote" and "\n" not in str(caught.value) and PLACE in caught.value.message
    bucket.refuses = False
    assert working_copy(PLACE) == path and path.exists()  # the job goes on there
    publish(path, PLACE)
    assert bucket.objects


def test_an_upload_that_was_broken_off_leaves_the_old_store_in_place(tmp_path: Path, bucket: Bucket) -> None:
    indexed(PLACE, write_folder(tmp_path / "in", [row("a")]))
    before = bucket.objects["some/clips.store"].body
    path = tmp_path / "new"
    path.write_bytes(b"new" * (4 << 20))

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish(path, PLACE, stop)
    assert bucket.objects["some/clips.store"].body == before and path.exists()
    publish(path, PLACE)
    assert bucket.objects["some/clips.store"].body == b"new" * (4 << 20)
    assert "some/clips.store.coming" not in bucket.objects
