"""Online streams as the release makes them: draws, chunk rule, waveform, and its documents out of its lines."""

from __future__ import annotations

import json
import lzma
import random
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.audio.decode import read_audio
from soundflow.data.annotate import annotate
from soundflow.data.release_lines import OnlineTurn, document, online_line
from soundflow.data.release_streams import (
    LEAST_GAP,
    MOST_GAP,
    SEED,
    Gaps,
    NoiseFile,
    NoiseSlice,
    Samples,
    chunks_of,
    draw_gaps,
    encoder_frames,
    record_timeline,
    stream_timeline,
    stream_wave,
    tail_frames,
)
from soundflow.data.timeline import Reply, Timeline
from soundflow.errors import InputError
from soundflow.model.config import audio_interaction_3b
from soundflow.model.tokens import Grammar, TextTokenizer

GAP = st.integers(LEAST_GAP, MOST_GAP)


def gaps_of(leading: list[int], tail: int) -> Gaps:
    return Gaps(tuple(NoiseSlice("noise.wav", 0.5, n) for n in leading), NoiseSlice("noise.wav", 0.0, tail))


def turns_of(count: int) -> list[OnlineTurn]:
    return [OnlineTurn(f"{i}.wav", Reply(f"reply {i}", "normal")) for i in range(count)]


