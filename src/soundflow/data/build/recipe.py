"""What a corpus is made of: a TOML file becomes frozen values; an unknown key names its nearest neighbour.

Tests: tests/data/build/test_recipe.py.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from soundflow.data.augment import AugmentConfig
from soundflow.data.compose import ComposeConfig
from soundflow.data.endpoints.config import EndpointConfig
from soundflow.data.generate.endpoint import Form, SoundsConfig
from soundflow.data.tasks.material import CALLS, Quiet
from soundflow.data.tasks.registry import SUB_TASKS
from soundflow.data.voices.speech_endpoint import SpeechConfig
from soundflow.data.voices.transcription_endpoint import TranscriptionConfig
from soundflow.errors import InputError, UsageError

Curation = Literal["scene", "random"]
AudioFormat = Literal["flac", "wav"]


@dataclass(frozen=True)
class MixIns:
    """Chances that a stream of several turns gets something more; the paper's stage 4."""

    history_review: float = 0.30
    silence: float = 0.40
    proactive: float = 0.30


@dataclass(frozen=True)
class Recipe:
    """A corpus but for its clips, its size and its seed. Seconds of stream; shares are relative to each other."""

    split: str = "train"
    streams: int = 2000
    streams_per_shard: int = 32
    audio: AudioFormat = "flac"
    curation: Curation = "scene"  # `random` is the paper's ablation: clips drawn independently
    tfjp: bool = True  # False is the paper's other ablation
    most_seconds: float = 60.0  # beyond it sounds are cut, then parts left out, then the stream is rejected
    turns: tuple[int, int] = (3, 15)  # paper, section 4.1: sub-events of a stream
    quick_turns_share: float = 0.7  # of streams, those with at most six sub-events; chosen
    attempts: int = 4  # a rejected stream is drawn anew so often
    scenes: str = ""  # JSON lines that `data scenes` wrote: beside the grammar's places
    silence: str = ""  # JSON lines of an audit: labels it does not call silent stand for no silence
    planned_scenes: int = 100  # scenes that [chat] is asked for
    forbidden_licences: tuple[str, ...] = ()  # beginnings of licences that may not go in, as in "unknown"
    spoken_instructions: float = (
        0.0  # of the streams whose instruction a voice can say, those that say it in the stream
    )
    augment: AugmentConfig | None = None  # other rooms and devices; None leaves recordings as they are
    tasks: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(SUB_TASKS, 1.0))
    quiet: Quiet = field(default_factory=Quiet)  # of keep_silent
    calls: tuple[str, ...] = CALLS  # of environment_aware_assistance: what is answered by function calls
    mix_ins: MixIns = MixIns()
    compose: ComposeConfig = ComposeConfig()
    chat: EndpointConfig = field(
        default_factory=EndpointConfig
    )  # plans scenes, refines them, audits silence, rewrites as spoken
    sounds: SoundsConfig = field(default_factory=SoundsConfig)  # makes sounds for labels with few recordings
    speech: SpeechConfig = field(default_factory=SpeechConfig)  # of `data voices`
    transcription: TranscriptionConfig = field(default_factory=TranscriptionConfig)  # of `data voices`


