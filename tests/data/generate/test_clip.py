"""What generators hand out: levels, lengths, seeds."""

from __future__ import annotations

import numpy as np

from soundflow.data.generate.clip import finish, generator_for


def test_a_clip_has_the_peak_its_recipe_says() -> None:
    for seed in range(20):
        clip = finish(np.sin(np.arange(16_000) / 5.0), "doorbell", {"style": "x"}, np.random.default_rng(seed))
        peak_dbfs = clip.recipe["peak_dbfs"]
        assert isinstance(peak_dbfs, float)
        assert -18 <= peak_dbfs <= -1
        assert abs(20 * np.log10(np.abs(clip.samples).max()) - peak_dbfs) < 1e-3
        assert clip.samples.dtype == np.float32
        assert clip.synthetic is True
        assert (clip.label, clip.recipe["style"], clip.recipe["seconds"]) == ("doorbell", "x", 1.0)


def test_a_chirp_gets_silence_after_it_and_silence_stays_silence() -> None:
    clip = finish(np.ones(100), "doorbell", {}, np.random.default_rng(0))
    assert len(clip.samples) == 4000
    assert not clip.samples[100:].any()
    assert not finish(np.zeros(5000), "doorbell", {}, np.random.default_rng(0)).samples.any()


def test_each_clip_has_random_numbers_of_its_own() -> None:
    draws = {
        generator_for(seed, index, purpose).random()
        for seed in range(3)
        for index in range(3)
        for purpose in ("doorbell", "phone_ring")
    }
    assert len(draws) == 18
    assert generator_for(1, 2, "a").random() == generator_for(1, 2, "a").random()
