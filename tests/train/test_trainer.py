"""The trainer: losses fall, and a run cut in two ends where an uncut one does."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from soundflow.data.annotate import annotate
from soundflow.data.timeline import Reply, StreamEvent, Timeline
from soundflow.errors import InputError
from soundflow.model.network import AudioInteractionModel, initialise
from soundflow.model.tokens import Grammar, TextTokenizer
from soundflow.train.batch import Example, collate
from soundflow.train.trainer import Evaluation, Trainer, TrainerConfig, best_balanced, event_scores
from tests.model.conftest import TEXTS, small_config

TOKENIZER = TextTokenizer.train(TEXTS, 300)
CHUNKS = 6
CONFIG = TrainerConfig(
    steps=6, batch_size=2, workers=0, threads=1, evaluate_every=3, checkpoint_every=2, bfloat16=False, warmup=0.2
)


def _model() -> AudioInteractionModel:
    config = small_config()
    config = dataclasses.replace(config, decoder=dataclasses.replace(config.decoder, vocab_size=TOKENIZER.vocab_size))
    network = AudioInteractionModel(config)
    torch.manual_seed(0)
    initialise(network, torch.Generator().manual_seed(0))
    return network


def _stream(index: int) -> Example:
    """A tone in chunk 3 that must be answered, or nothing."""
    config = small_config()
    grammar = Grammar(config.control, TOKENIZER, config.audio_positions, config.default_instruction)
    rng = np.random.default_rng(index)
    samples = rng.normal(0, 0.01, CHUNKS * 6400).astype(np.float32)
    responses = []
    heard = np.zeros(CHUNKS, np.int64)
    if index % 2:
        samples[3 * 6400 : 4 * 6400] += 0.5 * np.sin(np.arange(6400) * 0.3).astype(np.float32)
        responses, heard[3] = [(3, Reply("A dog is barking.", "normal"))], 1
    timeline = Timeline(CHUNKS * 0.4, 0.4, None, "proactive", (), ())
    return Example(samples, annotate(None, CHUNKS, responses, grammar), heard, np.minimum(heard, 1), timeline)


def _train(out: Path) -> Trainer:
    torch.manual_seed(0)
    model = _model()
    with torch.no_grad():
        for p in model.encoder.parameters():
            p.normal_(0, 0.05, generator=torch.Generator().manual_seed(p.numel()))
    trainer = Trainer(model, 2, _stream, CONFIG, out)
    trainer.run([_stream(1), _stream(2)], lambda *_: None)
    return trainer


def test_a_killed_run_goes_on_exactly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _train(tmp_path / "whole")
    original = Trainer._one_step

    def killed(self: Trainer, batch: object, pooled: object) -> dict[str, float]:
        if self.step == 4:
            raise KeyboardInterrupt
        return original(self, batch, pooled)  # type: ignore[arg-type]

    monkeypatch.setattr(Trainer, "_one_step", killed)
    with pytest.raises(KeyboardInterrupt):
        _train(tmp_path / "cut")
    monkeypatch.setattr(Trainer, "_one_step", original)
    resumed = _train(tmp_path / "cut")
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name
    curves = [
        [
            json.loads(line)["total"]
            for line in (tmp_path / run / "log.jsonl").read_text().splitlines()
            if '"train"' in line
        ]
        for run in ("whole", "cut")
    ]
    assert curves[0] == curves[1] and len(curves[0]) == CONFIG.steps


def test_killed_while_its_model_is_written_a_run_writes_it_again(tmp_path: Path) -> None:
    def told(now: Trainer, found: Evaluation) -> None:
        heard.append(now.step)
        if now.step == CONFIG.steps and len(heard) == 2:
            raise KeyboardInterrupt

    heard: list[int] = []
    config = dataclasses.replace(CONFIG, checkpoint_every=3)
    for expected in ([3, 6], [3, 6, 6], [3, 6, 6]):  # killed, written, nothing left to do
        trainer = Trainer(_model(), 2, _stream, config, tmp_path)
        try:
            trainer.run([_stream(1)], told)
        except KeyboardInterrupt:
            assert len(expected) == 2
        assert heard == expected


def test_progress_leaves_standard_output_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Trainer(_model(), 2, _stream, dataclasses.replace(CONFIG, steps=1), tmp_path).run([_stream(1)], lambda *_: None)
    told = capsys.readouterr()
    assert told.out == "" and "training" in told.err


def test_a_fault_of_a_stream_in_another_process_is_one_clear_line(tmp_path: Path) -> None:
    config = dataclasses.replace(CONFIG, workers=1)
    with pytest.raises(InputError, match="clip 3 is silent"):
        Trainer(_model(), 2, _broken, config, tmp_path).run([], lambda *_: None)


def _broken(index: int) -> Example:
    raise InputError("clips.unusable", "clip 3 is silent", "leave it out")


@pytest.mark.parametrize("rest", [b"", b"no checkpoint", b"PK\x03\x04"])
def test_a_damaged_checkpoint_is_one_line(tmp_path: Path, rest: bytes) -> None:
    (tmp_path / "state.pt").write_bytes(rest)
    with pytest.raises(InputError, match=r"state.pt cannot be read: .* — remove it; its stage then begins again"):
        Trainer(_model(), 2, _stream, CONFIG, tmp_path).run([_stream(1)], lambda *_: None)


def test_how_the_work_is_done_may_change(tmp_path: Path) -> None:
    _train(tmp_path)
    changed = dataclasses.replace(CONFIG, workers=1, threads=2, evaluate_every=1, checkpoint_every=1)
    trainer = Trainer(_model(), 2, _stream, changed, tmp_path)
    trainer.run([_stream(1)], lambda *_: None)
    assert trainer.step == CONFIG.steps


def test_a_log_says_each_step_once_after_a_kill(tmp_path: Path) -> None:
    def killed(now: Trainer, found: Evaluation) -> None:
        if now.step == stops.pop(0):
            raise KeyboardInterrupt

    stops = [3, 3, 0, 0]  # killed before the first checkpoint, then behind it, then to the end
    for config in (dataclasses.replace(CONFIG, checkpoint_every=6), CONFIG, CONFIG):
        trainer = Trainer(_model(), 2, _stream, config, tmp_path)
        try:
            trainer.run([_stream(1)], killed)
        except KeyboardInterrupt:
            assert trainer.step == 3
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if row["kind"] == "train"] == [1, 2, 3, 4, 5, 6]
    assert [row["step"] for row in rows if row["kind"] == "valid"] == [3, 6]


def test_another_configuration_is_refused(tmp_path: Path) -> None:
    _train(tmp_path)
    trainer = Trainer(_model(), 2, _stream, dataclasses.replace(CONFIG, clip=2.0), tmp_path)
    with pytest.raises(InputError, match="another configuration"):
        trainer.run([], lambda *_: None)


def test_an_encoder_that_stands_still_is_not_changed_while_the_rest_learns(tmp_path: Path) -> None:
    trainer = Trainer(_model(), 2, _stream, dataclasses.replace(CONFIG, uses=3, pool=4), tmp_path)
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    trainer.run([], lambda *_: None)
    assert trainer.step == CONFIG.steps
    for name, value in trainer.model.state_dict().items():
        if name.startswith("encoder."):
            assert torch.equal(value, before[name]), name
    assert not torch.equal(trainer.model.adapter.proj.weight, before["adapter.proj.weight"])


@pytest.mark.parametrize("chunk_seconds", [0.2, 0.4])
def test_an_events_window_is_counted_in_the_models_chunks(chunk_seconds: float) -> None:
    chunks = round(12 / chunk_seconds)
    sound = ("dog_bark", "event", "foreground")
    where = ("c", "r", "CC0-1.0", "tones", 0.0)
    events = (
        StreamEvent(1.2, 2.4, 2.4, *sound, "respond", Reply("A dog is barking.", "normal"), *where),  # type: ignore[arg-type]
        StreamEvent(6.0, 7.2, 7.2, *sound, "ignore", None, *where),  # type: ignore[arg-type]
    )
    line = Timeline(12.0, chunk_seconds, None, "proactive", events, ())
    plain = _stream(0)
    nothing = np.zeros(chunks, np.int64)
    batch = collate([dataclasses.replace(plain, heard=nothing, calls=nothing, timeline=line)])
    p = torch.zeros(1, chunks)
    p[0, math.floor(3.9 / chunk_seconds)] = 0.9  # before 2.4 s + 1.6 s: the first event's
    p[0, math.floor(8.1 / chunk_seconds)] = 0.8  # behind 7.2 s + 0.8 s: nobody's
    p[0, math.floor(1.1 / chunk_seconds)] = 0.7  # before its onset
    found = event_scores(batch, p, chunk_seconds)
    assert [(responds, round(score, 3)) for responds, score in found] == [(True, 0.9), (False, 0.0)]


def test_best_balanced_by_hand() -> None:
    scored = [(True, 0.9), (True, 0.4), (False, 0.5), (False, 0.1)]
    assert best_balanced(scored)[0] == pytest.approx(0.75)
