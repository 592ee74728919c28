"""One file over HTTP: it goes on where it was cut, is checked against its published digest, and appears when whole.

What is there of it lies under `NAME.part`, with the server's mark of the version beside it, so that pieces of two
versions are never joined. Knows nothing of sources and licences. Tests: tests/data/fetch/test_download.py.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soundflow.atomic import write_text
from soundflow.data.fetch.catalogue import RemoteFile
from soundflow.errors import InputError, OutsideError

BLOCK = 1 << 20  # bytes read at once
TIMEOUT_SECONDS = 60.0  # without a byte
MOST_TRIES = 6  # in a row that brought nothing new
LONGEST_WAIT_SECONDS = 60.0
PASSING = frozenset((408, 425, 429, 500, 502, 503, 504))  # answers that another try may change
RECORD_NAME = "fetched.json"  # beside the files: what was fetched, from where, and its digest
AGENT = "soundflow-data-fetch"

Told = Callable[[int, int | None], None]  # bytes that are there, bytes there will be
Wait = Callable[[float], None]


@dataclass(frozen=True)
class Fetched:
    """A whole file; `checked` says against what: a published digest, the one of an earlier download, or nothing yet."""

    path: Path
    bytes: int
    sha256: str
    checked: str
    was_there: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**self.__dict__, "path": str(self.path)}


def fetch(file: RemoteFile, folder: Path, told: Told, wait: Wait) -> Fetched:
    """Bring a file into a folder, or see that the one that is there is right.

    Args:
        told: hears of every block.
        wait: sleeps so many seconds between tries.

    Raises:
        InputError: the file has another digest than was published or recorded; it is kept as `NAME.wrong`
            (`fetch.digest`).
        OutsideError: the server has no such file, refuses it, or cannot be reached; the disk refuses or is too full
            (`fetch.http`, `fetch.network`, `fetch.write`, `fetch.space`).
    """
    target = folder / file.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if target.exists():
            return _checked(file, target, target, was_there=True)
        part = target.with_name(target.name + ".part")
        _bring(file, part, told, wait)
        return _checked(file, part, target, was_there=False)
    except OSError as error:
        hint = "check the folder and the space left; what is there already is kept"
        raise OutsideError("fetch.write", f"cannot write {target}: {error.strerror or error}", hint) from error


def digest_of(path: Path, algorithm: str) -> str:
    """The hexadecimal digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def recorded(folder: Path) -> dict[str, dict[str, Any]]:
    """What earlier downloads into a folder left on record, by file name."""
    try:
        found = json.loads((folder / RECORD_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _bring(file: RemoteFile, part: Path, told: Told, wait: Wait) -> None:
    """Read until the whole file is in `part`; a try that brought something new begins the count anew."""
    tries = 0
    while True:
        before = _size(part)
        try:
            if _read_on(file, part, told):
                return
            reason: Exception = http.client.IncompleteRead(b"")
        except urllib.error.HTTPError as error:
            error.close()
            if error.code not in PASSING:
                raise _refused(file, error) from error
            reason = error
        except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
            reason = error
        tries = 0 if _size(part) > before else tries + 1
        if tries >= MOST_TRIES:
            hint = "what came is kept; do the same again later and it goes on there"
            message = f"{file.url} cannot be fetched: {_said(reason)}"
            raise OutsideError("fetch.network", message, hint) from reason
        wait(_pause(reason, tries))


def _read_on(file: RemoteFile, part: Path, told: Told) -> bool:
    """One request from where the part ends; whether the file is whole now."""
    have, mark = _size(part), _mark(part)
    headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
    if have and mark:
        headers |= {"Range": f"bytes={have}-", "If-Range": mark}
    try:
        answer = urllib.request.urlopen(urllib.request.Request(file.url, headers=headers), timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code != 416:
            raise
        error.close()
        if have and have == _whole(error.headers):
            return True
        part.unlink(missing_ok=True)  # longer than the file is now: another version
        return False
    with answer:
        if answer.status == 206 and _begins(answer.headers) != have:
            part.unlink(missing_ok=True)  # the server began somewhere else: ask again from the start
            return False
        if answer.status != 206:
            have = 0  # no range support, or another version: from the start, over what was there
        _remember(part, answer.headers)
        whole = _whole(answer.headers) if answer.status == 206 else _length(answer.headers)
        _see_space(part.parent, (whole or file.bytes or 0) - have, file)
        with part.open("r+b" if have else "wb") as out:
            out.seek(have)
            while block := answer.read(BLOCK):
                out.write(block)
                have += len(block)
                told(have, whole or file.bytes)
    return whole is None or have >= whole


def _see_space(folder: Path, needed: int, file: RemoteFile) -> None:
    """Raise `fetch.space` where the disk is too full for what is still to come: hours should not be spent on it."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        message = f"{file.name} needs {needed / 1e9:.1f} GB more, {folder} has {free / 1e9:.1f} GB left"
        raise OutsideError("fetch.space", message, "make room, or give another folder with --out")


def _checked(file: RemoteFile, path: Path, target: Path, was_there: bool) -> Fetched:
    sha256 = digest_of(path, "sha256")
    known = recorded(target.parent).get(target.name, {})
    published = file.digest
    if published is not None:
        algorithm, expected = published
        found = sha256 if algorithm == "sha256" else digest_of(path, algorithm)
        checked = f"published {algorithm}"
    else:
        algorithm, expected, found = "sha256", str(known.get("sha256") or sha256), sha256
        checked = "the first download's sha256" if known.get("sha256") else "nothing: none is published, now recorded"
    size = path.stat().st_size
    if published is None and file.bytes is not None and size != file.bytes:
        algorithm, expected, found = "length", str(file.bytes), str(size)
    if found != expected:
        wrong = target.with_name(target.name + ".wrong")
        path.replace(wrong)
        _mark_path(path).unlink(missing_ok=True)
        message = f"{file.url} has the {algorithm} {found}, expected {expected}; it is kept as {wrong.name}"
        raise InputError(
            "fetch.digest", message, "fetch it again; if it stays so, the source has changed: see its page"
        )
    if path != target:
        path.replace(target)
        _mark_path(path).unlink(missing_ok=True)
    _record(target, {"url": file.url, "bytes": size, "sha256": sha256, "checked": checked})
    return Fetched(target, size, sha256, checked, was_there)


def _record(target: Path, row: Mapping[str, Any]) -> None:
    rows = {**recorded(target.parent), target.name: row}
    write_text(target.parent / RECORD_NAME, json.dumps(rows, indent=1, sort_keys=True) + "\n")


def _refused(file: RemoteFile, error: urllib.error.HTTPError) -> OutsideError:
    hint = "the source may have moved: see its page, and fetch by hand"
    return OutsideError("fetch.http", f"{file.url} answered {error.code} {error.reason}", hint)


def _pause(reason: Exception, tries: int) -> float:
    """Seconds before another try: what the server asks for, else twice as long each time that brings nothing."""
    asked = reason.headers.get("Retry-After", "") if isinstance(reason, urllib.error.HTTPError) else ""
    seconds = float(asked) if asked.isdigit() else float(2**tries) if tries else 0.0
    return min(seconds, LONGEST_WAIT_SECONDS)


def _said(reason: Exception) -> str:
    if isinstance(reason, http.client.IncompleteRead):
        return "the connection was cut"
    return str(getattr(reason, "reason", "") or reason) or type(reason).__name__


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _mark_path(part: Path) -> Path:
    return part.with_name(part.name + ".mark")


def _mark(part: Path) -> str:
    """The server's mark of the version that lies in `part`; without one nothing can be joined to it safely."""
    path = _mark_path(part)
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _remember(part: Path, headers: Any) -> None:
    tag = headers.get("ETag", "")
    mark = tag if tag and not tag.startswith("W/") else headers.get("Last-Modified", "")
    _mark_path(part).write_text(mark or "", encoding="utf-8")


def _length(headers: Any) -> int | None:
    text = headers.get("Content-Length", "") or ""
    return int(text) if text.isdigit() else None


def _whole(headers: Any) -> int | None:
    found = re.search(r"/(\d+)$", headers.get("Content-Range", "") or "")
    return int(found[1]) if found else None


def _begins(headers: Any) -> int:
    found = re.match(r"bytes (\d+)-", headers.get("Content-Range", "") or "")
    return int(found[1]) if found else -1