def read_recipe(path: Path, overrides: Sequence[str] = (), **changes: Any) -> Recipe:
    """Read a recipe; overrides stand above the file's values, and `changes` that are not None above all.

    Args:
        overrides: `key=value` or `table.key=value` each; the value is read as TOML, else as text.

    Raises:
        InputError: not there, not TOML, an unknown key or sub-task, or a value of the wrong kind.
        UsageError: an override that is none.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("recipe.unreadable", f"no readable recipe at {path}: {error}", "check the name") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError("recipe.toml", f"{path} is not TOML: {error}", "see recipes/corpus.toml") from error
    for override in overrides:
        _override(values, override)
    given = {name: value for name, value in changes.items() if value is not None}
    return recipe_of({**values, **given}, str(path))


def _override(values: dict[str, Any], override: str) -> None:
    """Put `table.key=value` into plain values."""
    place, equals, text = override.partition("=")
    table, _, key = place.rpartition(".")
    inner = values.setdefault(table, {}) if table else values
    if not (equals and key and isinstance(inner, dict)):
        hint = "for example tfjp=false or mix_ins.silence=0.2"
        raise UsageError("recipe.override", f"{override!r} is not key=value", hint)
    try:
        inner[key] = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        inner[key] = text


def recipe_of(values: Mapping[str, Any], where: str) -> Recipe:
    """A recipe from plain values.

    Raises:
        InputError: as `read_recipe`.
    """
    tables = {
        "quiet": Quiet,
        "mix_ins": MixIns,
        "compose": ComposeConfig,
        "augment": AugmentConfig,
        "chat": EndpointConfig,
        "sounds": SoundsConfig,
        "speech": SpeechConfig,
        "transcription": TranscriptionConfig,
    }
    built: dict[str, Any] = {}
    for name, value in values.items():
        _known(name, [f.name for f in dataclasses.fields(Recipe)], where, "key")
        built[name] = _table(tables[name], value, f"{where}: [{name}]") if name in tables else _frozen(value)
    recipe = Recipe(**built)
    _check(recipe, where)
    return recipe


def shares(recipe: Recipe) -> dict[str, float]:
    """The sub-tasks' shares, summing to 1, in the registry's order; those at 0 left out."""
    total = sum(recipe.tasks.values())
    return {name: recipe.tasks[name] / total for name in SUB_TASKS if recipe.tasks.get(name, 0.0) > 0}


def _table(kind: type[Any], value: Any, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise InputError("recipe.value", f"{where} is {value!r}, expected a table", "see recipes/corpus.toml")
    names = [f.name for f in dataclasses.fields(kind)]
    for name, entry in value.items():
        _known(name, names, where, "key")
        default = getattr(kind(), name)
        if not _is_like(_frozen(entry), default):
            _refuse(where, name, entry, f"a value like {default!r}")
    return kind(**{name: _frozen(entry) for name, entry in value.items()})


def _known(name: str, names: Collection[str], where: str, what: str) -> None:
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
        raise InputError("recipe.unknown", f"{where} has an unknown {what} {name!r}", hint)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _is_like(value: Any, default: Any) -> bool:
    """Whether a value has the default's type; a whole number will do for a fraction, anything for None."""
    if default is None or type(value) is type(default):
        return True
    return isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool)


def _check(recipe: Recipe, where: str) -> None:
    for field_ in dataclasses.fields(Recipe):
        value, default = getattr(recipe, field_.name), getattr(Recipe(), field_.name)
        if not _is_like(value, default):
            _refuse(where, field_.name, value, f"a value like {default!r}")
    for name in recipe.tasks:
        _known(name, SUB_TASKS, f"{where}: [tasks]", "sub-task")
    _check_shares(where, "tasks", recipe.tasks)
    _check_shares(where, "quiet", dataclasses.asdict(recipe.quiet))
    for name in recipe.calls:
        _known(name, CALLS, f"{where}: calls", "kind")
    if not recipe.calls:
        _refuse(where, "calls", recipe.calls, f"at least one of {', '.join(CALLS)}")
    limits = (("streams", 10**8), ("streams_per_shard", 10_000), ("attempts", 100), ("planned_scenes", 100_000))
    for name, low, high in ((name, 1, high) for name, high in limits):
        if not low <= getattr(recipe, name) <= high:
            _refuse(where, name, getattr(recipe, name), f"{low} to {high}")
    for name, choices in (("curation", get_args(Curation)), ("audio", get_args(AudioFormat))):
        if getattr(recipe, name) not in choices:
            _refuse(where, name, getattr(recipe, name), " or ".join(choices))
    if recipe.sounds.form not in get_args(Form):
        _refuse(f"{where}: [sounds]", "form", recipe.sounds.form, " or ".join(get_args(Form)))
    chances = {f"mix_ins.{name}": chance for name, chance in dataclasses.asdict(recipe.mix_ins).items()}
    for name, chance in {**chances, "spoken_instructions": recipe.spoken_instructions}.items():
        if not isinstance(chance, int | float) or not 0 <= chance <= 1:
            _refuse(where, name, chance, "a chance from 0 to 1")
    turns: tuple[Any, ...] = recipe.turns
    if not (len(turns) == 2 and 1 <= turns[0] <= turns[1] <= 100):
        _refuse(where, "turns", recipe.turns, "two whole numbers, the smaller first")


def _check_shares(where: str, table: str, shares: Mapping[str, Any]) -> None:
    for name, share in shares.items():
        if not isinstance(share, int | float) or not 0 <= share < 1e6:
            _refuse(where, f"{table}.{name}", share, "a share from 0")
    if not sum(shares.values()):
        _refuse(where, table, shares, "at least one share above 0")


def _refuse(where: str, name: str, value: Any, expected: str) -> None:
    raise InputError("recipe.value", f"{where}: {name} is {value!r}, expected {expected}", "see recipes/corpus.toml")
