"""Questions about recordings: layouts in the cache, history, limits, and the release's own answers."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from soundflow.api import load
from soundflow.audio.decode import read_audio
from soundflow.audio.quiet import LEAD_CHUNKS, TRAIL_CHUNKS
from soundflow.errors import InputError, UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.config import audio_interaction_3b, nano
from soundflow.model.network import AudioInteractionModel, splice
from soundflow.model.offline import recording_features
from soundflow.model.tokens import own_control_tokens
from soundflow.stream import offline
from soundflow.stream.clock import CostTable, SimulatedClock
from soundflow.stream.decoding import Decided, Decoding, Spoken
from soundflow.stream.fifo import Flush, TextStep, TokenKind
from soundflow.stream.offline import (
    MOST_POSITIONS,
    Conversation,
    answers_questions,
    check_answers,
)
from soundflow.stream.perception import EncodedChunk
from soundflow.testing.model import Script, ScriptedReply, answering_bundle, caches_of

TABLE = CostTable("test", 1.0, ((1, 1.0),), 1.0)
SECOND = np.zeros(16_000, np.float32)


def said(*replies: str) -> Bundle:
    """A model that gives these answers, one a turn."""
    return answering_bundle(Script({turn: ScriptedReply(text) for turn, text in enumerate(replies)}))


def test_a_question_about_a_recording_is_laid_out_as_the_release_does() -> None:
    bundle = said("Three.")
    grammar = bundle.grammar
    answer = Conversation(bundle).ask("How many?", SECOND)
    assert (answer.type, answer.reply, answer.text, answer.reason) == ("reply.end", 0, "Three.", "eos")
    heard = [-1 if i == grammar.control.offline_audio_pad else i for i in grammar.recording(25)]
    ids = [*grammar.offline_prefix(None), *heard, *grammar.user("How many?"), *grammar.answer("Three.")[:-1]]
    assert list(caches_of(bundle)[0].fed) == ids


def hearing_streams(script: Script) -> Bundle:
    """A model that hears a recording as a stream, chunks of 0.4 s, and says what the script has at each of its own."""
    replies = {chunk + LEAD_CHUNKS: reply for chunk, reply in script.replies.items()}
    chances = {chunk + LEAD_CHUNKS: p for chunk, p in script.p_response.items()}
    made = answering_bundle(Script(replies, chances))
    bundle = dataclasses.replace(made, config=dataclasses.replace(made.config, offline="chunks", recording="stream"))
    made.network.config = bundle.config
    return bundle


def test_a_recording_can_be_heard_as_a_stream_behind_its_question() -> None:
    silent_until_it_must = {3: ScriptedReply("Three."), 4: ScriptedReply("Red.")}
    bundle = hearing_streams(Script(silent_until_it_must, p_response={3: 0.1}))
    talk, grammar = Conversation(bundle), bundle.grammar
    assert talk.ask("How many?", SECOND).text == "Three."
    heard = [-1 if i == grammar.control.offline_audio_pad else i for i in grammar.recording(60)]
    assert heard.count(bundle.config.control.silent) == 5, "three chunks, two of quiet before and one behind"
    ids = [*grammar.prefix("How many?"), *heard, *grammar.answer("Three.")[:-1]]
    assert list(caches_of(bundle)[0].fed) == ids
    talk.ask("Which colour?")
    ids += [bundle.config.control.eos, *grammar.user("Which colour?"), *grammar.answer("Red.")[:-1]]
    assert list(caches_of(bundle)[0].fed) == ids


def test_what_is_said_while_a_recording_is_heard_as_a_stream_is_the_answer() -> None:
    bundle = hearing_streams(Script({0: ScriptedReply("1"), 1: ScriptedReply("2"), 4: ScriptedReply("Red.")}))
    pieces: list[str] = []
    talk, grammar, control = Conversation(bundle), bundle.grammar, bundle.config.control
    answer = talk.ask("Count the beeps.", SECOND, pieces.append)
    assert (answer.text, "".join(pieces), answer.tokens, answer.reason) == ("1\n2", "1\n2", 2, "eos")
    chunk = [control.audio_begin, *[-1] * grammar.audio_positions, control.assistant]
    said = [[control.response, *grammar.reply(text, None)] for text in ("1", "2")]
    quiet = [*chunk, control.silent]
    ids = [*grammar.prefix("Count the beeps."), *quiet, *quiet, *chunk, *said[0], *chunk, *said[1], *quiet, *chunk]
    assert list(caches_of(bundle)[0].fed) == ids
    assert talk.ask("Which colour?").text == "Red.", "a further question stands behind them"
    ids += [control.silent, *grammar.user("Which colour?"), *grammar.answer("Red.")[:-1]]
    assert list(caches_of(bundle)[0].fed) == ids


def test_it_decides_by_the_rows_that_a_quantized_model_keeps_for_it_as_in_a_stream() -> None:
    replies = {chunk: ScriptedReply(str(chunk)) for chunk in range(4)}
    bundle = hearing_streams(Script(replies, p_response=dict.fromkeys(replies, 0.1)))
    assert Conversation(bundle).ask("Count the beeps.", SECOND).text == "3", "silent until it is made to answer"
    always = torch.tensor([[0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]])
    bundle.network.choice_rows = always
    assert Conversation(bundle).ask("Count the beeps.", SECOND).text == "0\n1\n2\n3"


def test_what_is_said_at_a_recordings_end_stands_beside_what_was_said_before() -> None:
    bundle = hearing_streams(Script({0: ScriptedReply("1"), 3: ScriptedReply("2")}))
    assert Conversation(bundle).ask("Count the beeps.", SECOND).text == "1\n2"


def test_a_reply_without_a_word_is_no_answer() -> None:
    bundle = hearing_streams(Script({0: ScriptedReply(""), 3: ScriptedReply("Three.")}, p_response={3: 0.1}))
    pieces: list[str] = []
    assert Conversation(bundle).ask("How many?", SECOND, pieces.append).text == "".join(pieces) == "Three."


def test_of_a_long_recording_that_is_heard_as_a_stream_as_much_is_forgotten_as_of_a_stream() -> None:
    script = Script({chunk: ScriptedReply(f"number {chunk}") for chunk in (0, 3, 50, 58, 59, 60, 61, 80, 119)})
    heard, streamed = hearing_streams(script), hearing_streams(script)
    answer = Conversation(heard).ask("Count the beeps.", np.zeros(120 * 6400, np.float32))
    decoding = Decoding(streamed, "Count the beeps.", 0.5, streamed.config.max_reply_tokens)
    replies = [
        said
        for sound in streamed.network.encode(torch.zeros(LEAD_CHUNKS + 120 + TRAIL_CHUNKS, 80, 40))
        for said in replies_to(decoding, sound)
    ]
    assert answer.text.splitlines() == replies and len(replies) == 9
    conversation, stream = caches_of(heard)[0], caches_of(streamed)[0]
    assert conversation.evictions == stream.evictions != []
    assert list(conversation.fed) == list(stream.fed), "<eos> of the last reply waits in both"


def replies_to(decoding: Decoding, sound: Tensor) -> list[str]:
    """What a stream says behind one more chunk: its audio rows, [positions, width]."""
    outcome = decoding.run(Flush((EncodedChunk(0, sound[None], 0.0),)))
    assert isinstance(outcome, Decided)
    if outcome.kind is TokenKind.SILENT:
        return []
    while True:
        spoken = decoding.run(TextStep())
        assert isinstance(spoken, Spoken)
        if spoken.reason is not None:
            return [spoken.text]


def test_of_a_recording_that_is_heard_as_a_stream_as_much_fits_as_is_said() -> None:
    bundle = hearing_streams(Script({}))
    with pytest.raises(InputError) as caught:
        Conversation(bundle).ask("How many?", np.zeros(1000 * 16_000, np.float32))
    found = re.fullmatch(r"cut the recording to (\d+) s or less", caught.value.hint)
    assert found is not None
    Conversation(bundle).ask("How many?", np.zeros(int(found[1]) * 16_000, np.float32))
    with pytest.raises(InputError):
        Conversation(bundle).ask("How many?", np.zeros((int(found[1]) + 1) * 16_000, np.float32))


def test_a_full_history_leaves_no_room_to_speak_before_the_end() -> None:
    long_winded = {chunk: ScriptedReply("a b c d e f g h i j k l m n o p q r") for chunk in range(400)}
    talk = Conversation(hearing_streams(Script(long_winded)), max_answer_tokens=MOST_POSITIONS)
    chunks = 20
    talk.ask("x" * (MOST_POSITIONS - 200 - chunks * (talk.config.audio_positions + 3)))
    answer = talk.ask(None, np.zeros(chunks * 6400, np.float32))
    assert answer.text.startswith("a b c d") and answer.tokens < 160


def test_a_reply_that_is_broken_off_while_a_recording_is_heard_stays_in_the_history() -> None:
    def stop(piece: str) -> None:
        raise KeyboardInterrupt

    bundle = hearing_streams(Script({0: ScriptedReply("1"), 1: ScriptedReply("Red.")}))
    talk, grammar, control = Conversation(bundle), bundle.grammar, bundle.config.control
    with pytest.raises(KeyboardInterrupt):
        talk.ask("Count the beeps.", SECOND, stop)
    assert talk.ask("Which colour?").text == "Red."
    tail = [control.response, control.eos, *grammar.user("Which colour?"), *grammar.answer("Red.")[:-1]]
    assert list(caches_of(bundle)[0].fed)[-len(tail) :] == tail


def test_nothing_is_said_before_a_question_that_stands_behind_its_recording() -> None:
    bundle = hearing_streams(Script({0: ScriptedReply("too early"), 3: ScriptedReply("Three.")}))
    assert Conversation(bundle, "You count.").ask("How many?", SECOND).text == "Three."


@pytest.mark.parametrize(("question", "sound"), [("How many?", None), (None, SECOND), ("  ", SECOND)])
def test_question_and_recording_can_each_be_left_out(question: str | None, sound: np.ndarray | None) -> None:
    bundle = said("Two.")
    assert Conversation(bundle).ask(question, sound).text == "Two."
    fed, control = caches_of(bundle)[0].fed, bundle.config.control
    assert (control.user in fed) == (sound is None)
    assert (control.audio_end in fed) == (sound is not None)


def test_the_next_question_stands_behind_the_last_answer() -> None:
    bundle = said("A horn.", "Two.")
    talk, grammar = Conversation(bundle), bundle.grammar
    answers = [talk.ask("Which?", SECOND), talk.ask("How many?")]
    assert [(a.reply, a.text) for a in answers] == [(0, "A horn."), (1, "Two.")]
    fed = list(caches_of(bundle)[0].fed)
    tail = [*grammar.answer("A horn."), *grammar.user("How many?"), *grammar.answer("Two.")[:-1]]
    assert fed[-len(tail) :] == tail


def test_text_comes_in_pieces_that_add_up() -> None:
    pieces: list[str] = []
    answer = Conversation(said("One 🎵.")).ask("What?", on_text=pieces.append)
    assert "".join(pieces) == answer.text == "One 🎵." and len(pieces) == 6


def test_an_answer_that_is_broken_off_stays_in_the_history() -> None:
    def stop(piece: str) -> None:
        raise KeyboardInterrupt

    bundle = said("A horn.", "Two.")
    talk, grammar = Conversation(bundle), bundle.grammar
    with pytest.raises(KeyboardInterrupt):
        talk.ask("Which?", SECOND, stop)
    answer = talk.ask("How many?")
    assert (answer.reply, answer.text) == (1, "Two.")
    head = [*grammar.user("Which?"), *grammar.answer_head(), grammar.control.eos, *grammar.user("How many?")]
    fed = list(caches_of(bundle)[0].fed)
    assert fed[-len(head) - len(grammar.answer("Two.")) + 1 :][: len(head)] == head


def test_an_emotion_is_a_field_and_never_text() -> None:
    bundle = answering_bundle(Script({0: ScriptedReply("Run!", "urgent")}))
    answer = Conversation(bundle).ask("What?")
    assert (answer.text, answer.emotion, answer.tokens) == ("Run!", "urgent", 4)


def test_a_long_answer_is_ended_and_the_talk_goes_on() -> None:
    bundle = said("abcdefgh", "ij")
    talk = Conversation(bundle, max_answer_tokens=3)
    assert (talk.ask("What?").reason, talk.ask("And?").text) == ("length", "ij")
    fed, grammar = list(caches_of(bundle)[0].fed), bundle.grammar
    assert fed.count(grammar.control.eos) == 4  # prefix, two questions, and the answer that was cut


def test_neither_question_nor_recording_is_refused() -> None:
    with pytest.raises(UsageError, match="neither a question nor a recording"):
        Conversation(said("Two.")).ask(" ")


@pytest.mark.parametrize("sound", [np.zeros(0, np.float32), np.zeros((2, 8), np.float32)])
def test_what_is_no_sound_is_refused(sound: np.ndarray) -> None:
    with pytest.raises(InputError, match="sound of shape"):
        Conversation(said("Two.")).ask("What?", sound)


@pytest.mark.parametrize(
    ("sound", "code"),
    [(np.ones(6400, np.int16), "audio.dtype"), (np.full(6400, np.nan, np.float32), "audio.nan")],
)
def test_samples_that_mean_nothing_are_refused_and_cost_no_history(sound: np.ndarray, code: str) -> None:
    talk = Conversation(said("Two."))
    with pytest.raises(InputError) as refused:
        talk.ask("What?", sound)
    assert refused.value.code == code
    assert talk.ask("What?", SECOND).reply == 0


def test_a_sample_that_is_no_number_is_heard_as_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Tensor] = []

    def features(network: AudioInteractionModel, samples: Tensor) -> Tensor:
        heard.append(samples)
        return recording_features(network, samples)

    monkeypatch.setattr(offline, "recording_features", features)
    broken = np.array([0.25, np.nan, np.inf] * 6400)
    Conversation(said("Two.")).ask("What?", broken)
    assert heard[0].tolist() == [0.25, 0.0, 0.0] * 6400


def test_a_recording_that_does_not_fit_is_refused_with_the_length_that_does() -> None:
    talk = Conversation(said("Two.", "Three."))
    with pytest.raises(InputError, match=r"cut the recording to 16. s or less"):
        talk.ask("What?", np.zeros(300 * 16_000, np.float32))
    assert talk.ask("What?").text == "Two."  # nothing was lost
    with pytest.raises(InputError, match="begin a new conversation"):
        talk.ask("word " * 4000)
    assert talk.ask("And?").text == "Three."


def test_the_longest_recording_that_is_named_does_fit() -> None:
    talk = Conversation(said("Two."))
    with pytest.raises(InputError) as refused:
        talk.ask(None, np.zeros(200 * 16_000, np.float32))
    seconds = int(refused.value.hint.split()[-4])
    assert talk.ask(None, np.zeros(seconds * 16_000, np.float32)).text == "Two."


def test_an_answer_ends_before_the_positions_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline, "MOST_POSITIONS", 45)
    bundle = said("abcdefghijklmnopqrstuvwxyz")
    talk = Conversation(bundle)
    answer = talk.ask("12345678")
    assert answer.reason == "length" and 16 <= answer.tokens < 26
    assert caches_of(bundle)[0].length <= 45
    with pytest.raises(InputError, match="begin a new conversation"):
        talk.ask("And?")


def test_a_control_token_is_never_chosen() -> None:
    control = answering_bundle(Script()).config.control
    for token in sorted(control.ids - {control.eos} - set(control.emotions.values())):
        bundle = answering_bundle(Script({0: ScriptedReply(ids=[token], never_ends=True)}))
        answer = Conversation(bundle, max_answer_tokens=3).ask("What?")
        assert answer.tokens == 3
        assert token not in list(caches_of(bundle)[0].fed)[-3:]


def test_time_to_the_first_text_is_told() -> None:
    clock = SimulatedClock(TABLE)
    assert Conversation(said("Two."), clock=clock).ask("What?").first_text_ms == 0.0
    assert Conversation(said(""), clock=clock).ask("What?").first_text_ms is None


@pytest.mark.parametrize("limit", [0, -1, 5000])
def test_a_limit_that_makes_no_sense_is_refused(limit: int) -> None:
    with pytest.raises(UsageError, match="tokens"):
        Conversation(said("Two."), max_answer_tokens=limit)


def test_only_models_of_the_releases_vocabulary_answer() -> None:
    assert answers_questions(audio_interaction_3b())
    assert not answers_questions(nano(300, own_control_tokens()))
    bundle = said("Two.")
    check_answers(bundle)
    own = dataclasses.replace(bundle, config=nano(300, own_control_tokens()), name="nano")
    with pytest.raises(UsageError, match=r"nano .* not trained to answer questions"):
        check_answers(own)


@pytest.fixture(scope="module")
def released(release_kit: Path) -> Bundle:
    """The kit's tiny model in float32."""
    return load(release_kit, arithmetic="float32").bundle


