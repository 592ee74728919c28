"""Honest answers of a chat model, a voice, a listener and a maker of sounds, for a server that lies now and then."""

from __future__ import annotations

import io
import json
from typing import Any

import soundfile

from soundflow.data.voices.rewrite import spoken_style
from soundflow.testing.endpoint import Answer, LyingEndpoint, completion
from tests.data.test_clips import RATE, tone


def chat(path: str, body: bytes) -> Answer:
    """Whatever this package asks a chat model, answered rightly."""
    asked = json.loads(json.loads(body)["messages"][1]["content"])
    return completion(json.dumps(_answer(asked), ensure_ascii=False))


def sound(path: str, body: bytes) -> Answer:
    """Two seconds of a tone as wav, whatever is asked for."""
    out = io.BytesIO()
    soundfile.write(out, tone(2.0), RATE, format="WAV", subtype="PCM_16")
    return Answer(out.getvalue(), "audio/wav")


def hears(text: str) -> Any:
    """A listener that always hears this text."""
    return lambda path, body: Answer(json.dumps({"text": text}).encode())


def patience(liar: LyingEndpoint) -> float:
    """Seconds to wait for an answer: long where every one comes, so that a busy machine does not look like a lie."""
    if not liar.share or "timeout" not in liar.lies:
        return 60.0
    return 0.3 if liar.share == 1.0 else 1.0


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    if "annotations" in asked:
        labels, first = asked["allowed_labels"], 3 * asked["variant"]
        chosen = [labels[(first + i) % len(labels)] for i in range(3)]
        return {"place": "a farm", "sub_events": [{"label": label, "role": "foreground"} for label in chosen]}
    if "sub_events" in asked:
        names = [(event["label"], event["label"].replace("_", " ")) for event in asked["sub_events"]]
        refined = [{"label": label, "query": f"{words} close by", "caption": f"{words}."} for label, words in names]
        return {"sub_events": refined}
    if "rounds" in asked:
        return {"round": 0, "question": "What did I say first?", "answer": asked["rounds"][0]["user"]}
    if "captions" in asked:
        ruling = "borderline" if asked["label"] == "footsteps" else "silent"
        return {"label": asked["label"], "ruling": ruling, "criterion": None, "reason": "steps may be a stranger's"}
    return {"text": spoken_style(asked["text"], asked["language"])}
