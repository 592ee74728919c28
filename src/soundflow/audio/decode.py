"""Recordings in and out: any wav, flac, ogg or mp3 as 16 kHz mono, whole or block by block.

Memory stays within a few blocks however long the input is. Tests: tests/audio/test_decode.py.
"""

from __future__ import annotations

import logging
import os
import re
import stat
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from soundflow.atomic import replacing
from soundflow.audio.pcm import SAMPLE_RATE, Cleaner, from_s16le, to_mono, to_s16le
from soundflow.audio.resample import Resampler
from soundflow.errors import InputError, OutsideError, UsageError

Samples = NDArray[np.float32]

STDIN_NAME = "standard input"
_MOST_VALUES_PER_BLOCK = 1 << 20  # frames x channels; a strange header must not ask for gigabytes
_CONVERT_HINT = "give wav, flac, ogg or mp3; ffmpeg -i INPUT out.wav converts most others"
_RAW_HINT = "name the file, or pipe it through ffmpeg -i INPUT -f s16le -ar 16000 -ac 1 -"
_HEADERS = {b"RIFF": "wav", b"fLaC": "flac", b"OggS": "ogg", b"ID3": "mp3"}  # what such files begin with
_CUT_WAV = re.compile(r"^data\s*: (\d+) \(should be (\d+)\)$", re.MULTILINE)  # how libsndfile reports one
_NO_LENGTH = 0x7FFF0000  # bytes or more in the header of a wav that was being recorded or piped; chosen
_HEAD_BYTES = 40  # an mp3 without ID3 says what it is in its first frame, at byte 36 or before

_log = logging.getLogger(__name__)


def read_audio(path: Path | str) -> Samples:
    """A whole recording as float32 [n], 16 kHz, the mean of its channels; levels untouched.

    Raises:
        InputError: as `iter_audio`.
    """
    return np.concatenate(list(iter_audio(path)))


def iter_audio(path: Path | str, block_seconds: float = 1.0) -> Iterator[Samples]:
    """A recording block by block, in bounded memory, as float32 [about 16000 * block_seconds].

    The blocks joined are the same samples whatever `block_seconds` is. The file is opened when the first
    block is asked for. Samples that are not numbers become 0, with one warning in the log; another one says so when a
    wav ends before its header says.

    Raises:
        UsageError: `block_seconds` is not positive (`audio.block`).
        InputError: not there, a folder, not readable, no sound format, broken midway (`audio.missing`,
            `audio.folder`, `audio.unreadable`, `audio.format`), a pipe with mp3 or flac in it (`audio.pipe`),
            without a sample or a number (`audio.empty`, `audio.nan`), with an impossible rate (`audio.rate`).
    """
    if not block_seconds > 0:
        raise UsageError("audio.block", f"block_seconds is {block_seconds}", "give a positive number")
    _check_path(path)
    with _open(path) as sound:
        _warn_of_cut(path, sound)
        resampler = Resampler(sound.samplerate)
        frames = min(block_seconds * sound.samplerate, _MOST_VALUES_PER_BLOCK / sound.channels)
        cleaner = Cleaner(str(path))
        heard = 0
        while len(block := _read(sound, max(1, int(frames)), cleaner)):
            resampled = resampler.feed(cleaner.clean(to_mono(block)))
            heard += len(resampled)
            if len(resampled):
                yield resampled
    cleaner.end()
    rest = resampler.end()
    if not heard + len(rest):
        raise InputError("audio.empty", f"{path} is shorter than one sample at 16 kHz", "record it again, longer")
    if len(rest):
        yield rest


def iter_pcm_stdin(stream: BinaryIO, block_samples: int = 1600) -> Iterator[Samples]:
    """Raw s16le 16 kHz mono bytes as float32 blocks, each as soon as bytes are there; ends with the stream.

    Args:
        stream: binary, such as `sys.stdin.buffer`; its `read1` is used where it has one, so that live
            sound is not held back until a block is full.
        block_samples: most samples of one block.

    Raises:
        InputError: the stream ended without a sample (`audio.empty`), or is a file with a header (`audio.header`).
    """
    read = getattr(stream, "read1", stream.read)
    cleaner = Cleaner(STDIN_NAME)
    odd = head = b""
    while raw := read(2 * block_samples - len(odd)):
        if len(head) < _HEAD_BYTES:  # looked at in passing: nothing waits until so many bytes are there
            head += raw[: _HEAD_BYTES - len(head)]
            _refuse_header(head)
        raw = odd + raw
        whole = len(raw) - len(raw) % 2
        odd = raw[whole:]
        if whole:
            yield cleaner.clean(from_s16le(raw[:whole]))
    if odd:
        _log.warning("%s ended in the middle of a sample; its last byte was dropped", STDIN_NAME)
    cleaner.end()


