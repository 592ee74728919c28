"""The front end: held to the release's numbers, to Whisper's bank, to causality and to itself in a stream."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from soundflow.audio.decode import read_audio
from soundflow.audio.log_mel import FrontEnd, Normaliser, StreamingLogMel, log_mel, mel_filters
from soundflow.errors import InputError, UsageError

STREAMED: list[Normaliser] = ["stream", "window"]


def changing_noise(count: int, seed: int = 0) -> NDArray[np.float32]:
    """Noise whose level jumps by up to 80 dB, so that the maximum behind the floor matters."""
    random = np.random.default_rng(seed)
    levels = np.repeat(10.0 ** random.uniform(-4, 0, count // 3000 + 1), 3000)[:count]
    return (levels * random.standard_normal(count)).astype(np.float32)


def stream(sound: NDArray[np.float32], front_end: FrontEnd, sizes: list[int]) -> Tensor:
    """Feed pieces of these sizes, over and over, and end."""
    listener = StreamingLogMel(front_end)
    chunks = []
    start = turn = 0
    while start < len(sound):
        size = sizes[turn % len(sizes)]
        chunks += listener.feed(sound[start : start + size])
        start, turn = start + size, turn + 1
    return torch.cat(chunks + listener.end(), dim=-1)


def padded(sound: NDArray[np.float32], chunk: int) -> Tensor:
    return torch.from_numpy(np.pad(sound, (0, -len(sound) % chunk)))


@pytest.mark.parametrize("n_mels", [80, 128])
def test_bank_is_whispers(n_mels: int) -> None:
    transformers = pytest.importorskip("transformers")
    theirs = transformers.WhisperFeatureExtractor(feature_size=n_mels).mel_filters.T
    assert np.abs(mel_filters(n_mels).numpy() - theirs).max() < 1e-8


@pytest.mark.parametrize("n_mels", [80, 128])
def test_bank_has_triangles_of_one_area_at_slaney_places(n_mels: int) -> None:
    bank = mel_filters(n_mels).double().numpy()
    assert bank.shape == (n_mels, 201)
    assert (bank >= 0).all()
    wide = bank[n_mels * 3 // 4 :]  # narrow ones fall between the bins
    assert np.allclose(wide.sum(1) * 40, 1.0, atol=0.05)
    top = np.exp(np.log(6.4) / 27)  # ratio of neighbouring places on the logarithmic part, one mel apart
    step = (15 + np.log(8) / np.log(top)) / (n_mels + 1)
    last = 1000 * top ** (n_mels * step - 15)
    assert abs(np.argmax(bank[-1]) * 40 - last) <= 40


def test_whispers_own_extractor_gives_the_same_clip() -> None:
    transformers = pytest.importorskip("transformers")
    sound = changing_noise(48_000)
    theirs = transformers.WhisperFeatureExtractor(feature_size=80, chunk_length=3)(sound, sampling_rate=16_000)
    ours = log_mel(torch.from_numpy(sound), FrontEnd(80, "clip"))
    assert np.abs(ours.numpy() - theirs["input_features"][0]).max() < 3e-4


@pytest.mark.parametrize("name", ["speech", "tones", "bursts", "silence"])
def test_clip_equals_the_release(shared_dir: Path, name: str) -> None:
    golden = np.load(shared_dir / "compat" / "golden" / "mel.npz")
    if name == "silence":
        sound = np.zeros(19_200, np.float32)
    else:
        sound = read_audio(shared_dir / "compat" / "audio" / f"{name}.wav")
    mel = log_mel(padded(sound, 6400), FrontEnd(128, "clip"))
    assert mel.shape == golden[f"{name}_mel"].shape
    assert np.abs(mel.numpy() - golden[f"{name}_mel"]).max() < 3e-4


def history_mode(sound: Tensor, n_mels: int, chunk: int) -> Tensor:
    """The release's server, done the slow way: all sound so far encoded as a clip, its last chunk kept."""
    ends = range(chunk, len(sound) + 1, chunk)
    clips = [log_mel(sound[:end], FrontEnd(n_mels, "clip"))[:, -(chunk // 160) :] for end in ends]
    return torch.cat(clips, dim=-1)


@pytest.mark.parametrize("name", ["edge", "speech", "tones", "bursts"])
def test_stream_equals_the_release_server_on_its_own_recordings(shared_dir: Path, name: str) -> None:
    sound = read_audio(shared_dir / "compat" / "audio" / f"{name}.wav")
    slow = history_mode(padded(sound, 6400), 128, 6400)
    assert (stream(sound, FrontEnd(128, "stream"), [1000]) - slow).abs().max() < 1e-4
    assert (log_mel(padded(sound, 6400), FrontEnd(128, "stream")) - slow).abs().max() < 1e-4


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 6), st.sampled_from([480, 3200, 6400]))
def test_stream_equals_encoding_the_whole_history(seed: int, chunks: int, chunk: int) -> None:
    sound = changing_noise(chunks * chunk, seed)
    slow = history_mode(torch.from_numpy(sound), 80, chunk)
    assert (stream(sound, FrontEnd(80, "stream", chunk), [777]) - slow).abs().max() < 1e-4


@pytest.mark.parametrize("normaliser", STREAMED)
@pytest.mark.parametrize("n_mels", [80, 128])
def test_any_piece_size_gives_the_same_bits(normaliser: Normaliser, n_mels: int) -> None:
    front_end = FrontEnd(n_mels, normaliser)
    sound = changing_noise(10 * 16_000 + 123)
    long = stream(sound, front_end, [160_000])
    assert torch.equal(stream(sound, front_end, [7]), long)
    assert torch.equal(stream(sound[:20_000], front_end, [1]), stream(sound[:20_000], front_end, [20_000]))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=6).filter(any), st.sampled_from(STREAMED))
