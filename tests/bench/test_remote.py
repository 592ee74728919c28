"""Servers as systems: a scripted socket of either family, and our own server with nano's loop behind it."""

from __future__ import annotations

import base64
import json
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from soundflow.bench.remote import THEIR_RATE, Address, Ear, remote_system, settings
from soundflow.cli.main import main
from soundflow.errors import OutsideError, UsageError
from soundflow.stream.clock import CostTable, SimulatedClock
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle
from tests.serve.conftest import serving

HERE = Address("ws://somewhere:1/v1/realtime")
SOUND = np.zeros(16_000 * 4, np.float32)
Answer = Callable[[dict[str, Any], float], list[dict[str, Any]]]


class FakeSocket:
    """Answers each message at once; `answer` gets the message and the seconds of sound sent so far."""

    def __init__(self, session: dict[str, Any], answer: Answer, rate: int) -> None:
        self.sent: list[dict[str, Any]] = []
        self.is_closed = False
        self._answer, self._rate, self._seconds = answer, rate, 0.0
        self._inbox = deque([{"type": "session.created", "session": session}])

    def send(self, message: str) -> None:
        found = json.loads(message)
        self.sent.append(found)
        if found["type"] == "session.update":
            self._inbox.append({"type": "session.updated", "session": {}})
        if found["type"] == "input_audio_buffer.append":
            self._seconds += len(base64.b64decode(found["audio"])) / 2 / self._rate
        self._inbox.extend(self._answer(found, self._seconds))

    def recv(self, timeout: float | None = None) -> str:
        if not self._inbox:
            raise TimeoutError
        return json.dumps(self._inbox.popleft())

    def __enter__(self) -> FakeSocket:
        return self

    def __exit__(self, *failure: object) -> None:
        self.is_closed = True


def reply(name: str, text: str, spoken: bool = False) -> list[dict[str, Any]]:
    kind = "response.output_audio_transcript" if spoken else "response.output_text"
    said = {"transcript": text} if spoken else {"text": text}
    return [
        {"type": "response.created", "response": {"id": name}},
        {"type": f"{kind}.delta", "response_id": name, "delta": text},
        {"type": f"{kind}.done", "response_id": name, **said},
        {"type": "response.done", "response": {"id": name, "status": "completed"}},
    ]


def test_a_server_of_the_duplex_family_says_itself_what_it_heard() -> None:
    def answer(message: dict[str, Any], seconds: float) -> list[dict[str, Any]]:
        if message["type"] == "soundflow.end":
            return [{"type": "soundflow.end"}]
        if message["type"] != "input_audio_buffer.append":
            return []
        speaks = round(seconds, 3) == 2.0
        decision = {"type": "response.speak" if speaks else "response.listen", "end": seconds, "response_id": "r"}
        return [decision, *(reply("r", "A siren.") if speaks else [])]

    ours = FakeSocket({"capabilities": {"chunk_period_ms": 400}, "soundflow": {}}, answer, 16_000)
    system = remote_system(HERE, 0.7, lambda address: ours)
    assert [(r.at, r.text) for r in system.hear(SOUND, "Wait.")] == [(2.0, "A siren.")]
    asked = ours.sent[0]["session"]
    assert asked["instructions"] == "Wait." and asked["soundflow"] == {"events": True, "threshold": 0.7}
    assert ours.sent[-1]["type"] == "soundflow.end" and ours.is_closed and system.name == "somewhere:1"


def test_any_other_server_gets_sound_in_real_time_at_its_own_rate() -> None:
    def answer(message: dict[str, Any], seconds: float) -> list[dict[str, Any]]:
        heard = message["type"] == "input_audio_buffer.append" and round(seconds, 3) == 1.2
        return reply("r", "Hello.", spoken=True) if heard else []

    clock = SimulatedClock(CostTable("none", 0.0, ((1, 0.0),), 0.0))
    theirs = FakeSocket({"model": "gpt-realtime"}, answer, THEIR_RATE)
    found = remote_system(HERE, 0.7, lambda address: theirs, clock).hear(SOUND, None)
    assert [r.text for r in found] == ["Hello."] and found[0].at == pytest.approx(1.2)
    assert clock.now() == pytest.approx(8.0), "four seconds of sound, and four of silence to answer in"
    assert "soundflow" not in theirs.sent[0]["session"] and "instructions" not in theirs.sent[0]["session"]


def test_two_replies_do_not_mix() -> None:
    ear = Ear()
    for event in (*reply("a", "One."), *reply("b", "Two.")):
        ear.take(event, 3.0, 1.0)
    assert [r.text for r in ear.replies] == ["One.", "Two."] and not ear.is_speaking


def test_trouble_is_one_clear_error() -> None:
    def complain(message: dict[str, Any], seconds: float) -> list[dict[str, Any]]:
        return [{"type": "error", "error": {"code": "x", "message": "no"}}] if seconds else []

    with pytest.raises(OutsideError, match="the server says x: no"):
        remote_system(HERE, None, lambda a: FakeSocket({"soundflow": {}}, complain, 16_000)).hear(SOUND, None)
    with pytest.raises(OutsideError, match="nothing came for"):
        mute = FakeSocket({"soundflow": {}, "capabilities": {}}, lambda m, s: [], 16_000)
        remote_system(HERE, None, lambda a: mute).hear(SOUND, None)
    with pytest.raises(OutsideError, match="cannot be reached"):
        remote_system(Address("ws://127.0.0.1:9/v1/realtime")).hear(SOUND, None)
    with pytest.raises(UsageError, match="is no address"):
        Address("http://somewhere")


def test_settings_ask_for_text() -> None:
    assert settings(None, None, 24_000, False)["output_modalities"] == ["text"]


def test_our_own_server_is_a_system() -> None:
    # It speaks from the fifth chunk on; how many chunks are decided together depends on the machine.
    script = Script({k: ScriptedReply("A siren.", "urgent") for k in range(4, 100)})
    with serving(scripted_bundle(script)) as running:
        system = remote_system(Address(f"{running.ws}/realtime"))
        streams = [system.hear(SOUND, asked) for asked in (None, "Wait for a siren.")]
    for found in streams:
        assert found and {reply.text for reply in found} == {"A siren."}
        assert 2.0 <= found[0].at <= 4.0 and all(round(reply.at / 0.4, 3).is_integer() for reply in found)


@pytest.mark.slow
def test_a_bench_hears_our_own_server_by_its_address(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("soundflow.bench.mini.QUIET_SECONDS", 8.0)
    with serving(scripted_bundle(Script())) as running:
        assert main(["bench", "mini", "--streams", "1", "--model", f"{running.ws}/realtime", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["recall"]["value"], found["specificity"]["value"]) == (0, 1), "it is silent"
    assert found["model"] == f"127.0.0.1:{running.port}" and found["threshold"] is None