def file_name(path: Path | str) -> str | bytes:
    """A file's name as `soundfile` must be given it: the system's bytes, which need be no UTF-8; on Windows text."""
    return str(path) if os.name == "nt" else os.fsencode(path)


def write_wav(path: Path | str, samples: Samples) -> None:
    """Write float32 [n] as a 16 kHz mono 16-bit wav: to a temporary name, then renamed; clipped at full scale.

    Raises:
        OutsideError: the folder or disk did not take it (`audio.write`).
    """
    path = Path(path)
    try:
        with replacing(path) as temporary, temporary.open("wb") as raw, wave.open(raw, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes(to_s16le(samples))
    except OSError as error:
        hint = "check the folder and the space left"
        raise OutsideError("audio.write", f"cannot write {path}: {error.strerror}", hint) from error


def _refuse_header(head: bytes) -> None:
    kind = next((kind for start, kind in _HEADERS.items() if head.startswith(start)), None)
    if head.startswith(b"\xff") and (b"Xing" in head or b"Info" in head):
        kind = "mp3"
    if kind is not None:  # read as samples it would be noise, and noise is answered
        expected = "raw s16le 16 kHz mono samples"
        raise InputError("audio.header", f"{STDIN_NAME} is {kind} with a header, expected {expected}", _RAW_HINT)


def _check_path(path: Path | str) -> None:
    if not os.path.exists(path):
        raise InputError("audio.missing", f"there is no file {path}", "check the name and the folder you are in")
    if os.path.isdir(path):
        raise InputError("audio.folder", f"{path} is a folder", "name one recording in it")
    if not os.access(path, os.R_OK):
        raise InputError("audio.unreadable", f"no permission to read {path}", "change its permissions or copy it")
    if os.path.isfile(path) and os.path.getsize(path) == 0:
        raise InputError("audio.empty", f"{path} is empty, 0 bytes", "record or download it again")


def _open(path: Path | str) -> soundfile.SoundFile:
    try:
        sound = soundfile.SoundFile(file_name(path))
    except TypeError as error:  # headerless files need to be told everything
        hint = "pipe raw 16 kHz s16le samples to standard input instead"
        raise InputError("audio.format", f"{path} has no header that tells its rate", hint) from error
    except (RuntimeError, ValueError, OSError) as error:
        if _is_pipe(path):
            raise _not_piped(path) from error
        message = f"{path} is not a recording this program can read ({_reason(error)})"
        raise InputError("audio.format", message, _CONVERT_HINT) from error
    if sound.format == "MP3" and _is_pipe(path):  # its decoder goes back at the end, and fails when all is heard
        sound.close()
        raise _not_piped(path)
    return sound


def _warn_of_cut(path: Path | str, sound: soundfile.SoundFile) -> None:
    cut = _CUT_WAV.search(sound.extra_info)
    said, there = map(int, cut.groups()) if cut else (0, 0)
    if 0 < there < said < _NO_LENGTH:
        heard = sound.frames / sound.samplerate
        message = "%s is cut off: its header says %.1f s, and %.1f s are there, which are heard"
        _log.warning(message, path, heard * said / there, heard)


def _is_pipe(path: Path | str) -> bool:
    return stat.S_ISFIFO(os.stat(path).st_mode)


def _not_piped(path: Path | str) -> InputError:
    return InputError("audio.pipe", f"{path} is a pipe, in which only wav and ogg can be read", _RAW_HINT)


def _read(sound: soundfile.SoundFile, frames: int, cleaner: Cleaner) -> NDArray[np.float32]:
    try:
        block: NDArray[np.float32] = sound.read(frames, dtype="float32", always_2d=True)
    except (RuntimeError, ValueError, OSError) as error:
        seconds = cleaner.samples / sound.samplerate
        message = f"{cleaner.name} is broken after {seconds:.1f} s ({_reason(error)})"
        raise InputError("audio.format", message, "copy or download it again") from error
    return block


def _reason(error: Exception) -> str:
    """The decoder's own words, without the file name it repeats."""
    return str(error).rpartition(": ")[2].strip().rstrip(".").lower() or type(error).__name__
