"""The rule-based source does what an endpoint does, offline and the same each time."""

from __future__ import annotations

import numpy as np
import pytest

from soundflow.data.generate.source import ByRule, SoundRequest, SoundSource
from soundflow.errors import UsageError


def test_the_same_request_gives_the_same_samples_and_another_number_others() -> None:
    source: SoundSource = ByRule(seed=4)
    first, again, other = (source.make(SoundRequest("siren", "", 5.0, number)) for number in (0, 0, 1))
    assert np.array_equal(first, again) and not np.array_equal(first[:8000], other[:8000])
    assert first.dtype == np.float32


def test_a_sound_without_a_rule_is_refused() -> None:
    with pytest.raises(UsageError, match="no rule for 'cow'"):
        ByRule().make(SoundRequest("cow", "a cow moos", 2.0))