@given(shape=st.lists(st.tuples(GAP, st.integers(1, 500)), min_size=1, max_size=4), tail=GAP)
def test_a_turn_is_answered_in_the_chunk_of_the_frame_behind_it(shape: list[tuple[int, int]], tail: int) -> None:
    leading, lengths = [gap for gap, _ in shape], [length for _, length in shape]
    timeline = stream_timeline(turns_of(len(shape)), lengths, gaps_of(leading, tail))
    ends = np.cumsum([gap + length for gap, length in shape])
    assert [chunk for chunk, _, _ in timeline.responses] == [int(end) // 10 for end in ends]
    assert chunks_of(timeline) * 10 == ends[-1] + tail_frames(int(ends[-1]), tail)
    assert timeline.responses[-1][0] < chunks_of(timeline)


@given(before=st.integers(0, 10_000), drawn=st.integers(0, 100))
def test_the_tail_fills_a_chunk_and_is_hardly_longer_than_drawn(before: int, drawn: int) -> None:
    tail = tail_frames(before, drawn)
    assert (before + tail) % 10 == 0 and 0 <= tail <= max(drawn, 9)


def test_a_marked_turn_is_ignored_and_noise_is_background() -> None:
    timeline = stream_timeline([OnlineTurn("a.wav", None)], [30], gaps_of([20], 20))
    assert [(e.role, e.decision, e.onset, e.end) for e in timeline.events] == [
        ("background", "ignore", 0.0, 0.8),
        ("foreground", "ignore", 0.8, 2.0),
        ("background", "ignore", 2.0, 2.8),
    ]
    assert timeline.responses == () and timeline.seconds == 2.8
    assert Timeline.from_json(timeline.to_json()) == timeline


def test_a_reply_behind_the_end_is_refused_not_lost() -> None:
    with pytest.raises(InputError, match="behind the end"):
        stream_timeline(turns_of(1), [30], gaps_of([20], 0))
    with pytest.raises(InputError, match="1 turns, 2 lengths"):
        stream_timeline(turns_of(1), [30, 30], gaps_of([20], 20))


def test_draws_are_the_generators_alone() -> None:
    noises = [NoiseFile("a", 4.0), NoiseFile("b", 1.0)]
    drawn = [draw_gaps(2, noises, random.Random(5)) for _ in range(2)]
    assert drawn[0] == drawn[1] != draw_gaps(2, noises, random.Random(6))
    for noise in (*drawn[0].leading, drawn[0].tail):
        length = {"a": 4.0, "b": 1.0}[noise.path]
        assert LEAST_GAP <= noise.frames <= MOST_GAP and noise.start + noise.frames * 0.04 <= length + 0.001


@pytest.mark.parametrize("noises", [[], [NoiseFile("a", 0.5)]])
def test_noise_that_is_too_short_is_said(noises: list[NoiseFile]) -> None:
    with pytest.raises(InputError, match="no noise lasts"):
        draw_gaps(1, noises, random.Random(5))


def test_the_wave_is_pieces_end_to_end_and_cut_off_to_int16() -> None:
    timeline = stream_timeline([OnlineTurn("a.wav", None)], [2], gaps_of([1], 8))
    sounds = {"noise.wav": np.linspace(-1.5, 1.5, 16_000, dtype=np.float32), "a.wav": np.full(900, 0.5, np.float32)}
    wave = stream_wave(timeline, sounds.__getitem__)
    assert wave.dtype == np.int16 and len(wave) == round(timeline.seconds * 16_000)
    assert wave[640:1540].tolist() == [16383] * 900 and not wave[1540:1920].any()  # 0.5 · 32767 is cut, not rounded
    assert wave[0] == int(sounds["noise.wav"][8000] * np.float32(32767)) and wave.min() == -32768
    with pytest.raises(InputError, match=r"noise\.wav has 640 samples"):
        stream_wave(timeline, lambda path: np.zeros(640, np.float32))


@pytest.mark.parametrize(("samples", "frames"), [(36_160, 56), (36_047, 56), (34_436, 54), (480, 1), (640, 1)])
def test_frames_of_a_recording(samples: int, frames: int) -> None:
    assert encoder_frames(samples) == frames


@pytest.fixture(scope="module")
def kit(shared_dir: Path) -> Path:
    return shared_dir / "compat"


@pytest.fixture(scope="module")
def golden(kit: Path) -> dict[str, Any]:
    """What the authors' pipeline made of three lines."""
    found: dict[str, Any] = json.loads((kit / "golden/train.json").read_text())
    return found


@pytest.fixture(scope="module")
def grammar(kit: Path, tmp_path_factory: pytest.TempPathFactory) -> Grammar:
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    path.write_bytes(lzma.decompress((kit / "checkpoint/tokenizer.json.xz").read_bytes()))
    config = audio_interaction_3b()
    return Grammar(config.control, TextTokenizer.from_file(path), 10, config.default_instruction)


def reader(kit: Path) -> Any:
    @cache
    def read(name: str) -> Samples:
        return read_audio(kit / name)

    return read


def written(timeline: Timeline, grammar: Grammar) -> dict[str, Any]:
    responses = [(chunk, reply) for chunk, reply, _ in timeline.responses]
    return document(annotate(None, chunks_of(timeline), responses, grammar))


def test_the_releases_draws_documents_and_waves_out_of_its_lines(
    kit: Path, golden: dict[str, Any], grammar: Grammar
) -> None:
    read, waves, rng = reader(kit), np.load(kit / "golden/train.npz"), random.Random(SEED)
    noises = [NoiseFile(f"audio/{n}", len(read(f"audio/{n}")) / 16_000) for n in golden["noise_order"]]
    for i, (line, sample) in enumerate(zip(golden["input"], golden["samples"], strict=True)):
        turns = online_line(line)
        gaps = draw_gaps(len(turns), noises, rng)
        timeline = stream_timeline(turns, [encoder_frames(len(read(turn.audio))) for turn in turns], gaps)
        assert timeline == record_timeline(sample["pipeline"])
        assert written(timeline, grammar) == {n: sample["sample"][n] for n in ("input_ids", "labels", "audio_pos")}
        assert np.array_equal(stream_wave(timeline, read), waves[f"wav_{i}"])


def test_a_record_that_is_none_is_refused(golden: dict[str, Any]) -> None:
    record = golden["samples"][0]["pipeline"]
    for name in ("turns", "tail_silence_frames", "tail_noise_path"):
        with pytest.raises(InputError):
            record_timeline({key: value for key, value in record.items() if key != name})
