"""The decoded samples of a split: one int16 file that is mapped into memory, and an index beside it.

What could not be read though its file stays as it is (a disk that failed, a permission) is tried again whenever the
samples are opened. Knows nothing of folders or of what is done to a clip. Tests: tests/data/test_decoded.py.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from soundflow.atomic import replacing, write_text
from soundflow.errors import OutsideError, SoundflowError

if TYPE_CHECKING:
    from soundflow.data.clips import Clip

Samples = NDArray[np.float32]
Source = Callable[["Clip"], Samples]
Row = dict[str, Any]  # of the index: `spans`, `quarantined` with reasons, `retry` with ids (older ones have no `retry`)

INT16_SCALE = 32768.0  # int16 steps in full scale
STEP_BYTES = 2
KEPT_SECONDS = 7 * 24 * 3600.0  # an outdated cache file stays this long
_SYSTEM_ERROR = 2  # libsndfile's SF_ERR_SYSTEM: the disk's answer, not the file's content
_PASSING_CODES = frozenset(("audio.missing", "audio.unreadable", "clips.unusable"))  # the last: by another such fault
_FAULTS = (SoundflowError, OSError, ValueError, TypeError)
_HINT = "check the folder and the space left, or name another place with --cache"


@dataclass
class Decoded:
    """The samples of one split in one file; `spans` gives first sample and count of each clip."""

    path: Path
    spans: Mapping[str, tuple[int, int]]
    quarantined: Mapping[str, str]
    _map: NDArray[np.int16] | None = None

    def samples_of(self, clip_id: str) -> int:
        """Number of samples of one clip, 0 when it is not here."""
        return self.spans.get(clip_id, (0, 0))[1]

    def read(self, clip_id: str) -> Samples | None:
        """Samples of one clip, float32 [n], or None when it is not here.

        Raises:
            OutsideError: the file was taken away.
        """
        if clip_id not in self.spans:
            return None
        if self._map is None:
            try:
                self._map = np.memmap(self.path, dtype="<i2", mode="r")
            except OSError as error:
                raise OutsideError("clips.cache", f"cannot read {self.path}: {error.strerror}", _HINT) from error
        start, count = self.spans[clip_id]
        return np.multiply(self._map[start : start + count], 1.0 / INT16_SCALE, dtype=np.float32)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_map": None}  # a worker maps the file again instead of copying it


def open_decoded(cache_dir: Path, stem: str, key: str, clips: Sequence[Clip], source: Source) -> Decoded:
    """The samples of some clips, decoded now where they are not kept.

    Args:
        stem: of the files' names, the same for the same folder, split and variant; `key` changes with the content.
        source: gives a clip's samples.

    Raises:
        OutsideError: the cache folder cannot be used (`clips.cache`).
    """
    index, sound = cache_dir / f"{stem}{key}.json", cache_dir / f"{stem}{key}.s16"
    try:
        row = _kept(index, sound)
        if row is None:
            cache_dir.mkdir(parents=True, exist_ok=True)
            row = _decode(index, sound, clips, source, {"spans": {}, "quarantined": {}, "retry": []})
            _forget_old(cache_dir, stem, keep=key)
        else:
            row = _tried_again(index, sound, clips, source, row)
    except OSError as error:
        reason = error.strerror or error
        raise OutsideError("clips.cache", f"cannot keep decoded clips in {cache_dir}: {reason}", _HINT) from error
    spans = {clip_id: (int(start), int(count)) for clip_id, (start, count) in row["spans"].items()}
    return Decoded(sound, spans, row["quarantined"])


def _kept(index: Path, sound: Path) -> Row | None:
    """What the index says, if it says so of this very file: two that decode at once may differ by what they missed."""
    if not (index.exists() and sound.exists()):
        return None
    row: Row = json.loads(index.read_text(encoding="utf-8"))
    steps = max((start + count for start, count in row["spans"].values()), default=0)
    return row if sound.stat().st_size == STEP_BYTES * max(steps, 1) else None


def _decode(index: Path, sound: Path, clips: Sequence[Clip], source: Source, before: Row) -> Row:
    """Decode clips behind those that are there, whose spans somebody may be reading by; the index is written last."""
    spans, bad, retry = dict(before["spans"]), dict(before["quarantined"]), list[str]()
    with replacing(sound) as temporary:
        if spans:
            shutil.copyfile(sound, temporary)
        with temporary.open("ab") as file:
            written = file.tell() // STEP_BYTES
            for clip in clips:
                try:
                    samples = source(clip)
                except _FAULTS as error:
                    _pass_on(error)
                    bad[clip.id] = str(error)
                    retry += [clip.id] * _may_pass(error)
                    continue
                steps = np.clip(np.rint(samples * INT16_SCALE), -INT16_SCALE, INT16_SCALE - 1).astype("<i2")
                file.write(steps.tobytes())
                spans[clip.id] = (written, len(steps))
                written += len(steps)
                bad.pop(clip.id, None)
            if not written:
                file.write(bytes(STEP_BYTES))  # an empty file cannot be mapped
    row = {"spans": spans, "quarantined": bad, "retry": retry}
    write_text(index, json.dumps(row))
    return row


def _tried_again(index: Path, sound: Path, clips: Sequence[Clip], source: Source, row: Row) -> Row:
    """The index after another try at what may have passed; an older one does not say what may, so all are tried."""
    wanted = frozenset(row["retry"] if "retry" in row else row["quarantined"])
    lost = [clip for clip in clips if clip.id in wanted]
    faults = {clip.id: _fault(clip, source) for clip in lost}
    retry = [name for name, fault in faults.items() if fault is not None and _may_pass(fault)]
    try:
        if None in faults.values():
            return _decode(index, sound, lost, source, row)
        if lost and retry != row.get("retry"):
            write_text(index, json.dumps({**row, "retry": retry}))
    except OSError:
        return row  # a cache that may be read only, or a full disk: what was kept is still of use
    return row


def _fault(clip: Clip, source: Source) -> Exception | None:
    """What is wrong with a clip."""
    try:
        source(clip)
    except _FAULTS as error:
        _pass_on(error)
        return error
    return None


def _pass_on(error: Exception) -> None:
    """Raise what is no clip's fault: a clip may be made from other samples, which cannot be kept."""
    if isinstance(error, OutsideError) and error.code == "clips.cache":
        raise error


def _may_pass(error: BaseException | None) -> bool:
    """Whether the next try may go well though the file stays the same."""
    while error is not None:
        if isinstance(error, OSError | OutsideError):
            return True
        if isinstance(error, SoundflowError) and error.code in _PASSING_CODES:
            return True
        if isinstance(error, soundfile.LibsndfileError) and error.code == _SYSTEM_ERROR:
            return True
        error = error.__cause__
    return False


def _forget_old(cache_dir: Path, stem: str, keep: str) -> None:
    """Remove what the same folder and split left here long ago; a run may still be reading what is younger."""
    oldest = time.time() - KEPT_SECONDS
    for path in cache_dir.glob(f"{stem}*"):
        if keep not in path.name and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
