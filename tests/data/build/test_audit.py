"""The audit: seconds by licence, and mixes that may not be used so."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundflow.data.build.audit import audit, objections, refuse
from soundflow.data.build.run import build
from soundflow.errors import InputError
from tests.data.build.clips import order, write_clips


@pytest.mark.parametrize(
    ("licences", "use", "found"),
    [
        (["CC0-1.0", "CC-BY-4.0"], "sell", []),
        (["CC-BY-NC-ND-4.0"], "research", []),
        (["CC-BY-NC-ND-4.0"], "share", ["no derived works: CC-BY-NC-ND-4.0"]),
        (["CC-BY-NC-3.0"], "share", []),
        (["CC-BY-NC-3.0"], "sell", ["not for money: CC-BY-NC-3.0"]),
        (["CC-BY-NC-3.0", "GPL-2.0+"], "share", ["share-alike beside non-commercial: no licence fits both"]),
        (["unknown (a game)"], "share", ["no stated licence: unknown (a game)"]),
    ],
)
def test_what_stands_in_the_way_of_a_use(licences: list[str], use: str, found: list[str]) -> None:
    assert objections(licences, use) == found  # type: ignore[arg-type]


def test_seconds_add_up_and_a_forbidden_mix_is_refused(tmp_path: Path) -> None:
    write_clips(tmp_path / "clips", licence="CC-BY-ND-4.0")
    build(order(tmp_path, tasks={"safety_alert": 1.0}))
    found = audit(tmp_path / "out")
    assert set(found.licences) <= {"CC0-1.0", "CC-BY-ND-4.0"} and found.licences["CC-BY-ND-4.0"] > 1
    assert found.licences["CC0-1.0"] >= 2 * found.seconds - 0.1  # two noise tracks all the time
    refuse(found, "research")
    with pytest.raises(InputError, match=r"no derived works: CC-BY-ND-4\.0 \(6 streams\)"):
        refuse(found, "share")
