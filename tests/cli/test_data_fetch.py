"""`soundflow data fetch`: the list, the licence, and a file from a local server."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from soundflow.cli.main import main
from soundflow.data.fetch import catalogue
from soundflow.data.fetch.catalogue import PublicSource, RemoteFile
from tests.data.fetch.server import serving

BODY = b"sound" * 1000
Output = pytest.CaptureFixture[str]


def listed(url: str, **published: object) -> dict[str, PublicSource]:
    """A table with one source on a local server, and one that is fetched by hand."""
    file = RemoteFile(url, "small", **published)  # type: ignore[arg-type]
    tiny = PublicSource("tiny", "Tiny", "sound", "CC-BY-4.0", "Name us.", "http://page", (file,))
    return {"tiny": tiny, "shut": PublicSource("shut", "Shut", "sound", "own", "Ask.", "http://p", (), "Write to us.")}


def test_the_licence_is_shown_and_must_be_accepted(
    tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with serving(BODY) as served:
        monkeypatch.setattr(catalogue, "sources", lambda: listed(served.url))
        assert main(["data", "fetch", "tiny"]) == 2
        told = capsys.readouterr()
        assert not told.out and "CC-BY-4.0" in told.err and "Name us." in told.err and "--accept-licence" in told.err
        assert not served.asked and not list(tmp_path.iterdir())
        assert main(["data", "fetch", "tiny", "--accept-licence", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["sha256"] == hashlib.sha256(BODY).hexdigest() and row["licence"] == "CC-BY-4.0"
    assert (tmp_path / "tiny" / "file.bin").read_bytes() == BODY


def test_a_wrong_digest_and_a_missing_file_end_as_they_should(
    tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(BODY) as served:
        monkeypatch.setattr(catalogue, "sources", lambda: listed(served.url, md5="0" * 32))
        assert main(["data", "fetch", "tiny", "--accept-licence", "--out", str(tmp_path / "a")]) == 1
        served.refusals = [404]
        assert main(["data", "fetch", "tiny", "--accept-licence", "--out", str(tmp_path / "b")]) == 3
    told = capsys.readouterr()
    assert not told.out and "fetch.digest" in told.err and "answered 404" in told.err


def test_what_no_program_may_fetch_says_how(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "sources", lambda: listed("http://127.0.0.1:9/x"))
    assert main(["data", "fetch", "shut", "--accept-licence"]) == 3
    assert "Write to us." in capsys.readouterr().err
    assert main(["data", "fetch", "tiny", "--part", "large", "--accept-licence"]) == 2
    assert main(["data", "fetch", "tinny"]) == 1
    assert "did you mean tiny?" in capsys.readouterr().err


def test_all_sources_are_listed(capsys: Output) -> None:
    assert main(["data", "fetch", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"librispeech", "musan", "moss", "streamaudio"} <= {row["name"] for row in rows}
    assert main(["data", "fetch"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(rows)
