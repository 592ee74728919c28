"""Loading by name or folder, sources of every kind, and the events they give."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path

import numpy as np
import pytest
import torch

import soundflow
from soundflow import api
from soundflow.api import Model, Samples, example_path, examples, load, open_source, whole_sound
from soundflow.audio.decode import write_wav
from soundflow.errors import InputError, UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.ours import save_folder
from soundflow.model.network import AudioInteractionModel, initialise
from soundflow.model.tokens import own_control_tokens
from soundflow.stream.events import Decision, End, ReplyEnd
from soundflow.testing.model import (
    Script,
    ScriptedReply,
    answering_bundle,
    byte_tokenizer,
    scripted_bundle,
    small_config,
)

CHUNK = 6400  # samples of 0.4 s


@pytest.fixture
def scripted() -> Model:
    """Speaks at the third chunk."""
    return Model(scripted_bundle(Script({2: ScriptedReply("Glass broke.", "urgent")})))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model's folder with random weights."""
    tokenizer = byte_tokenizer()
    network = AudioInteractionModel(small_config(tokenizer.vocab_size, own_control_tokens(), max_chunks=8))
    initialise(network, torch.Generator().manual_seed(3))
    save_folder(Bundle(network, tokenizer, network.config, "tiny"), tmp_path / "tiny")
    return tmp_path / "tiny"


def silence(chunks: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """So many chunks of zeros."""
    return np.zeros(round(chunks * CHUNK), np.float32)


def test_listen_gives_decisions_a_reply_and_an_end(scripted: Model) -> None:
    events = list(soundflow.listen(silence(4.5), model=scripted))
    decisions = [e for e in events if isinstance(e, Decision)]
    assert [d.decision for d in decisions] == ["silent", "silent", "response", "silent", "silent"]
    assert [e.text for e in events if isinstance(e, ReplyEnd)] == ["Glass broke."]
    assert isinstance(events[-1], End) and events[-1].seconds == pytest.approx(1.8)


def test_a_threshold_above_every_p_keeps_the_model_silent(scripted: Model) -> None:
    events = list(soundflow.listen(silence(4), model=scripted, threshold=0.95))
    assert not [e for e in events if isinstance(e, ReplyEnd)]


def test_a_session_is_a_context_and_takes_any_pieces(scripted: Model) -> None:
    with scripted.session(instruction="Tell me when glass breaks") as session:
        pieces = [e for start in range(0, 3 * CHUNK, 777) for e in session.feed(silence(3)[start : start + 777])]
        rest = session.end()
    assert len([e for e in [*pieces, *rest] if isinstance(e, Decision)]) == 3


def test_a_file_and_its_samples_give_the_same_decisions(scripted: Model, tmp_path: Path) -> None:
    samples = np.random.default_rng(1).normal(0, 0.1, 3 * CHUNK).astype(np.float32)
    write_wav(tmp_path / "x.wav", samples)
    names = [
        [(e.chunk, e.decision) for e in soundflow.listen(source, model=scripted) if isinstance(e, Decision)]
        for source in (tmp_path / "x.wav", str(tmp_path / "x.wav"), samples)
    ]
    assert names[0] == names[1] == names[2]


@pytest.mark.parametrize(
    ("samples", "code"),
    [
        (np.ones(2 * CHUNK, np.int16), "audio.dtype"),
        (np.zeros((2, CHUNK), np.float32), "audio.shape"),
        (np.full(2 * CHUNK, np.nan, np.float32), "audio.nan"),
        (np.zeros(0, np.float32), "audio.empty"),
    ],
    ids=["int16", "stereo", "no number", "no sample"],
)
def test_samples_are_held_to_what_files_are(scripted: Model, samples: Samples, code: str) -> None:
    answering = Model(answering_bundle(Script({0: ScriptedReply("A horn.")})))
    for hear in (
        lambda: list(soundflow.listen(samples, model=scripted)),
        lambda: soundflow.ask(samples, model=answering),
    ):
        with pytest.raises(InputError) as refused:
            hear()
        assert refused.value.code == code


def test_a_sample_that_is_no_number_is_heard_as_zero() -> None:
    blocks = list(open_source(np.array([0.5, np.nan, np.inf, 0.25], np.float32), 3))
    assert [block.tolist() for block in blocks] == [[0.5, 0.0, 0.0], [0.25]]


def test_standard_input_is_raw_samples(scripted: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(bytes(2 * CHUNK * 2))))
    events = list(soundflow.listen("-", model=scripted))
    assert len([e for e in events if isinstance(e, Decision)]) == 2


def test_a_terminal_is_no_source(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdin", terminal)
    with pytest.raises(UsageError, match="terminal"):
        open_source("-", CHUNK)


def test_a_closed_standard_input_is_no_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)  # what Python makes of `<&-`
    with pytest.raises(UsageError, match="standard input is closed") as refused:
        open_source("-", CHUNK)
    assert refused.value.code == "source.terminal"


