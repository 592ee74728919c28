"""What is lost on recordings from sources that training never saw: the ceiling's classifier without one source.

For each source (small ones together) the classifier is trained twice: on all of the split `train`, and without that
source. Both judge the same held-out clips of the source, under the streams' noise; labels that no other source has are
left out. The difference is what never having heard the source costs.

    python benchmarks/unseen_sources.py --clips DIR [--whisper package|FOLDER|FILE] [--json]

Needs the weight packages (or another source of Whisper base), as training does.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from ceiling import (
    Features,
    Head,
    arguments_of,
    best_threshold,
    decided,
    deciding_events,
    features,
    fit,
    learned_from,
    speak_score,
    whisper_layers,
)
from numpy.typing import NDArray

from soundflow.bench.bootstrap import bootstrap
from soundflow.bench.machine import describe_machine
from soundflow.data.clips import Clip, ClipStore
from soundflow.model.encoder import AudioEncoder

FEWEST_JUDGED = 20  # clips of a source in `valid` and `test`; sources with fewer are held out together
FEWEST_LEARNED = 5  # clips of a label that other sources must have in `train`
MODELS = 3  # seeds, their scores averaged
SMALL = "all smaller ones"

Columns = NDArray[np.float64]


def main() -> None:
    """Measure and print."""
    arguments = arguments_of(__doc__)
    rows = measure(ClipStore(arguments.clips, arguments.cache), whisper_layers(arguments.whisper))
    if arguments.json:
        print(json.dumps({"machine": describe_machine(arguments.threads), "sources": rows}))
        return
    for row in rows:
        seen, unseen, lost = (
            "{value:.1f} [{low:.1f}, {high:.1f}]".format(**row[k])  # type: ignore[arg-type]
            for k in ("seen", "unseen", "lost")
        )
        print(f"{row['source']}: {row['clips']} clips, seen {seen}, never seen {unseen}, lost {lost}")


@dataclass(frozen=True)
class Heard:
    """Clips and what the encoder makes of them, one `Features` a hearing (clean, under noise), rows as the clips."""

    clips: Sequence[Clip]
    hearings: Sequence[Features]

    def of(self, rows: Sequence[int]) -> Heard:
        """Only some of the clips."""
        chosen = torch.tensor(rows)
        parts = [
            Features(h.x[chosen], h.label[chosen], h.speak[chosen], tuple(h.recordings[i] for i in rows))
            for h in self.hearings
        ]
        return Heard([self.clips[i] for i in rows], parts)

    def outside(self, sources: Sequence[str]) -> Heard:
        """Without the clips of some sources."""
        return self.of([i for i, clip in enumerate(self.clips) if clip.source not in sources])


def measure(store: ClipStore, encoder: AudioEncoder) -> list[dict[str, object]]:
    """A row a source, then one over all of them; balanced accuracy in percent, bounds by recording."""
    learned, held_out = hear(store, encoder)
    names = 1 + int(learned.hearings[0].label.max())
    seen = [fit(learned.hearings, names, seed) for seed in range(MODELS)]
    rows: list[dict[str, object]] = []
    judged: list[tuple[Columns, tuple[str, ...]]] = []
    for name, sources in groups_of(held_out.clips).items():
        others = learned.outside(sources)
        unseen = [fit(others.hearings, names, seed) for seed in range(MODELS)]
        known = Counter(clip.label for clip in others.clips)
        own = [
            i for i, clip in enumerate(held_out.clips) if clip.source in sources and known[clip.label] >= FEWEST_LEARNED
        ]
        test = held_out.of(own).hearings[0]
        valid = held_out.outside(sources).hearings[0]
        columns = np.concatenate([columns_of(models, test, valid) for models in (seen, unseen)], axis=1)
        judged.append((columns, test.recordings))
        rows.append(row_of(name, *judged[-1]))
        print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    every = np.concatenate([columns for columns, _ in judged])
    return [*rows, row_of("all", every, tuple(r for _, recordings in judged for r in recordings))]


def hear(store: ClipStore, encoder: AudioEncoder) -> tuple[Heard, Heard]:
    """The events that decide something: of `train` clean and under noise, of `valid` and `test` under noise."""
    clips = deciding_events(store)
    labels = {name: i for i, name in enumerate(sorted({clip.label for clip in clips["train"]}))}
    train = learned_from(store, encoder, clips["train"], labels)
    rest = [
        features(store, encoder, clips[split], labels, split, noisy=True, seed=seed)
        for split, seed in (("valid", 100), ("test", 200))
    ]
    together = Features(
        *(torch.cat([getattr(r, name) for r in rest]) for name in ("x", "label", "speak")),
        rest[0].recordings + rest[1].recordings,
    )
    return Heard(clips["train"], train), Heard([*clips["valid"], *clips["test"]], [together])


def groups_of(clips: Sequence[Clip]) -> dict[str, list[str]]:
    """Sources that are held out together, by a name: each that has enough clips to be judged, and all others."""
    counts = Counter(clip.source for clip in clips)
    groups = {source: [source] for source, count in counts.most_common() if count >= FEWEST_JUDGED}
    return groups | {SMALL: sorted(set(counts) - set(groups))}


def columns_of(models: Sequence[Head], test: Features, valid: Features) -> Columns:
    """What `decided` says of each clip; float64 [clips, 4].

    The threshold is the best one on the held-out clips of the other sources.
    """
    threshold = best_threshold(speak_score(models, valid), valid.speak)
    said = speak_score(models, test) >= threshold
    return torch.stack(decided(said, test.speak == 1), 1).double().numpy()


def row_of(source: str, columns: Columns, recordings: Sequence[str]) -> dict[str, object]:
    """One source: columns [clips, 8], those of the classifier that knows it before those of the one that does not."""

    def balanced(counts: Columns) -> Columns:
        with np.errstate(invalid="ignore"):  # a source may hold nothing to let pass
            parts = np.stack([counts[..., 0] / counts[..., 1], counts[..., 2] / counts[..., 3]])
        return 100 * np.nanmean(parts, axis=0)  # type: ignore[no-any-return]

    figures: dict[str, Callable[[Columns], Columns]] = {
        "seen": lambda c: balanced(c[..., :4]),
        "unseen": lambda c: balanced(c[..., 4:]),
        "lost": lambda c: balanced(c[..., :4]) - balanced(c[..., 4:]),
    }
    found = {name: bootstrap(columns, recordings, figure).to_dict() for name, figure in figures.items()}
    return {"source": source, "clips": len(columns), "recordings": len(set(recordings)), **found}


if __name__ == "__main__":
    main()
