"""Two models on the same sounds: alike is alike, and every difference is counted."""

from __future__ import annotations

import numpy as np

from soundflow.bench.agreement import compare
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle

SOUND = {"a": np.zeros(6400 * 4, np.float32), "b": np.zeros(6400 * 2 + 5, np.float32)}


def test_a_model_agrees_with_itself() -> None:
    bundle = scripted_bundle(Script({1: ScriptedReply("Glass broke.", "urgent")}))
    found = compare(bundle, bundle, SOUND)
    assert (found.chunks, found.same_decisions) == (7, 7)
    assert (found.replies, found.same_replies) == (2, 2)
    assert found.largest_p_difference == 0


def test_other_words_and_other_decisions_are_counted_apart() -> None:
    first = scripted_bundle(Script({1: ScriptedReply("Glass broke.", "urgent"), 3: ScriptedReply("A dog.", None)}))
    words = scripted_bundle(Script({1: ScriptedReply("A crash.", "urgent"), 3: ScriptedReply("A dog.", None)}))
    found = compare(first, words, {"a": SOUND["a"]})
    assert (found.same_decisions, found.same_replies, found.replies) == (4, 1, 2)
    silent = scripted_bundle(Script({1: ScriptedReply("Glass broke.", "urgent")}))
    found = compare(first, silent, {"a": SOUND["a"]})
    assert (found.same_decisions, found.same_replies, found.replies) == (3, 1, 2)