def test_an_example_is_found_by_name_and_a_file_goes_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").mkdir()
    write_wav(tmp_path / "examples" / "porch.wav", silence(2))
    monkeypatch.setattr(api, "_EXAMPLES", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    assert examples() == ("porch",)
    assert example_path("porch") == tmp_path / "examples" / "porch.wav"
    assert sum(len(b) for b in open_source("porch", CHUNK)) == 2 * CHUNK
    write_wav(tmp_path / "mine.wav", silence(1))
    (tmp_path / "mine.wav").rename(tmp_path / "porch")
    assert sum(len(b) for b in open_source("porch", CHUNK)) == CHUNK


def test_a_folder_of_an_examples_name_does_not_hide_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").mkdir()
    write_wav(tmp_path / "examples" / "porch.wav", silence(2))
    monkeypatch.setattr(api, "_EXAMPLES", tmp_path / "examples")
    (tmp_path / "porch").mkdir()
    monkeypatch.chdir(tmp_path)
    assert sum(len(b) for b in open_source("porch", CHUNK)) == 2 * CHUNK


def test_a_missing_source_names_what_there_is() -> None:
    with pytest.raises(InputError, match=r"no file or example nowhere\.wav"):
        open_source("nowhere.wav", CHUNK)


@pytest.mark.parametrize("name", ["a" * 300, "a" * 5000, "nul\0l"])
def test_a_name_that_no_file_can_have_is_not_there(name: str) -> None:
    with pytest.raises(InputError, match="there is no file or example"):
        open_source(name, CHUNK)


def test_a_source_in_a_folder_one_may_not_enter_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))  # no folder is closed to root

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(InputError, match=r"no permission to look at locked/x\.wav") as refused:
        open_source("locked/x.wav", CHUNK)
    assert refused.value.code == "audio.unreadable"


@pytest.mark.parametrize("arithmetic", ["float32", "auto"])
def test_a_folder_loads_and_listens(folder: Path, arithmetic: api.Arithmetic) -> None:
    model = load(folder, arithmetic)
    assert (model.name, model.path) == ("scripted", folder)  # the name its config gives
    events = list(soundflow.listen(silence(2), model=model))
    assert isinstance(events[-1], End) and events[-1].chunks == 2


def test_listen_takes_a_models_folder_too(folder: Path) -> None:
    assert isinstance(list(soundflow.listen(silence(1), model=folder))[-1], End)


@pytest.mark.parametrize(
    ("device", "said"),
    [
        ("toaster", "no device 'toaster'"),
        ("cuda", "no GPU"),
        ("meta", "does not run on 'meta'"),
        ("mps", "does not run on 'mps'"),
    ],
)
def test_a_device_that_is_not_there_is_refused(folder: Path, device: str, said: str) -> None:
    if device == "cuda" and torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(UsageError, match=said):
        load(folder, device=device)


def test_a_gpu_that_torch_does_not_count_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(UsageError, match="no GPU for 'cuda:1'"):
        load(folder, device="cuda:1")


@pytest.mark.parametrize("word", ["bf16", "", "INT8"])
def test_an_arithmetic_that_is_none_is_refused(folder: Path, word: str) -> None:
    with pytest.raises(UsageError, match=f"no arithmetic '{word}'") as refused:
        load(folder, word)  # type: ignore[arg-type]
    assert refused.value.code == "model.arithmetic"


def test_int8_where_there_is_none_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "int8_supported", lambda: False)
    with pytest.raises(UsageError, match="float32"):
        load(folder, "int8")
    assert load(folder).bundle.network is not None


def test_ask_says_plainly_that_it_cannot(scripted: Model) -> None:
    with pytest.raises(UsageError, match="not trained to answer questions"):
        soundflow.ask("song.wav", "Which instrument is this?", model=scripted)


def test_ask_takes_what_listen_takes_or_no_sound_at_all() -> None:
    for source in ("kitchen", silence(2), None):
        model = Model(answering_bundle(Script({0: ScriptedReply("Four.", "happy")})))
        assert soundflow.ask(source, "How many?", model=model) == "Four."


def test_ask_hears_a_recording_without_a_question_and_no_microphone() -> None:
    model = Model(answering_bundle(Script({0: ScriptedReply("A horn.")})))
    assert soundflow.ask(silence(2), model=model) == "A horn."
    with pytest.raises(UsageError, match="microphone"):
        soundflow.ask("mic", "What?", model=model)
    with pytest.raises(UsageError, match="neither"):
        soundflow.ask(None, model=model)


def test_of_a_source_without_end_no_more_is_read_than_is_refused() -> None:
    model = Model(answering_bundle())
    with pytest.raises(InputError, match="cut the recording to 16"):
        soundflow.ask(silence(100_000), "What?", model=model)
    assert len(whole_sound(silence(100_000), model.config)) < 170 * 16_000


def test_a_conversation_remembers() -> None:
    model = Model(answering_bundle(Script({0: ScriptedReply("A horn."), 1: ScriptedReply("Two.")})))
    conversation = model.conversation(max_answer_tokens=9)
    assert [conversation.ask("Which?", silence(2)).text, conversation.ask("How many?").text] == ["A horn.", "Two."]
