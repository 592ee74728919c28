"""The operating curve: fewer false replies for less recall, and a threshold that goes into config and card."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from soundflow.bench.bootstrap import Interval
from soundflow.bench.calibrate import CurvePoint, check_writable, choose, operating_curve, write_threshold
from soundflow.bench.listening import Setting
from soundflow.bench.sweep import OperatingPoint
from soundflow.bench.trigger import RATES
from soundflow.data.clips import ClipStore
from soundflow.errors import InputError, UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.ours import load_folder, save_folder
from soundflow.testing.model import scripted_bundle
from tests.bench.streams import ALWAYS
from tests.model.conftest import small_bundle

__all__ = ["small_bundle"]  # the fixture of the model's tests

SETTLED = dataclasses.replace(ALWAYS, p_response=dict.fromkeys(range(400), 0.45))  # p is 0.45 at every chunk


def point(threshold: float, recall: float, false: float) -> CurvePoint:
    rates = {name: Interval(recall, recall, recall) for name in RATES}
    rate = Interval(false, false, false)
    return CurvePoint(OperatingPoint(threshold, rates, rate), rate, {"background": rate})


CURVE = (point(0.2, 0.9, 100), point(0.4, 0.8, 20), point(0.6, 0.5, 5), point(0.7, 0.5, 4), point(0.8, 0.1, 1))


@pytest.mark.parametrize(("wanted", "threshold"), [(1000, 0.2), (20, 0.4), (19, 0.7), (1, 0.8)])
def test_the_most_recall_within_what_is_bearable(wanted: float, threshold: float) -> None:
    assert choose(CURVE, wanted).threshold == threshold


def test_a_model_that_is_never_so_quiet_is_told() -> None:
    with pytest.raises(InputError, match=r"1\.0 false replies an hour at threshold 0\.8 are the fewest"):
        choose(CURVE, 0.5)
    with pytest.raises(UsageError):
        choose(CURVE, -1)


def test_a_model_speaks_below_its_p_and_is_silent_above(store: ClipStore) -> None:
    low, high = operating_curve(scripted_bundle(SETTLED), Setting(store, "test", 0), 1, 0.03, [0.5, 0.4])
    assert (low.threshold, low.point.rates["recall"].value) == (0.4, 1)
    assert (low.false_per_hour.value or 0) > 1000 and list(low.by_kind) == ["background"]
    assert (high.point.rates["recall"].value, high.false_per_hour.value) == (0, 0)
    assert high.false_per_hour.high and high.false_per_hour.high > 0, "no false reply in two minutes proves little"
    json.dumps(low.to_dict(), allow_nan=False)


def test_nothing_to_count_on_is_refused(store: ClipStore) -> None:
    with pytest.raises(UsageError):
        operating_curve(scripted_bundle(SETTLED), Setting(store, "test", 0), 1, 0)
    with pytest.raises(InputError, match="has no background, speech, music"):
        operating_curve(scripted_bundle(SETTLED), Setting(store, "nowhere", 0), 1, 0.1)


def test_config_and_card_take_the_threshold(tmp_path: Path, small_bundle: Bundle) -> None:
    save_folder(small_bundle, tmp_path)
    (tmp_path / "README.md").write_text("# A model\n\nIts card.\n")
    for chosen, wanted in ((CURVE[1], 20.0), (CURVE[3], 5.0)):
        write_threshold(tmp_path, chosen, wanted, "3 streams, split valid")
        assert load_folder(tmp_path).config.response_threshold == chosen.threshold
    card = (tmp_path / "README.md").read_text()
    assert card.startswith("# A model\n\nIts card.\n") and card.count("## Threshold") == 1
    assert "p(response) 0.7: at most 5 false" in card and "recall 50.0 (50.0 – 50.0) %" in card
    assert "split valid" in card


def test_another_layouts_folder_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        check_writable(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "qwen2_5_omni"}')
    with pytest.raises(InputError, match="another layout"):
        check_writable(tmp_path)
