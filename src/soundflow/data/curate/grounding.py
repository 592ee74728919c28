"""Clip grounding: the top three of the index are verified in turn; where none fits, the sound is generated.

Source: paper, section 3.2 (iii). Tests: tests/data/curate/test_grounding.py.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from soundflow.data.clips import Clip
from soundflow.data.curate.planner import Refined, plain_query
from soundflow.data.curate.verifier import Measured, Verdict, measure, verify
from soundflow.data.curate.word_ranks import Found, WordRanks, words_of
from soundflow.data.generate.catalogue import CALLS_FOR_A_WORD, can_be_generated
from soundflow.data.library import Library, generated_clip

Samples = NDArray[np.float32]
How = Literal["retrieved", "reprocessed", "generated"]

TOP = 3  # paper, section 3.2: candidates a query is given
FITTING_SECONDS = (0.15, 12.0)  # of an event; longer ones are cut to the core
SCARCE = 8  # recordings of a label: with fewer, some of its sub-events are generated, so that none is worn out; chosen
GENERATED_SHARE = 0.1  # of those sub-events, where there is a rule for the sound; chosen


@dataclass(frozen=True)
class Grounded:
    """A sub-event that found its clip, and how."""

    clip: Clip
    how: How


@dataclass
class Grounder:
    """Finds clips for sub-events, and counts how it went.

    Args:
        library: the clips; those that are events are ranked by words.
        tfjp: whether streams are made of clips after TFJP: a clip sent to be reprocessed is judged again after it.
    """

    library: Library
    tfjp: bool = True
    tally: Counter[str] = field(default_factory=Counter)
    _ranks: WordRanks | None = None
    _hits: dict[str, tuple[Found, ...]] = field(default_factory=dict)
    _measures: dict[tuple[str, bool], Measured] = field(default_factory=dict)

    def ground(self, refined: Refined, rng: np.random.Generator, used: Collection[str]) -> Grounded | None:
        """A clip for one sub-event, not among those already used; None when nothing fits and nothing can be made."""
        label = refined.sub_event.label
        if can_be_generated(label) and self._is_scarce(label) and rng.random() < GENERATED_SHARE:
            return self._generated(label)
        tried = set(used)
        for query in dict.fromkeys((refined.query, plain_query(label, self.library.synonyms(label)))):
            for found in self._top(query, rng, tried):
                tried.add(found.clip)
                grounded = self._judged(self.library.by_id[found.clip], label)
                if grounded is not None:
                    return grounded
        if can_be_generated(label):
            return self._generated(label)
        self.tally["not grounded"] += 1
        return None

    def _is_scarce(self, label: str) -> bool:
        recordings = {clip.recording for clip in self.library.by_label.get(label, ()) if not clip.synthetic}
        return len(recordings) < SCARCE

    def _generated(self, label: str) -> Grounded:
        self.tally["generated"] += 1
        template = next(iter(self.library.by_label.get(label, ())), None)
        clip = generated_clip(label, template)
        if template is None:
            clip = dataclasses.replace(clip, proactive=CALLS_FOR_A_WORD[label])
        return Grounded(clip, "generated")

    def _judged(self, clip: Clip, label: str) -> Grounded | None:
        verdict = self._verdict(clip, label, False)
        if verdict.ruling == "accept":
            self.tally["accept"] += 1
            return Grounded(clip, "retrieved")
        self.tally[verdict.ruling] += 1
        self._count(verdict)
        if verdict.ruling == "reject":
            return None
        again = self._verdict(clip, label, True) if self.tfjp else verdict
        if again.ruling == "reject":
            self.tally["reject after reprocessing"] += 1
            self._count(again)
            return None
        return Grounded(clip, "reprocessed")

    def _count(self, verdict: Verdict) -> None:
        for reason in verdict.reasons:
            self.tally[reason.partition(":")[0]] += 1

    def _verdict(self, clip: Clip, label: str, after_tfjp: bool) -> Verdict:
        key = (clip.id, after_tfjp)
        if key not in self._measures:
            self._measures[key] = measure(self.library.samples(clip, after_tfjp))
        return verify(clip.label, label, self.library.synonyms(label), self._measures[key], FITTING_SECONDS)

    def _top(self, query: str, rng: np.random.Generator, used: Collection[str]) -> list[Found]:
        """The best three; clips that are equally good are drawn from, so that a query does not wear out three clips."""
        if query not in self._hits:
            self._hits[query] = tuple(self._searched(query))
        hits = [found for found in self._hits[query] if found.clip not in used]
        order = rng.permutation(len(hits))
        best = sorted(range(len(hits)), key=lambda i: (round(hits[i].rank, 3), order[i]))
        return [hits[i] for i in best[:TOP]]

    def _searched(self, query: str) -> list[Found]:
        if self._ranks is None:
            clips = self.library.clips
            self._ranks = WordRanks((clip, words_of(clip, self.library.synonyms(clip.label))) for clip in clips)
        return self._ranks.search(query, "event")
