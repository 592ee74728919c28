"""Sums of what passes came to."""

from __future__ import annotations

from soundflow.stream.batch import Step
from soundflow.stream.decoding import Decoding
from soundflow.stream.engine_statistics import EngineStatistics
from soundflow.stream.fifo import TEXT_STEP, Flush
from soundflow.stream.perception import Perception
from soundflow.stream.session import Limits
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle
from tests.stream.conftest import CHUNK, noise


def test_decisions_and_text_are_told_apart() -> None:
    bundle = scripted_bundle(Script({0: ScriptedReply("a")}))
    decoding = Decoding(bundle, None, 0.5, Limits().reply_tokens(bundle))
    (chunk,) = Perception(bundle).hear(noise(1)[:CHUNK], 0.0)
    done = EngineStatistics()
    for action in (Flush((chunk,)), TEXT_STEP, TEXT_STEP):
        done.decoding([Step(decoding, action)], [decoding.run(action)], 0.5)
    done.hearing(0.25)
    assert (done.responses, done.silent, done.text_steps, done.steps) == (1, 0, 2, 3)
    assert (done.decoder_passes, done.decoder_seconds, done.encoder_passes, done.encoder_seconds) == (3, 1.5, 1, 0.25)
