"""CoVoST 2: a Common Voice folder with `covost_v2.SOURCE_TARGET.tsv` in it, whole or split by its own script.

The whole table has path, translation, split and is joined with `validated.tsv`; a split one has the sentence as well.
Quotes are ordinary characters. Source: facebookresearch/covost. Tests: tests/data/layouts/test_speech.py.
"""

from __future__ import annotations

import dataclasses
import re
from functools import partial
from pathlib import Path

from soundflow.data.clips import Clip
from soundflow.data.layouts.common_voice import VALIDATED, clip_of
from soundflow.data.layouts.layout import Layout, Rows, each, split_named
from soundflow.data.layouts.tables import tab_rows

_NAME = re.compile(r"covost_v2\.(?P<source>[\w-]+?)_(?P<target>[\w-]+?)(?:\.(?P<split>train|dev|test))?\.tsv$")
LICENCE = "CC-BY-NC-4.0 (translations; the speech is CC0-1.0)"


def recognises(folder: Path) -> bool:
    """Whether there are clips and a table of translations."""
    return (folder / "clips").is_dir() and any(folder.glob("covost_v2.*.tsv"))


def clips(folder: Path) -> Rows:
    """A clip a translation: a sentence that is translated twice comes twice."""
    said: dict[str, dict[str, str]] = {}
    for table in sorted(folder.glob("covost_v2.*.tsv")):
        name = _NAME.match(table.name)
        if name is None:
            continue
        if name["split"] is None and not said:
            said = {row["path"]: row for _, row in tab_rows(folder / VALIDATED) if "path" in row}
        make = partial(_clip, said=said, source=name["source"], target=name["target"], split=name["split"])
        yield from each(table.name, tab_rows(table), make)


def _clip(
    row: dict[str, str], said: dict[str, dict[str, str]], source: str, target: str, split: str | None
) -> Clip | None:
    published = (split or row["split"]).replace("train_covost", "train")
    if published.endswith("_covost"):
        return None  # as the authors' script: their additions to dev and test are left out, those to train are not
    spoken = row if "sentence" in row else said.get(row["path"])
    if spoken is None:
        raise ValueError(f"{VALIDATED} has no {row['path']}")
    clip = clip_of({**spoken, "locale": source}, split_named(published))
    extra = {**clip.extra, "translation": row["translation"], "target_language": target.partition("-")[0]}
    return dataclasses.replace(
        clip,
        id=f"covost2/{source}_{target}/{Path(row['path']).stem}",
        licence=LICENCE,
        source="CoVoST 2",
        extra=extra,
    )


COVOST2 = Layout("covost2", "CoVoST 2", "https://github.com/facebookresearch/covost", recognises, clips)
