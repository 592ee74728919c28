"""Voices and writers from the command line: endpoints of a test's own, and where it is there the offline voice."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("openai", reason="openai is not installed")

import soundfile

from soundflow.api import Model
from soundflow.cli.main import main
from soundflow.cli.voice_options import speaking
from soundflow.testing.exchange import EndpointServer, Exchange


def both(exchange: Exchange) -> None:
    """A voice to who asks for a voice, and words to who asks for words."""
    if "input" in exchange.asked:
        exchange.begin("audio/pcm")
        exchange.write(np.full(2400 * len(exchange.asked["input"].split()), 8000, "<i2").tobytes())
    else:
        exchange.begin("text/event-stream")
        exchange.words("A window ", "broke. Mind the ", "shards.")
        exchange.done()


def test_another_writes_and_another_says_it(
    scripted: Model, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = tmp_path / "said.wav"
    with EndpointServer(both) as endpoint:
        options = ["--responder", f"openai:big@{endpoint.url}", "--voice", f"openai:tts@{endpoint.url}"]
        assert main(["listen", str(recording), "--json", *options, "--voice-name", "nova", "--speak", str(said)]) == 0
    out, err = capsys.readouterr()
    events = [json.loads(line) for line in out.splitlines()]
    (reply,) = (event for event in events if event["type"] == "reply.end")
    assert reply["text"] == "A window broke. Mind the shards." and err == ""
    assert [event["chunk"] for event in events if event["type"] == "decision"] == [0, 1, 2, 3, 4]
    asked = [(question.get("voice"), question.get("input")) for question in endpoint.asked[1:]]
    assert asked == [("nova", "A window broke."), ("nova", "Mind the shards.")]
    sound, rate = soundfile.read(said)
    assert rate == 24_000 and len(sound) == round(1.2 * rate) + 6 * 2400
    assert not sound[: round(1.2 * rate)].any() and (sound[round(1.2 * rate) :] > 0.2).all()


def test_an_endpoint_that_is_away_changes_nothing_but_the_words(
    scripted: Model, recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["listen", str(recording), "--responder", "openai:big@http://127.0.0.1:9/v1"]) == 0
    assert "urgent: Glass broke." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--responder", "big@http://x"], "endpoint.form"),
        (["--speak", "said.wav"], "voice.missing"),
        (["--voice", "openai:tts@http://127.0.0.1:9/v1"], "voice.missing"),
        (["--voice-name", "nobody"], "voice.missing"),
        (["--speak", "said.xyz", "--voice", "openai:tts@http://127.0.0.1:9/v1"], "speech.file"),
        (["--speak", "said.wav", "--voice", "festival"], "endpoint.form"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    options: list[str], code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["listen", "kitchen", *options]) == 2
    out, err = capsys.readouterr()
    assert out == "" and code in err and len(err.splitlines()) == 1 and list(tmp_path.iterdir()) == []


def test_a_start_that_fails_leaves_the_file_of_an_earlier_run_alone(scripted: Model, tmp_path: Path) -> None:
    said = tmp_path / "said.wav"
    said.write_bytes(b"an hour of replies")
    options = ["--speak", str(said), "--voice", "openai:tts@http://127.0.0.1:9/v1"]
    assert main(["listen", str(tmp_path / "none.wav"), *options]) == 1
    assert said.read_bytes() == b"an hour of replies" and list(tmp_path.iterdir()) == [said]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, None])
def test_ctrl_c_keeps_what_was_said(stop: type[BaseException] | None, tmp_path: Path) -> None:
    said = tmp_path / "said.wav"
    with (
        contextlib.suppress(KeyboardInterrupt),
        speaking(str(said), "openai:tts@http://127.0.0.1:9/v1", None, lambda failure: None),
    ):
        if stop is not None:
            raise stop
    assert soundfile.info(said).frames == 0 and list(tmp_path.iterdir()) == [said]


@pytest.mark.slow
def test_the_offline_voice_says_it(scripted: Model, recording: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="the extra [voices] is not installed")
    folder = os.environ.get("SOUNDFLOW_KOKORO_VOICES")
    if folder is None:
        pytest.skip("SOUNDFLOW_KOKORO_VOICES does not name the folder `voices` of npm's kokoro-js")
    said = tmp_path / "said.wav"
    assert main(["listen", str(recording), "--speak", str(said), "--voice", f"kokoro:{folder}"]) == 0
    sound, rate = soundfile.read(said)
    spoken = sound[round(1.2 * rate) :]
    assert rate == 16_000 and 0.5 < len(spoken) / rate < 4.0 and np.abs(spoken).max() > 0.1


def test_a_voice_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--speak", str(tmp_path / "said.wav"), "--voice", f"kokoro:{tmp_path}"]
    assert main(["listen", "kitchen", *options]) == 1
    assert "kokoro.no_voices" in capsys.readouterr().err
