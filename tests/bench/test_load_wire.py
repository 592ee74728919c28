"""The load generator against a server on this machine, with a scripted model: what is counted, not how fast."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest

from soundflow.bench.load_measures import Load
from soundflow.bench.load_wire import WireReader, address_of, block_messages, run_wire_load, server_figures
from soundflow.errors import OutsideError, UsageError
from soundflow.serve.admission import Policy, read_keys
from soundflow.serve.limits import ServeLimits
from soundflow.stream.events import Decision, ReplyDelta, ReplyEnd, ReplyStart
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle
from tests.serve.conftest import serving

SOUND = np.zeros(16_000, np.float32)


def test_every_chunk_of_every_session_is_counted() -> None:
    bundle = scripted_bundle(Script({chunk: ScriptedReply("Fire!") for chunk in range(2, 9)}))
    with serving(bundle) as running:
        report = run_wire_load(address_of(running.http), SOUND, Load(3, 1.2, warm_chunks=2))
    assert (report.sessions, report.lost_chunks, report.errors) == (3, 0, {}) and report.replies >= 3
    assert report.stall_percent is not None and report.cores_used is not None and report.first_text_ms_p50 is not None
    assert report.chunks_per_encoder_pass is not None and report.chunks_per_encoder_pass >= 1


def test_who_is_refused_says_so(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "keys").write_text("a-key-of-some-length")
    with serving(scripted_bundle(), ServeLimits(sessions=1), Policy(read_keys(tmp_path / "keys"))) as running:
        with pytest.raises(OutsideError, match="401"):
            run_wire_load(address_of(running.http), SOUND, Load(1, 0.4))
        keyed = address_of(running.http, "a-key-of-some-length")
        with pytest.raises(OutsideError, match="503"):
            run_wire_load(keyed, SOUND, Load(2, 0.4, warm_chunks=0))
        assert server_figures(keyed)["soundflow_sessions_opened_total"] == 1
        assert server_figures(address_of(running.http)) == {}
    with pytest.raises(OutsideError, match="no server"):
        run_wire_load(address_of("ws://127.0.0.1:9"), SOUND, Load(1, 0.4))


def test_an_address_is_read_as_people_write_it() -> None:
    for url in ("http://h:8", "ws://h:8/", "ws://h:8/v1/realtime"):
        found = address_of(url)
        assert found.socket == "ws://h:8/v1/realtime" and found.metrics == "http://h:8/metrics"
    assert address_of("https://h/x?model=nano", "k").socket == "wss://h/x?model=nano"
    assert address_of("https://h", "k").headers == {"Authorization": "Bearer k"}
    for url in ("h:8", "ftp://h", "ws://"):
        with pytest.raises(UsageError):
            address_of(url)


def test_sound_is_cut_into_messages_of_whole_blocks() -> None:
    messages = [json.loads(text) for text in block_messages(SOUND[:4000], 0.1)]
    assert [len(base64.b64decode(m["audio"])) for m in messages] == [3200, 3200]
    assert {m["type"] for m in messages} == {"input_audio_buffer.append"}


def test_what_a_server_says_becomes_what_a_stream_says() -> None:
    reader = WireReader()
    decided = {"chunk": 4, "start": 1.6, "end": 2.0, "p_response": 0.9, "latency_ms": 5.0, "chunks": 2}
    wire: list[dict[str, Any]] = [
        {"type": "response.speak", "response_id": "r", **decided},
        {"type": "response.created"},
        {"type": "response.output_text.delta", "delta": "Fi"},
        {"type": "response.done"},
        {"type": "session.updated"},
    ]
    assert [reader.read(event) for event in wire] == [
        Decision(4, 1.6, 2.0, "response", 0.9, 5.0, 2),
        ReplyStart(0, 4, 0.0, None),
        ReplyDelta(0, "Fi"),
        ReplyEnd(0, "", None, "eos", 0, None),
        None,
    ]