@pytest.fixture(scope="module")
def goldens(shared_dir: Path) -> list[dict[str, object]]:
    """What the authors' code made of the three layouts."""
    found: list[dict[str, object]] = json.loads((shared_dir / "compat/golden/offline.json").read_text())
    return found


def sound_of(golden: dict[str, object], shared_dir: Path) -> np.ndarray | None:
    return read_audio(shared_dir / "compat/audio" / str(golden["audio"])) if golden["audio"] else None


@pytest.mark.slow
@pytest.mark.parametrize("kind", [0, 1, 2])
def test_the_releases_answers(released: Bundle, goldens: list[dict[str, object]], shared_dir: Path, kind: int) -> None:
    golden = goldens[kind]
    question = golden["user"]
    assert question is None or isinstance(question, str)
    answer = Conversation(released).ask(question, sound_of(golden, shared_dir))
    assert answer.text == golden["greedy_text"] and answer.reason == "eos"
    # their list begins with TEXT_BEGIN, which we feed, and ends with TEXT_END
    assert released.grammar.answer(answer.text)[1:] == golden["greedy_after_ASSISTANT"]
    assert answer.tokens == len(released.grammar.answer(answer.text)) - 3


@pytest.mark.slow
@pytest.mark.parametrize("kind", [0, 1, 2])
def test_the_releases_logits_at_every_position(
    released: Bundle, goldens: list[dict[str, object]], shared_dir: Path, kind: int
) -> None:
    golden, stored = goldens[kind], np.load(shared_dir / "compat/golden/offline.npz")
    sound = sound_of(golden, shared_dir)
    ids = golden["input_ids"]
    assert isinstance(ids, Sequence)
    rows = torch.tensor([ids])
    with torch.inference_mode():
        embeds = released.network.embed(rows)
        if sound is not None:
            features = recording_features(released.network, torch.from_numpy(sound))
            assert np.abs(features.numpy() - stored[f"{golden['kind']}_feat"]).max() < 1e-4
            embeds = splice(embeds, rows == released.config.control.offline_audio_pad, features)
        hidden = released.network(embeds)[0]
        found = at_ids(released, hidden, torch.from_numpy(stored["sub_ids"]))
    assert np.abs(found - stored[f"{golden['kind']}_sub_logits"]).max() < 2e-4


def at_ids(bundle: Bundle, hidden: Tensor, ids: Tensor) -> np.ndarray:
    return (hidden @ bundle.network.lm_head.weight[ids].T).numpy()
