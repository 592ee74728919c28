"""A whole corpus: shards by a pool of workers, then index, quarantine and one hash.

Tests: tests/data/build/test_run.py.

A shard is finished when its rows are there, so a build that was killed goes on with the shards that are not, and gives
what an uninterrupted one gives. Which worker made a shard changes nothing: every draw belongs to a stream's number.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from soundflow.atomic import try_place, write_text
from soundflow.data.build.made_voices import mind_splits
from soundflow.data.build.recipe import Recipe
from soundflow.data.build.shard import Member, Row, ShardRows, read_rows, shard_name, to_line, write_lines, write_shard
from soundflow.data.build.shortfall import Shortfall, shortfalls
from soundflow.data.build.stream import Workshop, annotation, make, row_of, workshop
from soundflow.data.clips import Clip, ClipStore, clips_sha256
from soundflow.data.library import Library
from soundflow.errors import InputError, OutsideError

Engine = Literal["local", "ray"]
Told = Callable[[str, float], None]  # what was made, and seconds of sound

CLAIM_NAME = "corpus.json"  # what the folder's streams are made from
INDEX_NAME = "index.parquet"
QUARANTINE_NAME = "quarantine.jsonl"
LAYOUT = 4  # of shards and rows; raised when a build would give other bytes from the same recipe


@dataclass(frozen=True)
class Order:
    """Everything a worker must know to make any shard: plain values, so that it travels."""

    recipe: Recipe
    seed: int
    folders: tuple[str, ...]
    cache: str | None
    out: str

    @property
    def shards(self) -> int:
        """How many shards the corpus has."""
        return -(-self.recipe.streams // self.recipe.streams_per_shard)


@dataclass(frozen=True)
class Built:
    """What a build gives; `sha256` is of every shard and every row."""

    out: str
    sha256: str
    streams: int
    hours: float
    rejected: int  # attempts whose stream was drawn anew, and streams and clips that were left out
    missing: int  # streams for which no attempt passed
    shards: int
    kept: int  # shards that stood there before
    reasons: dict[str, int] = field(default_factory=dict)  # rejections by code
    short: tuple[Shortfall, ...] = ()  # sub-tasks with far fewer streams than the recipe asks for

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return dataclasses.asdict(self)


def build(order: Order, workers: int = 1, engine: Engine = "local", told: Told | None = None) -> Built:
    """Build a corpus, or finish one.

    Args:
        workers: processes of one thread each; their number changes nothing but the time.
        told: hears of every finished shard.

    Raises:
        InputError: the clips cannot be used, those of one folder included, or the folder holds another corpus.
        OutsideError: the disk refuses, or a library is missing.
    """
    from soundflow.data.build.prepare import prepare
    from soundflow.data.build.table import need_parquet, write_table

    need_parquet()
    out = Path(order.out)
    look_at_folder(order)
    library = open_library(order)
    for store in library.stores:
        _mind_unusable(store)
    claim(order)
    for left in out.glob("*.tmp"):
        left.unlink()
    order, refused = prepare(order, library)
    missing = [number for number in range(order.shards) if read_rows(out, number) is None]
    for _, seconds in _made(order, missing, workers, engine):
        if told is not None:
            told("building", seconds)
    shards = [_finished(out, number) for number in range(order.shards)]
    rows = [row for shard in shards for row in shard.rows]
    write_table(out / INDEX_NAME, rows)
    quarantine = [*_left_out(library, order.recipe), *refused, *(row for shard in shards for row in shard.rejected)]
    write_lines(out / QUARANTINE_NAME, quarantine)
    reasons: dict[str, int] = {}
    for row in quarantine:
        reasons[row["code"]] = reasons.get(row["code"], 0) + 1
    return Built(
        out=order.out,
        sha256=corpus_hash(shards),
        streams=len(rows),
        hours=round(sum(row["seconds"] for row in rows) / 3600, 6),
        rejected=len(quarantine),
        missing=order.recipe.streams - len(rows),
        shards=order.shards,
        kept=order.shards - len(missing),
        reasons=reasons,
        short=shortfalls(order.recipe, order.seed, rows, quarantine),
    )


def open_library(order: Order) -> Library:
    """The clips of an order, without those whose licence the recipe forbids.

    Raises:
        InputError: a folder cannot be used, or a made voice stands in two splits.
    """
    stores = [ClipStore(folder, order.cache) for folder in order.folders]
    mind_splits(stores)
    return Library(stores, order.recipe.split, lambda clip: not is_forbidden(clip, order.recipe))


def is_forbidden(clip: Clip, recipe: Recipe) -> bool:
    """Whether a clip's licence begins like a forbidden one."""
    return clip.licence.startswith(recipe.forbidden_licences) if recipe.forbidden_licences else False


