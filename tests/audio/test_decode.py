"""Files and raw PCM in, wav out: every way a recording can be wrong is one clear error."""

from __future__ import annotations

import io
import logging
import os
import sys
import threading
import tracemalloc
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from soundflow.audio.decode import file_name, iter_audio, iter_pcm_stdin, read_audio, write_wav
from soundflow.audio.pcm import to_s16le
from soundflow.errors import InputError, OutsideError, UsageError


def tone(rate: int, seconds: float, hertz: float = 440.0) -> NDArray[np.float32]:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)).astype(np.float32)


def error_of(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        read_audio(path)
    assert str(path) in caught.value.message
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("rate", [8000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_any_format_rate_and_channels(tmp_path: Path, extension: str, rate: int, channels: int) -> None:
    path = tmp_path / f"a.{extension}"
    soundfile.write(path, np.stack([tone(rate, 1.0)] * channels, axis=1), rate)
    heard = read_audio(path)
    assert heard.dtype == np.float32
    assert heard.ndim == 1
    assert abs(len(heard) - 16_000) < 2500  # mp3 adds its own padding
    spectrum = np.abs(np.fft.rfft(heard[2000:14_000] * np.hanning(12_000)))
    assert abs(np.argmax(spectrum) * 16_000 / 12_000 - 440) < 3
    assert abs(np.abs(heard[4000:12_000]).max() - 0.5) < 0.05


@pytest.mark.parametrize(
    ("subtype", "tolerance"), [("PCM_U8", 0.01), ("PCM_24", 1e-6), ("DOUBLE", 1e-7), ("ULAW", 0.02)]
)
def test_any_wav_encoding(tmp_path: Path, subtype: str, tolerance: float) -> None:
    soundfile.write(tmp_path / "a.wav", tone(16_000, 0.5), 16_000, subtype=subtype)
    assert np.abs(read_audio(tmp_path / "a.wav") - tone(16_000, 0.5)).max() < tolerance


def test_opposite_channels_cancel_and_more_than_two_are_averaged(tmp_path: Path) -> None:
    frames = np.stack([tone(16_000, 0.2), -tone(16_000, 0.2), np.full(3200, 0.25), np.full(3200, 0.25)], axis=1)
    soundfile.write(tmp_path / "a.wav", frames, 16_000, subtype="FLOAT")
    assert np.allclose(read_audio(tmp_path / "a.wav"), 0.125, atol=1e-6)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.floats(0.001, 3.0))
def test_blocks_joined_are_the_whole(tmp_path: Path, block_seconds: float) -> None:
    path = tmp_path / "a.flac"
    if not path.exists():
        soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, (30_000, 2)), 22_050)
    assert np.array_equal(np.concatenate(list(iter_audio(path, block_seconds))), read_audio(path))


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    peaks = []
    for minutes in (1, 4):
        path = tmp_path / f"{minutes}.wav"
        with soundfile.SoundFile(path, "w", 44_100, 2, subtype="PCM_16") as file:
            for _ in range(minutes * 6):
                file.write(np.zeros((441_000, 2), np.float32))
        tracemalloc.start()
        assert sum(len(block) for block in iter_audio(path)) == minutes * 60 * 16_000
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0] + 100_000
    assert peaks[1] < 3e6


