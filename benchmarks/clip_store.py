"""The clip store at a million rows: how long it takes to build, how large it is, and how long a search takes.

    OMP_NUM_THREADS=1 python benchmarks/clip_store.py --rows 1000000 --out FOLDER

Rows are synthetic (527 labels, captions of 4 to 16 words drawn by Zipf's law from 20,000, five licences, 0.2 to 30 s),
no sound is opened. Vectors are synthetic too: points around as many centres as a corpus may have kinds of sound. Times
are CPU time of one thread, so that a busy machine counts little; the file lies in the system's cache. Recall is the
share of the exact top three that the lists give. The peer is SQL's LIKE over the same table in the same run.
"""

from __future__ import annotations

import argparse
import json
import platform
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from soundflow.data.clips import Clip
from soundflow.data.store.index import ClipIndex, Wanted
from soundflow.data.store.vectors import VectorTable, unit

LABELS, WORDS, CENTRES = 527, 20_000, 5_000
COMMON = np.arange(20, 5_000)  # ranks of the words that are asked for: from one caption in 30 to one in 50,000
LICENCES = ("CC0-1.0", "CC-BY-4.0", "CC-BY-NC-3.0", "CC-BY-SA-4.0", "unknown")
KINDS = ("event", "speech", "music", "background")
BATCH = 10_000  # rows of one transaction
QUERIES = 100
SPREAD = 0.8  # of points around their centre, against the centre's own length of one


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--width", type=int, default=384)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    path = given.out / f"synthetic_{given.rows}.store"
    path.unlink(missing_ok=True)
    result: dict[str, Any] = {
        "command": " ".join(["python", *sys.argv]),
        "machine": f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}, "
        f"SQLite {sqlite3.sqlite_version}, one thread",
        "rows": given.rows,
        "rows_build": build_rows(path, given.rows, given.seed),
        "store_megabytes_without_vectors": round(path.stat().st_size / 1e6, 1),
    }
    result["search_by_words"] = search_words(path, given.seed)
    result |= vectors(path, given.rows, given.width, given.seed)
    result["store_megabytes"] = round(path.stat().st_size / 1e6, 1)
    print(json.dumps(result, indent=1))
    path.unlink()


def spread(times: Sequence[float]) -> dict[str, float]:
    """Milliseconds of one thread in the middle and at the slow end."""
    middle, slow = np.percentile(times, [50, 95]) * 1000
    return {"ms_median": round(float(middle), 2), "ms_p95": round(float(slow), 2)}


def words() -> list[str]:
    """A vocabulary in which no word is another's stem."""
    letters = "bcdfghklmnprtvz"
    made = [f"{a}{v}{b}{w}{c}" for a in letters for v in "aeiou" for b in letters for w in "aeiou" for c in "kmpt"]
    return made[:WORDS]


def clips(rows: int, seed: int) -> Iterator[list[Clip]]:
    """Synthetic clips, a batch at a time."""
    rng, vocabulary = np.random.default_rng(seed), np.array(words())
    for start in range(0, rows, BATCH):
        count = min(BATCH, rows - start)
        captions = np.minimum(rng.zipf(1.3, (count, 16)), len(vocabulary)) - 1
        lengths = rng.integers(4, 17, count)
        seconds = rng.uniform(0.2, 30, count).round(2)
        drawn = rng.integers(0, [LABELS, len(LICENCES), len(KINDS)], (count, 3))
        yield [
            Clip(
                id=f"synthetic/{start + i:08d}",
                path=f"{start // 1000:05d}/{start + i:08d}.flac",
                label=f"label_{drawn[i, 0]:03d}",
                kind=KINDS[drawn[i, 2]],
                split="train",
                seconds=float(seconds[i]),
                recording=f"recording{start + i}",
                group=f"recording{start + i}",
                licence=LICENCES[drawn[i, 1]],
                source="synthetic",
                extra={"caption": " ".join(vocabulary[captions[i, : lengths[i]]])},
            )
            for i in range(count)
        ]


