"""Streams of a corpus: every sub-task can be made, its answers fall where the task says, and its number is its own."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from soundflow.data.build.recipe import MixIns, Recipe
from soundflow.data.build.run import open_workshop
from soundflow.data.build.stream import (
    Draws,
    Made,
    Workshop,
    annotation,
    make,
    row_of,
    sounding_times,
    sub_task_of,
    workshop,
)
from soundflow.data.clips import ClipStore
from soundflow.data.library import Library
from soundflow.data.tasks.material import Material, Quiet
from soundflow.data.tasks.registry import SUB_TASKS
from soundflow.data.tasks.script import Said
from soundflow.data.tasks.subtasks import BUILDERS
from soundflow.data.tasks.subtasks.chat import VOICED_SHARE
from soundflow.data.tasks.subtasks.mix_ins import SPOKEN_OF
from soundflow.data.timeline import Reply, Timeline, chunk_of
from tests.data.build.clips import SENTENCE, order, write_clips
from tests.data.test_clips import row, write_folder


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return open_workshop(order(tmp_path_factory.mktemp("shop")))


def made_of(shop: Workshop, task: str, index: int = 0, **recipe: object) -> Made:
    mix = MixIns(0.0, 0.0, 0.0)
    changed = Recipe(**{"tasks": {task: 1.0}, "mix_ins": mix, **recipe})  # type: ignore[arg-type]
    made, rejected = make(workshop(changed, 0, shop.library), index)
    assert made is not None, rejected
    return made


@pytest.mark.parametrize("task", SUB_TASKS)
def test_every_sub_task_can_be_made_and_described(shop: Workshop, task: str) -> None:
    made = made_of(shop, task)
    line = made.composition.timeline
    chunks = line.seconds / line.chunk_seconds
    assert line.task == task and chunks == pytest.approx(round(chunks))
    assert bool(line.responses) == (task != "keep_silent")
    told = annotation(made, shop, "000000000")
    assert Timeline.from_json(json.dumps(told["timeline"])) == line
    row = row_of(made, shop, "000000000", "shard-000000.tar")
    assert row["responses"] == len(line.responses) and 0 <= row["silent_share"] <= 1
    assert np.abs(made.composition.samples).max() <= 0.991


def test_what_sounds_where_nothing_is_to_be_said_is_the_recipe_s(shop: Workshop) -> None:
    speech, place = Quiet(0, 1, 0, 0), Quiet(0, 0, 0, 1)
    lines = [made_of(shop, "keep_silent", n, quiet=speech).composition.timeline for n in range(20)]
    kinds = Counter(event.kind for line in lines for event in line.events)
    assert set(kinds) == {"speech"} and not any(line.responses for line in lines)
    assert not made_of(shop, "keep_silent", quiet=place).composition.timeline.events


def test_overheard_speech_has_every_label_alike_and_nothing_that_is_answered_unasked(tmp_path: Path) -> None:
    speech = {"kind": "speech", "split": "train", "language": "en"}
    rows = [
        *(row(f"digit-{n}", **speech) | {"label": "speech_digit"} for n in range(30)),
        row("remark", **speech, line="remarks/0/0") | {"label": "speech_remark"},
        row("chat", **speech, line="dialogues-en/0/0") | {"label": "speech_voice"},
        row("message", **speech, line="mine/0/0", reply="Hello.") | {"label": "speech_voice"},
        row("instruction", **speech, line="instructions/0/0") | {"label": "speech_voice"},
    ]
    library = Library([ClipStore(write_folder(tmp_path / "clips", rows), tmp_path / "cache")], "train")
    material = Material(library, turns=(3, 3), quiet=Quiet(0, 1, 0, 0))
    rng = np.random.default_rng(0)
    labels = Counter(part.clip.label for _ in range(100) for part in BUILDERS["keep_silent"](material, rng).parts)
    assert set(labels) == {"speech_digit", "speech_remark"} and 0.4 < labels["speech_remark"] / 300 < 0.6


def test_music_where_nothing_is_to_be_said_has_every_label_alike(tmp_path: Path) -> None:
    music = {"kind": "music", "split": "train"}
    rows = [
        *(row(f"note-{n}", **music) | {"label": "instrument_note"} for n in range(30)),
        row("song", **music) | {"label": "music"},
        row("ringtone", **music, proactive=True) | {"label": "ringtone"},
    ]
    library = Library([ClipStore(write_folder(tmp_path / "clips", rows), tmp_path / "cache")], "train")
    material = Material(library, quiet=Quiet(0, 0, 1, 0))
    rng = np.random.default_rng(0)
    labels = Counter(part.clip.label for _ in range(100) for part in BUILDERS["keep_silent"](material, rng).parts)
    assert set(labels) == {"instrument_note", "music"} and 0.4 < labels["music"] / labels.total() < 0.6


def test_a_track_longer_than_a_stream_is_heard_in_part(tmp_path: Path) -> None:
    rows = [row("track", kind="music", split="train", length=40.0) | {"label": "music"}]
    library = Library([ClipStore(write_folder(tmp_path / "clips", rows), tmp_path / "cache")], "train")
    recipe = Recipe(tasks={"keep_silent": 1.0}, quiet=Quiet(0, 0, 1, 0), most_seconds=14.0, tfjp=False)
    made, rejected = make(workshop(recipe, 0, library), 0)
    assert made is not None, rejected
    heard = [event for event in made.composition.timeline.events if event.label == "music"]
    assert heard and all(0 < event.end - event.onset < 14 for event in heard)


def test_asr_writes_every_word_once_and_one_entry_a_chunk(shop: Workshop) -> None:
    line = made_of(shop, "asr_parliament_en").composition.timeline
    by_event: dict[int, str] = {}
    for turn in line.turns:
        by_event[turn.event] = (by_event.get(turn.event, "") + " " + turn.reply.text).strip()
    assert set(by_event.values()) == {SENTENCE}
    chunks = [chunk for chunk, _, _ in line.responses]
    assert len(chunks) == len(set(chunks))
    for turn in line.turns:
        event = line.events[turn.event]
        assert event.onset < turn.at <= event.end + 1e-6


def test_mandarin_is_joined_without_spaces(shop: Workshop) -> None:
    line = made_of(shop, "asr_mandarin").composition.timeline
    words = {"".join(t.reply.text for t in line.turns if t.event == e) for e in {t.event for t in line.turns}}
    assert words <= {"动物", "安全", "时间"}


def test_translation_is_late_offline_and_at_each_piece_simultaneously(shop: Workshop) -> None:
    late = made_of(shop, "s2tt_zh_en").composition.timeline
    assert {e.reply.text for e in late.events if e.reply} <= {"animal", "safety", "time"}
    assert all(e.cue == e.end for e in late.events)
    assert len(made_of(shop, "simultaneous_zh_en").composition.timeline.turns) >= 2


def test_an_agent_answers_with_one_function_call(shop: Workshop) -> None:
    for index in range(3):
        line = made_of(shop, "environment_aware_assistance", index).composition.timeline
        for _, reply, _ in line.responses:
            assert set(json.loads(reply.text)) == {"name", "arguments"}


def test_a_review_names_the_first_sound_at_least_three_rounds_back(shop: Workshop) -> None:
    line = made_of(shop, "history_review").composition.timeline
    heard = [event for event in line.events if event.role == "foreground"]
    assert len(heard) >= 4 and all(event.reply is None for event in heard[:-1])
    assert heard[-1].reply is not None
    assert shop.library.phrases(heard[0].label).noun in heard[-1].reply.text


def test_a_choice_names_the_letter_of_what_sounds(shop: Workshop) -> None:
    line = made_of(shop, "audio_qa_choice").composition.timeline
    (event,) = [event for event in line.events if event.reply]
    assert event.reply is not None and line.instruction is not None
    assert event.reply.text.rstrip(".") in line.instruction
    assert shop.library.phrases(event.label).noun in event.reply.text


def test_counting_counts_up(shop: Workshop) -> None:
    line = made_of(shop, "event_counting").composition.timeline
    texts = [reply.text for _, reply, _ in line.responses]
    assert [text.split()[-1] for text in texts] == ["one.", "two.", "three.", "four."][: len(texts)]


def test_a_stream_is_the_same_whatever_was_made_before(shop: Workshop) -> None:
    first, _ = make(shop, 3)
    make(shop, 1)
    fresh, _ = make(workshop(shop.recipe, shop.seed, shop.library), 3)
    assert first is not None and fresh is not None
    assert first.composition.timeline == fresh.composition.timeline
    assert np.array_equal(first.composition.samples, fresh.composition.samples)
    other, _ = make(workshop(shop.recipe, shop.seed + 1, shop.library), 3)
    assert other is not None and other.composition.timeline != first.composition.timeline


def test_few_streams_already_have_every_sub_task_in_its_share() -> None:
    met = Counter(sub_task_of(Recipe(), 5, index) for index in range(280))
    assert set(met) == set(SUB_TASKS)
    assert max(met.values()) - min(met.values()) <= 3


def test_mix_ins_are_named_and_a_hazard_is_answered(shop: Workshop) -> None:
    recipe = Recipe(tasks={"multi_turn_dialogue": 1.0}, mix_ins=MixIns(0.0, 1.0, 1.0))
    made, _ = make(workshop(recipe, 0, shop.library), 0)
    assert made is not None and set(made.script.notes) == {"silence", "proactive"}
    events = [event for event in made.composition.timeline.events if event.kind == "event"]
    assert sorted(event.decision for event in events) == ["ignore", "respond"]


def test_what_was_mixed_in_stays_and_a_note_stands_only_while_it_does(shop: Workshop) -> None:
    recipe = Recipe(tasks={"multi_turn_dialogue": 1.0}, mix_ins=MixIns(0.0, 1.0, 0.0), most_seconds=7.0)
    held = 0
    for index in range(12):
        made, rejected = make(workshop(recipe, 0, shop.library), index)
        assert made is not None, rejected
        ignored = [event for event in made.composition.timeline.events if event.kind == "event"]
        assert len(ignored) == made.script.notes.count("silence")
        held += bool(ignored)
    assert held >= 9


def test_an_order_too_long_for_a_stream_makes_way_for_a_shorter_one_or_is_rejected(tmp_path: Path) -> None:
    told = {"kind": "speech", "split": "train", "slots": {"coffeeDrink": "latte"}}
    rows = [row(f"o{n}", length=length, **told) for n, length in enumerate((9.0, 8.5, 3.0))]
    library = Library([ClipStore(write_folder(tmp_path / "clips", rows), tmp_path / "cache")], "train")
    tasks, mix_ins = {"environment_aware_assistance": 1.0}, MixIns(0.0, 0.0, 0.0)
    recipe = Recipe(tasks=tasks, mix_ins=mix_ins, most_seconds=8.0, tfjp=False)
    shop, codes = workshop(recipe, 0, library), set()
    for index in range(12):
        made, rejected = make(shop, index)
        codes |= {line["code"] for line in rejected}
        assert made is None or [part.clip.id for part in made.script.parts if part.is_answered] == ["o2"]
        assert made is None or made.composition.timeline.responses
    assert codes == {"stream.too_long"}


def test_sounds_of_a_question_are_cut_before_the_stream_is_given_up(tmp_path: Path) -> None:
    from tests.data.build.clips import LABELS

    rows = [row(f"{label}{n}", length=5.0, split="train") | {"label": label} for label in LABELS for n in range(3)]
    folder = write_folder(tmp_path / "clips", rows, LABELS)
    library = Library([ClipStore(folder, tmp_path / "cache")], "train")
    for task in ("audio_qa_open", "audio_description"):
        recipe = Recipe(tasks={task: 1.0}, most_seconds=12.0, turns=(1, 3), tfjp=False)
        found = [make(workshop(recipe, 0, library), index)[0] for index in range(12)]
        assert all(found)
        lasting = [e.end - e.onset for made in found if made for e in made.composition.timeline.events]
        assert min(lasting) >= 1.6 - 1e-3 and min(lasting) < 4.9


@pytest.mark.parametrize("most", [6.0, 13.9])
def test_no_stream_is_longer_than_the_recipe_says(shop: Workshop, most: float) -> None:
    from soundflow.data.augment import AugmentConfig

    slow = AugmentConfig(speed_share=1.0, speed=(0.8, 0.81), room_share=0.0)
    recipe = Recipe(most_seconds=most, turns=(1, 3), augment=slow)
    made = [make(workshop(recipe, 1, shop.library), index)[0] for index in range(84)]
    seconds = [one.composition.timeline.seconds for one in made if one is not None]
    assert len(seconds) > 40 and max(seconds) <= most


def test_a_generated_sound_counts_with_its_own_length(tmp_path: Path) -> None:
    rows = [row("a", split="train", proactive=False) | {"label": "cow"}]
    library = Library([ClipStore(write_folder(tmp_path / "clips", rows), tmp_path / "cache")], "train")
    recipe = Recipe(tasks={"event_narration": 1.0}, mix_ins=MixIns(0.0, 0.0, 0.0), most_seconds=9.0, turns=(1, 3))
    lines = [made.composition.timeline for n in range(24) if (made := make(workshop(recipe, 0, library), n)[0])]
    assert max(line.seconds for line in lines) <= 9.0
    assert any(event.synthetic and event.end - event.onset > 3.1 for line in lines for event in line.events)


def test_a_running_speech_is_measured_with_its_own_short_pauses(shop: Workshop) -> None:
    recipe = Recipe(tasks={"simultaneous_en_zh": 1.0}, mix_ins=MixIns(0.0, 0.0, 0.0), most_seconds=10.0)
    for index in range(12):
        made, _ = make(workshop(recipe, 0, shop.library), index)
        assert made is not None
        whole = BUILDERS["simultaneous_en_zh"](shop.material, Draws(0, index, made.attempt)("script"))
        assert len(made.script.parts) == len(whole.parts)  # 3 s of words, 2 s of gaps, 4.4 s at the ends


def test_a_script_without_an_answer_is_drawn_anew(tmp_path: Path) -> None:
    rows = [row("a", split="train", proactive=False) | {"label": "cow"}]
    library = Library([ClipStore(write_folder(tmp_path / "clips", rows), tmp_path / "cache")], "train")
    made, rejected = make(workshop(Recipe(tasks={"health_and_comfort": 1.0}), 0, library), 0)
    assert made is None and len(rejected) == 4
    assert {line["code"] for line in rejected} == {"stream.no_answer"}


def test_a_scene_that_found_no_clip_is_drawn_anew(tmp_path: Path) -> None:
    rows = [row("o", kind="speech", split="train")]
    library = Library([ClipStore(write_folder(tmp_path / "clips", rows), tmp_path / "cache")], "train")
    made, rejected = make(workshop(Recipe(tasks={"event_narration": 1.0}, curation="random"), 0, library), 0)
    assert made is None and [line["code"] for line in rejected] == ["material.no_events"] * 4


def test_a_sub_task_without_clips_is_rejected_with_a_reason(shop: Workshop, tmp_path: Path) -> None:
    from tests.data.test_clips import write_folder

    rows = [{"id": "a", "path": "a.wav", "label": "cow", "split": "train", "proactive": False}]
    write_folder(tmp_path / "clips", rows)
    bare = open_workshop(order(tmp_path, tasks={"asr_mandarin": 1.0}))
    made, rejected = make(bare, 0)
    assert made is None and len(rejected) == 1
    assert rejected[0]["sub_task"] == "asr_mandarin" and "no speech" in rejected[0]["reason"]


def test_shares_of_a_clip_count_only_what_sounds() -> None:
    samples = np.concatenate([np.zeros(8000), 0.5 * np.ones(8000), np.zeros(8000)]).astype(np.float32)
    said = [Said(share, Reply("x")) for share in (0.5, 1.0)]
    assert sounding_times(samples, said) == pytest.approx([0.75, 1.0], abs=0.03)
    assert sounding_times(np.zeros(800, np.float32), said) == [0.05, 0.05]
    assert chunk_of(0.75, 0.4) == 1


def test_without_tfjp_a_late_decision_is_kept_and_counted(shop: Workshop, tmp_path: Path) -> None:
    import soundfile

    folder = write_clips(tmp_path / "clips")
    for name in ("w0", "w1"):  # the word, and a second and a half of silence
        sound, rate = soundfile.read(folder / f"{name}.wav")
        soundfile.write(folder / f"{name}.wav", np.concatenate([sound, np.zeros(int(1.5 * rate))]), rate)
    for tfjp in (False, True):
        wanted = order(tmp_path, tfjp=tfjp, tasks={"audio_grounded_chat": 1.0}, mix_ins=MixIns(0.0, 0.0, 0.0))
        made, rejected = make(open_workshop(wanted), 0)
        assert made is not None and not rejected
        assert (made.late_cues > 0) == (not tfjp)
        assert row_of(made, shop, "0", "s")["late_cues"] == made.late_cues


@pytest.mark.parametrize("task", sorted(SPOKEN_OF))
def test_what_an_answer_speaks_of_is_never_cut_away(shop: Workshop, task: str) -> None:
    recipe = Recipe(tasks={task: 1.0}, mix_ins=MixIns(0.0, 0.0, 0.0), most_seconds=10.0, turns=(3, 4))
    codes = set()
    for index in range(12):
        made, rejected = make(workshop(recipe, 0, shop.library), index)
        codes |= {row["code"] for row in rejected}
        assert made is None or made.composition.timeline.seconds <= 10.0
        if made is not None:
            whole = BUILDERS[task](workshop(recipe, 0, shop.library).material, Draws(0, index, made.attempt)("script"))
            assert [part.clip.label for part in made.script.parts] == [part.clip.label for part in whole.parts]
    assert "stream.too_long" in codes


def test_ones_own_voiced_messages_become_conversations_questions_and_reviews(tmp_path: Path) -> None:
    talk = [("I have dry yeast", "Good."), ("How much salt", "Ten grams."), ("Which yeast do I have", "Dry yeast.")]
    said = [("messages/1", number, *turn) for number, turn in enumerate(talk)] + [("messages/2", 0, "Hi", "Hello.")]
    rows = [
        {
            "id": f"v{n}",
            "path": f"v{n}.wav",
            "label": "speech_voice",
            "kind": "speech",
            "split": "train",
            "language": "en",
            "speaker": "anna",
            "transcript": text,
            "line": f"{name}/{number}",
            "reply": reply,
            **({"review": True} if number == 2 else {}),
        }
        for n, (name, number, text, reply) in enumerate(said)
    ]
    write_folder(tmp_path / "clips", rows)
    mix = MixIns(0.0, 0.0, 0.0)
    for task, replies in (
        ("multi_turn_dialogue", ["Good.", "Ten grams.", "Dry yeast."]),
        ("history_review", ["Good.", "Ten grams.", "Dry yeast."]),
        ("factual_spoken_qa", ["Hello."]),
    ):
        shop = open_workshop(order(tmp_path, tasks={task: 1.0}, mix_ins=mix))
        scripts = [BUILDERS[task](shop.material, np.random.default_rng(seed)) for seed in _voiced_seeds(task)]
        assert all([part.choice.reply.text for part in s.parts if part.choice.reply] == replies for s in scripts)


def _voiced_seeds(task: str) -> list[int]:
    """Seeds whose first draw chooses voices over recordings."""
    share = VOICED_SHARE / 2 if task == "history_review" else VOICED_SHARE
    return [seed for seed in range(12) if np.random.default_rng(seed).random() < share]