def test_a_missing_file_a_folder_and_an_empty_file(tmp_path: Path) -> None:
    assert error_of(tmp_path / "no.wav").code == "audio.missing"
    assert error_of(tmp_path).code == "audio.folder"
    (tmp_path / "empty.wav").touch()
    assert error_of(tmp_path / "empty.wav").code == "audio.empty"


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg"])
def test_a_header_without_samples(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a.{extension}"
    soundfile.write(path, np.zeros((0, 1)), 44_100)
    assert error_of(path).code in {"audio.empty", "audio.format"}


def test_shorter_than_one_sample(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.ones(1), 192_000)
    assert error_of(tmp_path / "a.wav").code == "audio.empty"


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="names are Unicode there")
def test_a_name_that_is_no_utf_8(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(16_000, 0.1), 16_000)
    path = tmp_path / os.fsdecode(b"bad\xff.wav")
    (tmp_path / "a.wav").rename(path)
    assert len(read_audio(path)) == len(read_audio(str(path))) == 1600
    assert file_name(path) == os.fsencode(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
@pytest.mark.parametrize(("extension", "is_heard"), [("wav", True), ("ogg", True), ("flac", False), ("mp3", False)])
def test_a_pipe_is_heard_or_refused_at_once(tmp_path: Path, extension: str, is_heard: bool) -> None:
    path, pipe = tmp_path / f"a.{extension}", tmp_path / "pipe"
    soundfile.write(path, tone(16_000, 3.0), 16_000)
    os.mkfifo(pipe)

    def pour() -> None:
        with suppress(BrokenPipeError):
            pipe.write_bytes(path.read_bytes())

    writer = threading.Thread(target=pour)
    writer.start()
    try:
        if is_heard:
            assert len(read_audio(pipe)) == 48_000
        else:
            with pytest.raises(InputError, match="is a pipe, in which only wav and ogg can be read") as caught:
                next(iter_audio(pipe))
            assert caught.value.code == "audio.pipe" and "ffmpeg" in (caught.value.hint or "")
    finally:
        writer.join(10.0)
    assert not writer.is_alive()


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.raw", "a.txt", "a"])
def test_what_is_no_recording(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("this is not sound\n" * 50)
    assert error_of(tmp_path / name).code == "audio.format"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(["wav", "flac", "ogg"]), st.floats(0.0, 1.0), st.binary(max_size=40))
def test_broken_files_give_sound_or_one_error(tmp_path: Path, extension: str, cut: float, junk: bytes) -> None:
    path = tmp_path / f"whole.{extension}"
    if not path.exists():
        soundfile.write(path, tone(22_050, 0.5), 22_050)
    raw = path.read_bytes()
    at = int(cut * len(raw))
    broken = tmp_path / f"broken.{extension}"
    broken.write_bytes(raw[:at] + junk)
    try:
        assert np.isfinite(read_audio(broken)).all()
    except InputError as error:
        assert str(broken) in error.message


def test_all_nan_is_an_error_some_nan_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    sound = tone(16_000, 0.5)
    sound[100:200] = np.nan
    soundfile.write(tmp_path / "some.wav", sound, 16_000, subtype="FLOAT")
    with caplog.at_level(logging.WARNING):
        heard = read_audio(tmp_path / "some.wav")
    assert not heard[100:200].any()
    assert np.array_equal(heard[200:], sound[200:])
    assert len(caplog.records) == 1
    soundfile.write(tmp_path / "all.wav", np.full(9, np.nan, np.float32), 16_000, subtype="FLOAT")
    assert error_of(tmp_path / "all.wav").code == "audio.nan"


def test_a_block_needs_a_length(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="block_seconds is 0"):
        next(iter_audio(tmp_path, block_seconds=0))


class Trickle(io.BytesIO):
    """A pipe that gives what it has: never more than a few bytes, often half a sample."""

    def __init__(self, raw: bytes, sizes: list[int]) -> None:
        super().__init__(raw)
        self.sizes = sizes

    def read1(self, size: int | None = -1, /) -> bytes:
        wanted = self.sizes.pop(0) if self.sizes else 7
        return super().read(min(wanted, size if size is not None and size > 0 else wanted))


@settings(deadline=None)
@given(st.lists(st.integers(1, 9), max_size=40), st.integers(1, 200))
def test_stdin_in_any_pieces(sizes: list[int], count: int) -> None:
    sound = np.random.default_rng(count).integers(-100, 100, count).astype(np.float32) / np.float32(32_768)
    heard = list(iter_pcm_stdin(Trickle(to_s16le(sound), sizes), block_samples=3))
    assert np.array_equal(np.concatenate(heard), sound)
    assert max(map(len, heard)) <= 3


def test_a_wav_that_is_cut_off_is_heard_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "cut.wav"
    soundfile.write(path, np.ones(48_000, np.float32), 16_000)
    whole = path.read_bytes()
    path.write_bytes(whole[:44] + whole[44 : 44 + 2 * 16_000])
    with caplog.at_level(logging.WARNING):
        assert len(read_audio(path)) == 16_000
    assert caplog.messages == [f"{path} is cut off: its header says 3.0 s, and 1.0 s are there, which are heard"]


def test_a_wav_whose_header_leaves_its_length_open_is_none_that_is_cut_off(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "recorded.wav"
    soundfile.write(path, np.ones(16_000, np.float32), 16_000)
    whole = bytearray(path.read_bytes())
    whole[4:8] = whole[40:44] = b"\xff" * 4  # what a recorder writes that cannot go back
    path.write_bytes(whole)
    with caplog.at_level(logging.WARNING):
        assert len(read_audio(path)) == 16_000
    assert not caplog.records


def test_stdin_ending_within_a_sample_warns(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        (block,) = iter_pcm_stdin(io.BytesIO(b"\x00\x40\x01"))
    assert block.tolist() == [0.5]
    assert "middle of a sample" in caplog.text


@pytest.mark.parametrize("raw", [b"", b"\x01"])
def test_empty_stdin_is_an_error(raw: bytes) -> None:
    with pytest.raises(InputError, match="standard input holds no sound"):
        list(iter_pcm_stdin(io.BytesIO(raw)))


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("sizes", [[], [100]])
def test_a_file_with_a_header_on_stdin_is_not_heard_as_noise(tmp_path: Path, extension: str, sizes: list[int]) -> None:
    soundfile.write(tmp_path / f"a.{extension}", tone(44_100, 0.5), 44_100)
    raw = (tmp_path / f"a.{extension}").read_bytes()
    with pytest.raises(InputError, match=f"standard input is {extension} with a header") as caught:
        list(iter_pcm_stdin(Trickle(raw, sizes)))
    assert caught.value.code == "audio.header"
    assert "ffmpeg" in (caught.value.hint or "")


def test_an_id3_tag_on_stdin_is_an_mp3() -> None:
    with pytest.raises(InputError, match="is mp3 with a header"):
        list(iter_pcm_stdin(io.BytesIO(b"ID3\x04" + bytes(100))))


def test_wav_there_and_back(tmp_path: Path) -> None:
    sound = tone(16_000, 0.3)
    sound[0] = 2.0
    write_wav(tmp_path / "a.wav", sound)
    heard = read_audio(tmp_path / "a.wav")
    assert np.abs(heard - sound.clip(-1, 1)).max() <= 0.6 / 32_768 + 1e-4
    assert soundfile.info(tmp_path / "a.wav").subtype == "PCM_16"
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


def test_a_wav_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutsideError, match="cannot write") as caught:
        write_wav(tmp_path / "no" / "a.wav", tone(16_000, 0.1))
    assert caught.value.code == "audio.write"
    assert list(tmp_path.iterdir()) == []
