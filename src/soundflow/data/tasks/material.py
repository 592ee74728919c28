"""What the sub-tasks draw from: clips of one split by what they can be used for, and scenes made of them.

Knows nothing of samples but their length. Tests: tests/data/build/test_stream.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from soundflow.data.clips import Clip, grouped_by_label
from soundflow.data.curate.grammar import Grammar, scene_grammar, with_scenes
from soundflow.data.curate.grammar import Scene as PlannedScene
from soundflow.data.curate.grounding import Grounder
from soundflow.data.curate.planner import Scenario, SubEvent, plan_scenario, refine
from soundflow.data.generate.catalogue import can_be_generated
from soundflow.data.library import Library
from soundflow.data.tasks.phrases import Phrases
from soundflow.data.tasks.script import Part
from soundflow.data.tasks.standing import is_urgent
from soundflow.errors import InputError

INSTRUCTION_LINES = "instructions/"  # rows of rendered instructions (`data voices`)
CHATTED_LINES = ("dialogues-", "facts-", "heard", "probes-")  # rows of lines that are answered without an instruction
QUICK_TURNS = 6  # of `quick_turns_share` of the streams at most
CALLS = ("sounds", "orders", "commands")  # what a function call may answer
RECORDED_SHARE = 0.5  # of speech that is there both recorded and rendered; chosen
SPOKEN_SECONDS = 30.0  # a spoken line is never cut below its whole


@dataclass(frozen=True)
class Quiet:
    """What sounds in streams in which nothing is to be said; shares, relative to each other."""

    events: float = 1.0
    speech: float = 1.0
    music: float = 1.0
    background: float = 1.0


@dataclass(frozen=True)
class Scene:
    """Parts in their order, none of them answered yet, and where they sound."""

    parts: tuple[Part, ...]
    place: str
    ambience: tuple[str, ...]

    @property
    def heard(self) -> tuple[int, ...]:
        """Indices of the foreground parts."""
        return tuple(i for i, part in enumerate(self.parts) if part.role == "foreground")


@dataclass
class Material:
    """Clips to draw from.

    Args:
        library: the clips of one split.
        curation: `scene` plans scenes by the grammar; `random` draws clips independently (the paper's ablation).
        tfjp: whether clips are used after TFJP.
        scenes: planned by an endpoint, beside the grammar's places.
        not_silent: labels that an audit keeps from standing for silence.
        turns: least and most sub-events of a stream; `quick_turns_share` of the streams have at most six.
        quiet: what sounds where nothing is to be said.
        calls: of `CALLS`, what is answered by function calls.
    """

    library: Library
    curation: Literal["scene", "random"] = "scene"
    tfjp: bool = True
    turns: tuple[int, int] = (3, 15)
    quick_turns_share: float = 0.7
    scenes: tuple[PlannedScene, ...] = ()
    not_silent: frozenset[str] = frozenset()
    quiet: Quiet = Quiet()
    calls: tuple[str, ...] = CALLS
    grounder: Grounder = field(init=False)

    def __post_init__(self) -> None:
        self.grounder = Grounder(self.library, self.tfjp)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Labels of events there are clips for, sorted."""
        return tuple(label for label, clips in self.library.by_label.items() if clips[0].kind == "event")

    @cached_property
    def grammar(self) -> Grammar:
        """The scene grammar over these labels, and over alarms that can be generated."""
        made = [label for place in scene_grammar().places for label in place.events if can_be_generated(label)]
        return with_scenes(scene_grammar(), self.scenes).limited({*self.labels, *made})

    @cached_property
    def speaks(self) -> tuple[str, ...]:
        """Labels that call for advice."""
        return self.labels_where(lambda clip: clip.proactive is True)

    @cached_property
    def harmless(self) -> tuple[str, ...]:
        """Labels that never call for a word, as far as an audit agrees."""
        return self.labels_where(lambda clip: clip.proactive is False and clip.label not in self.not_silent)

    @cached_property
    def calm(self) -> tuple[str, ...]:
        """Labels that nobody must be warned of at once: an urgent one is answered whatever was asked."""
        urgent = self.urgent
        return tuple(label for label in self.labels if label not in urgent)

    @cached_property
    def urgent(self) -> tuple[str, ...]:
        """Labels that are answered under any instruction."""
        return self.labels_where(lambda clip: is_urgent(clip, self.phrases))

    def labels_where(self, holds: Callable[[Clip], bool]) -> tuple[str, ...]:
        """Event labels whose clips are such."""
        return tuple(label for label in self.labels if all(map(holds, self.library.by_label[label])))

    def phrases(self, label: str) -> Phrases:
        """The words for a label."""
        return self.library.phrases(label)

    def count(self, rng: np.random.Generator) -> int:
        """How many sub-events a stream has."""
        least, most = self.turns
        quick = min(QUICK_TURNS, most)
        if rng.random() < self.quick_turns_share:
            return int(rng.integers(least, max(least, quick) + 1))
        return int(rng.integers(max(least, min(quick + 1, most)), most + 1))

    def scene(
        self,
        rng: np.random.Generator,
        count: int | None = None,
        wanted: Sequence[str] = (),
        allowed: Collection[str] | None = None,
        behind: bool = True,
        places: Collection[str] = (),
    ) -> Scene:
        """Events that go together, each with its clip; labels in `wanted` sound in any case.

        Without `behind` nothing sounds behind the foreground: a question about the sounds has one answer. With
        `places` it is at one of them.

        Raises:
            InputError: no clip was found for any of them.
        """
        count = self.count(rng) if count is None else count
        if self.curation == "random":
            scenario = self._random(rng, count, wanted, allowed)
        else:
            grammar = self.grammar.among(places)
            scenario = plan_scenario(grammar, max(count, len(wanted)), rng, wanted, allowed)
        names = [self.library.synonyms(event.label) for event in scenario.sub_events]
        parts: list[Part] = []
        used: set[str] = set()
        for refined in refine(scenario, self.phrases, names):
            if refined.sub_event.role != "foreground" and not behind:
                continue
            grounded = self.grounder.ground(refined, rng, used)
            if grounded is not None:
                used.add(grounded.clip.id)
                parts.append(Part(grounded.clip, role=refined.sub_event.role))
        if not any(part.role == "foreground" for part in parts):
            raise InputError("material.no_events", "no event was found for a scene", "give more clips")
        ambience = scenario.ambience if self.curation == "scene" else ()
        return Scene(tuple(parts), scenario.place, ambience)

    def event(self, rng: np.random.Generator, labels: Sequence[str]) -> Part:
        """One event with one of these labels.

        Raises:
            InputError: there is no clip of any.
        """
        for _ in range(4):
            if not labels:
                break
            label = labels[int(rng.integers(len(labels)))]
            alone = Scenario("", "an unknown place", (SubEvent(label),))
            refined = refine(alone, self.phrases, [self.library.synonyms(label)])[0]
            grounded = self.grounder.ground(refined, rng, ())
            if grounded is not None:
                return Part(grounded.clip)
        raise InputError("material.no_event", f"there is no clip of {', '.join(labels) or 'such a label'}")

    def together(
        self, rng: np.random.Generator, labels: Sequence[str], count: int, places: Collection[str] = ()
    ) -> list[str]:
        """`count` of these labels that could be heard at one place: the first is drawn from all, the rest beside it.

        Args:
            places: names of the only places to think of; all when empty. Random concatenation thinks of none.
        """
        if not labels or not count:
            return []
        if self.curation == "random":
            return [pick(rng, labels) for _ in range(count)]
        known = self.grammar.among(places).places
        found = [pick(rng, [label for label in labels if any(label in place.events for place in known)] or labels)]
        homes = [place for place in known if found[0] in place.events]
        beside = pick(rng, homes).events if homes else ()
        while len(found) < count:
            fitting = [label for label in labels if label in beside and self.grammar.fits(label, found)]
            found.append(pick(rng, fitting or found))
        return found

    def fitting(self, place: str, labels: tuple[str, ...]) -> tuple[str, ...]:
        """Of these labels, those that sound at a place; all where it is unknown or knows none."""
        known = next((found.events for found in self.grammar.places if found.name == place), ())
        return tuple(label for label in labels if label in known) or labels

    def speech(self, holds: Callable[[Clip], bool], needed: str) -> tuple[Clip, ...]:
        """Spoken clips that are such.

        Raises:
            InputError: there is none.
        """
        found = tuple(clip for clip in self.spoken if holds(clip))
        if not found:
            raise InputError("material.no_speech", f"there is no {needed}", "set the sub-task's share to 0")
        return found

    @cached_property
    def spoken(self) -> tuple[Clip, ...]:
        """Every clip of speech but those that say an instruction."""
        return tuple(clip for clip in self.library.of_kind("speech") if not _is_instruction(clip))

    @cached_property
    def orders(self) -> tuple[Clip, ...]:
        """Spoken orders whose meaning is known slot by slot."""
        return tuple(filter(is_order, self.spoken))

    @cached_property
    def wake_words(self) -> tuple[Clip, ...]:
        """Words by which somebody is called."""
        return tuple(filter(is_wake_word, self.spoken))

    @cached_property
    def overheard(self) -> Mapping[str, tuple[Clip, ...]]:
        """Speech that nobody answers unless he was asked to, by label; lines of a chat need no instruction."""
        return grouped_by_label(clip for clip in self.spoken if clip.proactive is not True and not _is_chatted(clip))

    @cached_property
    def played(self) -> Mapping[str, tuple[Clip, ...]]:
        """Music that nobody is to be told of, by label."""
        return grouped_by_label(clip for clip in self.library.of_kind("music") if clip.proactive is not True)

    @cached_property
    def instructions(self) -> Mapping[str, tuple[Clip, ...]]:
        """Instructions that were given a voice, by their text without case and full stop."""
        found: dict[str, list[Clip]] = {}
        for clip in filter(_is_instruction, self.library.of_kind("speech")):
            found.setdefault(plain(transcript(clip)), []).append(clip)
        return {text: tuple(clips) for text, clips in found.items()}

    @cached_property
    def dialogues(self) -> Mapping[tuple[str, str], Mapping[str, Clip]]:
        """Lines of packaged text that were given a voice: (text, voice) to line to clip."""
        found: dict[tuple[str, str], dict[str, Clip]] = {}
        for clip in self.spoken:
            line = str(clip.extra.get("line") or "")
            if line:
                text, _, number = line.rpartition("/")
                found.setdefault((text, str(clip.extra.get("speaker"))), {})[number] = clip
        return {key: found[key] for key in sorted(found)}

    def voiced(self, kind: str) -> list[tuple[str, Mapping[str, Clip]]]:
        """Texts of one kind whose every line has a voice: the text's name and its lines."""
        return [(text, lines) for (text, _), lines in self.dialogues.items() if text.startswith(kind + "/")]

    @cached_property
    def conversations(self) -> list[tuple[str, Mapping[str, Clip]]]:
        """Voiced texts of several turns: the packaged ones, and those of one's own messages."""
        packaged = [*self.voiced("dialogues-en"), *self.voiced("dialogues-zh")]
        return packaged + [(text, lines) for text, lines in self._answered if len(lines) > 1]

    @cached_property
    def questions(self) -> list[tuple[str, Mapping[str, Clip]]]:
        """Voiced texts of one turn out of one's own messages."""
        return [(text, lines) for text, lines in self._answered if len(lines) == 1]

    @cached_property
    def _answered(self) -> list[tuple[str, Mapping[str, Clip]]]:
        """Voiced texts whose every turn brings its answer."""
        whole = [(text, lines) for (text, _), lines in self.dialogues.items()]
        return [(text, lines) for text, lines in whole if all(clip.extra.get("reply") for clip in lines.values())]

    def _random(
        self, rng: np.random.Generator, count: int, wanted: Sequence[str], allowed: Collection[str] | None
    ) -> Scenario:
        """Random concatenation: every label drawn for itself, as often as it has clips."""
        pool = [clip.label for clip in self.library.events if allowed is None or clip.label in allowed]
        labels = list(wanted)
        while pool and len(labels) < count:
            labels.insert(int(rng.integers(len(labels) + 1)), pool[int(rng.integers(len(pool)))])
        return Scenario("", "nowhere in particular", tuple(map(SubEvent, labels)))


def pick(rng: np.random.Generator, values: Sequence[Any]) -> Any:
    """One of the values."""
    return values[int(rng.integers(len(values)))]


def several(rng: np.random.Generator, clips: Sequence[Clip], count: int) -> list[Clip]:
    """`count` clips, each once while there are enough; about half of them recorded where others were made."""
    recorded = [clip for clip in clips if not clip.synthetic]
    if not 0 < len(recorded) < len(clips):
        return _drawn(rng, clips, count)
    made = [clip for clip in clips if clip.synthetic]
    share = int(rng.binomial(count, RECORDED_SHARE))
    both = _drawn(rng, recorded, share) + _drawn(rng, made, count - share)
    return [both[int(i)] for i in rng.permutation(count)]


def _drawn(rng: np.random.Generator, clips: Sequence[Clip], count: int) -> list[Clip]:
    if len(clips) >= count:
        return [clips[int(i)] for i in rng.permutation(len(clips))[:count]]
    return [clips[int(i)] for i in rng.integers(0, len(clips), count)]


def transcript(clip: Clip) -> str:
    """What is said in a clip, in words only; empty where that is not known word for word."""
    text = str(clip.extra.get("transcript") or "")
    if re.search(r"[#*_\d]", text):  # symbols and digits are read aloud in words that are not written down
        return ""
    return re.sub(r"\s+", " ", text.replace("...", " ")).strip(" :")


def plain(text: str) -> str:
    """Lower case without the end's punctuation, one space between words: how texts are looked up."""
    return re.sub(r"\s+", " ", text.strip().lower()).rstrip(".")


def _is_chatted(clip: Clip) -> bool:
    return str(clip.extra.get("line") or "").startswith(CHATTED_LINES) or bool(clip.extra.get("reply"))


def _is_instruction(clip: Clip) -> bool:
    return str(clip.extra.get("line") or "").startswith(INSTRUCTION_LINES)


def is_order(clip: Clip) -> bool:
    """Whether a clip is an order whose slots are known."""
    return bool(clip.extra.get("slots"))


def is_wake_word(clip: Clip) -> bool:
    """Whether a clip says a word by which somebody is called, and it is known which."""
    return clip.label == "speech_wake_word" and bool(transcript(clip))


def language(clip: Clip) -> str:
    """`en`, `zh`, or what else the row says."""
    return str(clip.extra.get("language") or "")


def spoken(clip: Clip, **more: Any) -> Part:
    """A spoken clip as a part that is not cut."""
    return Part(clip, longest_seconds=SPOKEN_SECONDS, **more)
