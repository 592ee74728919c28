"""A stream that was frozen and thawed goes on token for token; a damaged or foreign snapshot is one clear error."""

from __future__ import annotations

import dataclasses
import hashlib
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soundflow.errors import InputError, UsageError
from soundflow.model.bundle import Bundle
from soundflow.stream.decoding import Decided, Decoding, Outcome
from soundflow.stream.engine import Engine
from soundflow.stream.events import Decision, Event
from soundflow.stream.fifo import ChunkReady, FifoRule, Flush, Idle, Token
from soundflow.stream.narrator import Narrator
from soundflow.stream.perception import Perception, Samples
from soundflow.stream.snapshot import StreamState, freeze, thaw
from tests.stream.conftest import CHUNK, noise


class Stream:
    """The parts of a stream driven one step at a time, so that it can be frozen between any two."""

    def __init__(self, bundle: Bundle, state: StreamState | None = None) -> None:
        self.bundle = bundle
        self.state = state or StreamState(
            Perception(bundle), Decoding(bundle, "Count", 0.47, 6), FifoRule(4), Narrator(CHUNK)
        )
        self.told: list[Event] = []
        self.outcomes: list[Outcome] = []
        self.action = self.state.rule.resume() if state else None

    def feed(self, samples: Samples) -> None:
        for piece in self.state.perception.pieces(samples):
            for chunk in self.state.perception.hear(piece, 0.0):
                action = self.state.rule.advance(ChunkReady(chunk))
                self.action = self.action if isinstance(action, Idle) else action

    def step(self) -> None:
        if self.action is None or isinstance(self.action, Idle):
            return
        outcome = self.state.decoding.run(self.action)
        self.outcomes.append(outcome)
        self.told += self.state.narrator.tell(outcome, 1.0)
        self.action = self.state.rule.advance(Token(outcome.kind))

    def frozen(self) -> bytes:
        undone = self.action if isinstance(self.action, Flush) else None
        return freeze(self.bundle, dataclasses.replace(self.state, undone=undone), 5.0)

    def said(self) -> list[object]:
        return [
            (o.p_response, o.kind, len(o.chunks), o.forgotten) if isinstance(o, Decided) else o for o in self.outcomes
        ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(st.lists(st.tuples(st.integers(1, 2 * CHUNK), st.integers(0, 9)), min_size=2, max_size=20), st.data())
def test_wherever_it_is_frozen_it_goes_on_the_same(
    small_bundle: Bundle, plan: list[tuple[int, int]], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(1, len(plan) - 1))
    sound = noise(2 * len(plan))
    whole, stream, start = Stream(small_bundle), Stream(small_bundle), 0
    before: list[object] = []
    for i, (count, steps) in enumerate(plan):
        if i == cut:
            before = stream.said()
            stream = Stream(small_bundle, thaw(small_bundle, stream.frozen(), 5.0))
        for one in (whole, stream):
            one.feed(sound[start : start + count])
            for _ in range(steps):
                one.step()
        start += count
    assert before + stream.said() == whole.said()
    assert stream.state.rule.queued == () or len(stream.state.rule.queued) == len(whole.state.rule.queued)
    assert stream.state.narrator.replies == whole.state.narrator.replies


def decisions(events: list[Event]) -> list[tuple[int, float]]:
    return [(e.chunk, e.p_response) for e in events if isinstance(e, Decision)]


def test_an_engine_takes_over_a_stream_of_another(small_bundle: Bundle) -> None:
    sound = noise(5.5)
    with Engine(small_bundle) as first, Engine(small_bundle) as second:
        session, alone = first.open(threshold=1.0), first.open(threshold=1.0)
        for i in range(3):
            for one in (session, alone):
                one.feed(sound[i * CHUNK : (i + 1) * CHUNK])
                assert next(one.events()).type == "decision"
        session.feed(sound[3 * CHUNK : 3 * CHUNK + 100])
        moved = second.restore(session.snapshot())
        session.close()
        moved.feed(sound[3 * CHUNK + 100 :][: CHUNK - 100])
        alone.feed(sound[3 * CHUNK : 4 * CHUNK])
        assert decisions([next(moved.events())]) == decisions([next(alone.events())])
        moved.end()
        assert [e.type for e in moved.events()] == ["end"]


def test_an_ended_session_has_no_snapshot(small_bundle: Bundle) -> None:
    with Engine(small_bundle) as engine:
        session = engine.open()
        session.end()
        with pytest.raises(UsageError) as caught:
            session.snapshot()
    assert caught.value.code == "session.ended"


@pytest.fixture
def blob(small_bundle: Bundle) -> bytes:
    stream = Stream(small_bundle)
    stream.feed(noise(3))
    stream.step()
    return stream.frozen()


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda blob: b"", "snapshot.format"),
        (lambda blob: b"RIFF" + blob[4:], "snapshot.format"),
        (lambda blob: blob[:6] + b"\x00\x09" + blob[8:], "snapshot.version"),
        (lambda blob: blob[:-1], "snapshot.damaged"),
        (lambda blob: blob[:200] + bytes([blob[200] ^ 1]) + blob[201:], "snapshot.damaged"),
        (lambda blob: blob[:8] + hashlib.sha256(b"{}").digest() + b"{}", "snapshot.format"),
    ],
)
def test_damage_is_found(small_bundle: Bundle, blob: bytes, damage, code: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError) as caught:
        thaw(small_bundle, damage(blob), 0.0)
    assert caught.value.code == code