def build_rows(path: Path, rows: int, seed: int) -> dict[str, float]:
    """Add every row; making the rows is not counted."""
    spent = 0.0
    with ClipIndex(path) as index:
        source = index.source("/synthetic", "own")
        for batch in clips(rows, seed):
            spent += _seconds(partial(index.add, source, batch))
    return {"seconds": round(spent, 1), "rows_a_second": round(rows / spent)}


def search_words(path: Path, seed: int) -> dict[str, Any]:
    """Top three for words of every frequency, with and without filters, and what a plain LIKE takes."""
    rng, vocabulary = np.random.default_rng(seed + 1), words()
    some = [rng.choice(COMMON, int(n), replace=False) for n in rng.integers(1, 4, QUERIES)]
    queries = [" ".join(vocabulary[int(i)] for i in words) for words in some]
    wanted = Wanted((1.0, 10.0), ("event",), ("CC0",))
    found: dict[str, Any] = {}
    with ClipIndex(path) as index:
        index.search(queries[0])
        cases: dict[str, Callable[[str], object]] = {
            "1 to 3 words": index.search,
            "the same, 1 to 10 s, events, CC0": partial(index.search, wanted=wanted),
        }
        for name, ask in cases.items():
            found[name] = spread([_seconds(partial(ask, query)) for query in queries])
        rare = [vocabulary[int(i)] for i in rng.integers(1000, len(vocabulary), QUERIES)]
        found["the commonest word of all"] = spread([_seconds(partial(index.search, vocabulary[0])) for _ in range(5)])
        found["1 rare word"] = spread([_seconds(partial(index.search, word)) for word in rare])
        found["the peer: LIKE over the captions, 1 rare word"] = spread(
            [_seconds(partial(_like, index, word)) for word in rare[:5]]
        )
    return found


def vectors(path: Path, rows: int, width: int, seed: int) -> dict[str, Any]:
    """Add vectors, search all of them, sort them into lists, search those."""
    rng = np.random.default_rng(seed + 2)
    centres = unit(rng.normal(size=(CENTRES, width)))

    def points(count: int) -> Any:
        noise = rng.normal(size=(count, width)).astype(np.float32) * (SPREAD / np.sqrt(width))
        return centres[rng.integers(CENTRES, size=count)] + noise

    wanted = Wanted((1.0, 10.0), ("event",), ("CC0",))
    with ClipIndex(path) as index:
        table = VectorTable(index, "synthetic", width)
        added = 0.0
        for start in range(0, rows, BATCH):
            some = points(min(BATCH, rows - start))
            numbers = range(start + 1, start + len(some) + 1)
            added += _seconds(partial(table.add, numbers, some, numbers[-1]))
        asked = points(QUERIES)
        few = asked[:10]
        truth = [[hit.clip.id for hit in table.search(query, probes=None)] for query in few]
        exact = spread([_seconds(partial(table.search, query, probes=None)) for query in few])
        clustering = _seconds(table.cluster)
        lists = int(index.base.execute("SELECT COUNT(DISTINCT list) FROM vectors").fetchone()[0])
        found: dict[str, Any] = {}
        for probes in (1, 8, 24, 64):
            kept = [[hit.clip.id for hit in table.search(query, probes=probes)] for query in few]
            recall = np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(kept, truth, strict=True)])
            times = [_seconds(partial(table.search, query, probes=probes)) for query in asked]
            found[f"{probes} lists"] = {**spread(times), "recall_at_3": round(float(recall), 3)}
        times = [_seconds(partial(table.search, query, wanted=wanted)) for query in asked]
        found["24 lists, 1 to 10 s, events, CC0"] = spread(times)
    return {
        "vectors": {"width": width, "centres": CENTRES, "added_seconds": round(added, 2)},
        "lists": {"number": lists, "seconds": round(clustering, 1)},
        "search_by_vector_all": exact,
        "search_by_vector_lists": found,
    }


def _like(index: ClipIndex, word: str) -> list[Any]:
    return index.base.execute("SELECT row FROM clips WHERE extra LIKE ? LIMIT 3", (f"% {word} %",)).fetchall()


def _seconds(do: Callable[[], object]) -> float:
    began = time.process_time()
    do()
    return time.process_time() - began


if __name__ == "__main__":
    main()