def test_any_cut_gives_the_same_bits(sizes: list[int], normaliser: Normaliser) -> None:
    front_end = FrontEnd(80, normaliser)
    sound = changing_noise(30_000)
    assert torch.equal(stream(sound, front_end, sizes), stream(sound, front_end, [30_000]))


@pytest.mark.parametrize("normaliser", STREAMED)
@pytest.mark.parametrize("chunk", [3200, 4800, 6400, 9600, 12_800])
def test_a_stream_gives_what_the_whole_signal_gives(normaliser: Normaliser, chunk: int) -> None:
    front_end = FrontEnd(80, normaliser, chunk)
    sound = changing_noise(25 * chunk)
    whole = log_mel(torch.from_numpy(sound), front_end)
    assert torch.allclose(stream(sound, front_end, [1601]), whole, atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 9), st.sampled_from(STREAMED))
def test_later_sound_changes_nothing_earlier(chunks: int, normaliser: Normaliser) -> None:
    front_end = FrontEnd(80, normaliser)
    sound = changing_noise(10 * 6400)
    other = sound.copy()
    other[chunks * 6400 :] = 3.0 * changing_noise(len(sound) - chunks * 6400, seed=1)
    frames = chunks * 40
    assert torch.equal(stream(sound, front_end, [999])[:, :frames], stream(other, front_end, [999])[:, :frames])
    if normaliser == "window":
        pair = torch.from_numpy(np.stack([sound, other]))
        mel = log_mel(pair, front_end)[..., :frames]
        assert torch.equal(mel[0], mel[1])


def test_window_frames_lie_where_the_ruling_says() -> None:
    """A click at sample s is in the frames k with 160k - 240 <= s <= 160k + 159, and in no other."""
    for at in (0, 150, 170, 1000, 6390):  # not where the Hann window is all but zero
        sound = torch.zeros(6400)
        sound[at] = 1.0
        mel = log_mel(sound, FrontEnd())
        touched = (mel > mel.min()).any(0).nonzero().flatten().tolist()
        expected = [k for k in range(40) if 160 * k - 240 <= at <= 160 * k + 159]
        assert touched == expected


def test_window_forgets_a_bang_after_eight_seconds() -> None:
    sound = torch.full((30 * 6400,), 0.0)
    sound[100:6000] = torch.from_numpy(changing_noise(5900))
    floors = log_mel(sound, FrontEnd()).view(80, 30, 40).amin((0, 2))
    assert (floors[:20] == floors[0]).all()
    assert (floors[20:] == -1.5).all()
    assert floors[0] > -1.5


def test_the_window_holds_the_chunks_that_lie_wholly_in_it() -> None:
    assert FrontEnd(chunk_samples=6400).window_chunks == 20
    assert FrontEnd(chunk_samples=9600).window_chunks == 13
    assert FrontEnd(chunk_samples=4800).window_chunks == 26


@pytest.mark.parametrize("normaliser", ["clip", "stream", "window"])
def test_silence_is_minus_one_and_a_half(normaliser: Normaliser) -> None:
    assert (log_mel(torch.zeros(12_800), FrontEnd(80, normaliser)) == -1.5).all()


@pytest.mark.parametrize("normaliser", ["clip", "stream", "window"])
def test_batches_are_independent_and_of_any_shape(normaliser: Normaliser) -> None:
    front_end = FrontEnd(80, normaliser)
    sounds = torch.from_numpy(np.stack([changing_noise(19_200, seed) for seed in range(6)]))
    together = log_mel(sounds.view(2, 3, -1), front_end)
    assert together.shape == (2, 3, 80, 120)
    for index in range(6):
        alone = log_mel(sounds[index], front_end)
        assert torch.allclose(together.view(6, 80, 120)[index], alone, atol=1e-5)


def test_reset_forgets() -> None:
    for normaliser in STREAMED:
        listener = StreamingLogMel(FrontEnd(80, normaliser))
        sound = changing_noise(14_000)
        first = torch.stack(listener.feed(sound))
        listener.reset()
        assert torch.equal(torch.stack(listener.feed(sound)), first)


def test_memory_is_bounded() -> None:
    listener = StreamingLogMel(FrontEnd())
    for _ in range(50):
        listener.feed(changing_noise(6400))
    held = listener._history
    assert held is not None
    assert held.base is None and len(held) == 240
    assert len(listener._peaks) == 20


@pytest.mark.parametrize("count", [0, 160, 6399, 6560])
def test_a_signal_of_the_wrong_length_is_named(count: int) -> None:
    with pytest.raises(InputError, match=f"a signal of {count} samples"):
        log_mel(torch.zeros(count), FrontEnd())


@pytest.mark.parametrize(
    "fields",
    [{"n_mels": 0}, {"normaliser": "global"}, {"chunk_samples": 6000}, {"chunk_samples": 320}, {"window_seconds": 0.3}],
)
def test_a_front_end_that_makes_no_sense_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=next(iter(fields))):
        FrontEnd(**fields)  # type: ignore[arg-type]


def test_the_clip_maximum_cannot_be_streamed() -> None:
    with pytest.raises(UsageError, match="cannot hear a stream"):
        StreamingLogMel(FrontEnd(80, "clip"))