def test_another_model_is_refused(small_bundle: Bundle, blob: bytes) -> None:
    other = dataclasses.replace(small_bundle, config=dataclasses.replace(small_bundle.config, max_chunks=9))
    with pytest.raises(InputError) as caught:
        thaw(other, blob, 0.0)
    assert caught.value.code == "snapshot.model"


_GO_ON = """
import sys, numpy as np, soundflow
from soundflow.stream.engine import Engine
blob, sound = open(sys.argv[1], "rb").read(), np.load(sys.argv[2])
with Engine(soundflow.load("nano").bundle) as engine:
    session = engine.restore(blob)
    reader = session.events()
    for i in range(0, len(sound), 6400):
        session.feed(sound[i : i + 6400])
        while (event := next(reader)).type != "decision":
            print(event.type, getattr(event, "text", ""))
        print(event.chunk, repr(event.p_response))
    session.end()
    for event in reader:
        print(event.type, getattr(event, "text", ""))
"""


@pytest.mark.slow
def test_nano_goes_on_in_another_process(tmp_path) -> None:  # type: ignore[no-untyped-def]
    import soundflow
    from soundflow.api import open_source

    sound = np.concatenate(list(open_source("kitchen", CHUNK)))
    sound = sound[: len(sound) // CHUNK * CHUNK]
    half = 15 * CHUNK
    with Engine(soundflow.load("nano").bundle) as engine:
        session = engine.open(threshold=0.3)
        reader = session.events()
        told: list[str] = []
        for i in range(0, len(sound), CHUNK):
            if i == half:
                (tmp_path / "stream.snap").write_bytes(session.snapshot())
                told = []
            session.feed(sound[i : i + CHUNK])
            while (event := next(reader)).type != "decision":
                told.append(f"{event.type} {getattr(event, 'text', '')}")
            assert isinstance(event, Decision)
            told.append(f"{event.chunk} {event.p_response!r}")
        session.end()
        told += [f"{event.type} {getattr(event, 'text', '')}" for event in reader]
    np.save(tmp_path / "rest.npy", sound[half:])
    command = [sys.executable, "-c", _GO_ON, str(tmp_path / "stream.snap"), str(tmp_path / "rest.npy")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [line.rstrip("\n") for line in told]
    assert any(line.startswith("reply.end") for line in told)