def make_shard(shop: Workshop, out: Path, number: int) -> float:
    """Make one shard; seconds of sound in it."""
    recipe, rows, bad = shop.recipe, list[Row](), list[Row]()
    first = number * recipe.streams_per_shard
    indices = range(first, min(first + recipe.streams_per_shard, recipe.streams))

    def members() -> Iterator[Member]:
        for index in indices:
            made, rejected = make(shop, index)
            bad.extend(rejected)
            if made is None:
                continue
            key = f"{index:09d}"
            rows.append(row_of(made, shop, key, shard_name(number)))
            yield Member(key, made.composition.samples, annotation(made, shop, key))

    write_shard(out, number, recipe.audio, members(), rows, bad)
    return float(sum(row["seconds"] for row in rows))


def corpus_hash(shards: Iterable[ShardRows]) -> str:
    """The sha256 of a corpus: of its shards' sums and all their rows, in order."""
    digest = hashlib.sha256()
    for shard in shards:
        digest.update(shard.sha256.encode())
        for row in (*shard.rows, *shard.rejected):
            digest.update(to_line(row).encode())
    return digest.hexdigest()


def look_at_folder(order: Order) -> None:
    """See before the clips are decoded, which takes long, that a corpus can go there; nothing is made or changed.

    It is claimed later: clips that cannot be used must not keep a folder from the right ones.

    Raises:
        InputError, OutsideError: as `claim`.
    """
    place = Path(order.out) / CLAIM_NAME
    try:
        if not place.exists():
            try_place(place)
    except OSError as error:
        raise _unusable(order, error) from error
    if place.exists():
        claim(order)


def claim(order: Order) -> None:
    """Say in the folder what its streams are made from, or see that it says the same.

    Raises:
        InputError: it says something else.
        OutsideError: the folder cannot be made.
    """
    out = Path(order.out)
    wanted = {
        "layout": LAYOUT,
        "seed": order.seed,
        "clips_sha256": [clips_sha256(folder) for folder in order.folders],
        "scenes_sha256": _sum(order.recipe.scenes),
        "silence_sha256": _sum(order.recipe.silence),
        "recipe": json.loads(json.dumps(dataclasses.asdict(order.recipe))),
    }
    path = out / CLAIM_NAME
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            write_text(path, json.dumps(wanted, ensure_ascii=False, indent=1) + "\n")
            return
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _unusable(order, error) from error
    except ValueError as error:
        raise InputError("build.claim", f"{path} is not readable JSON: {error}", "use another folder") from error
    changed = _changes(found, wanted)
    if changed:
        message = f"{out} holds a corpus made with another {', '.join(changed)}"
        raise InputError("build.other_corpus", message, "use another folder, or empty this one")


def _unusable(order: Order, error: OSError) -> OutsideError:
    return OutsideError("build.folder", f"cannot use the folder {order.out}: {error.strerror}", "name another --out")


def _sum(path: str) -> str:
    """The sha256 of a file; empty without one."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest() if path else ""
    except OSError as error:
        raise InputError("build.scenes", f"no readable file at {path}: {error.strerror}", "check the name") from error


def _changes(found: Any, wanted: dict[str, Any]) -> list[str]:
    if not isinstance(found, dict):
        return ["layout"]
    names = [name for name in wanted if name != "recipe" and found.get(name) != wanted[name]]
    recipe = found.get("recipe")
    old = recipe if isinstance(recipe, dict) else {}
    return [*names, *(f"recipe key {key}" for key, value in wanted["recipe"].items() if old.get(key) != value)]


def _finished(out: Path, number: int) -> ShardRows:
    rows = read_rows(out, number)
    if rows is None:
        raise OutsideError("build.lost", f"{out / shard_name(number)} was taken away while building", "build again")
    return rows


def _left_out(library: Library, recipe: Recipe) -> list[Row]:
    """Clips that no stream can hold, each with its reason."""
    found: list[Row] = [{"clip": name, "code": "split", "reason": why} for name, why in library.held_out.items()]
    for store in library.stores:
        found += [{"clip": name, "code": "clip", "reason": reason} for name, reason in store.quarantined.items()]
        if recipe.split in store.splits:
            found += [
                {"clip": clip.id, "code": "licence", "reason": f"its licence is {clip.licence}, which is forbidden"}
                for clip in store.clips(split=recipe.split)
                if is_forbidden(clip, recipe)
            ]
    return found


def _mind_unusable(store: ClipStore) -> None:
    """Refuse a folder of which nothing at all can be used: the corpus would be made without it, and look whole."""
    if store.quarantined and not store.clips():
        left_out, reason = len(store.quarantined), next(iter(store.quarantined.values()))
        message = f"{store.folder}: none of its {left_out} clips can be used; the first: {reason}"
        raise InputError("build.unusable", message)


def _made(order: Order, numbers: Sequence[int], workers: int, engine: Engine) -> Iterator[tuple[int, float]]:
    """Make shards, in this process or in others; number and seconds as each is finished."""
    from soundflow.data.build import engines

    if engine == "ray":
        yield from engines.by_ray(order, numbers, workers)
    elif workers > 1:
        yield from engines.by_processes(order, numbers, workers)
    else:
        shop = open_workshop(order)
        for number in numbers:
            yield number, make_shard(shop, Path(order.out), number)


def open_workshop(order: Order) -> Workshop:
    """A worker's own workshop."""
    return workshop(order.recipe, order.seed, open_library(order))
