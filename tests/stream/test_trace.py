"""The trace equals the compatibility kit's recordings, and a session says the same as the trace."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from soundflow.audio.decode import read_audio
from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.assemble import Placement
from soundflow.model.checkpoint.recognise import load_model
from soundflow.stream.events import ReplyEnd
from soundflow.stream.session import Session
from soundflow.stream.trace import read_logit_ids, read_sounds, save_trace, trace

FILES = ("speech", "tones", "bursts")


@pytest.fixture(scope="module")
def compat(shared_dir: Path) -> Path:
    return shared_dir / "compat"


@pytest.fixture(scope="module")
def kit(release_kit: Path) -> Bundle:
    return load_model(release_kit)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "files"), [("session", FILES), *[(f"single_{f}", (f,)) for f in FILES]])
def test_the_release_played_from_files_is_matched_step_by_step(
    name: str, files: tuple[str, ...], kit: Bundle, compat: Path
) -> None:
    golden, ids = compat / "golden", read_logit_ids(compat / "golden" / "ids.json")
    found = trace(kit, read_sounds([compat / "audio" / f"{f}.wav" for f in files]), "clip", ids)
    turns = json.loads((golden / f"online_{name}.json").read_text())["turns"]
    assert found.token_ids.tolist() == [token for turn in turns for token in turn]
    wanted = np.load(golden / f"online_{name}.npz")
    assert np.abs(found.sub_logits - wanted["sub_logits"]).max() < 2e-4
    assert np.abs(found.logsumexp - wanted["logsumexp"]).max() < 5e-5
    assert (found.top5_ids == wanted["top5_ids"]).all()
    mel, encoded = np.load(golden / "mel.npz"), np.load(golden / "encoder_online.npz")
    for stem in files:
        heard = found.features[stem]
        assert np.abs(heard.mel - mel[f"{stem}_mel"]).max() < 3e-4
        assert np.abs(heard.ln_post - encoded[f"{stem}_ln_post"]).max() < 1e-4
        assert np.abs(heard.feat - encoded[f"{stem}_feat"]).max() < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("stem", FILES)
def test_the_release_played_live_is_matched_in_its_decisions(stem: str, kit: Bundle, compat: Path) -> None:
    frames = json.loads((compat / "golden" / "web_greedy.json").read_text())[stem]
    found = trace(kit, read_sounds([compat / "audio" / f"{stem}.wav"]), "stream")
    assert decisions(found.token_ids.tolist(), kit) == [frame["token"] for frame in frames]
    fed = np.load(compat / "golden" / "web_features.npz")[f"{stem}_feat"]
    first_reset = next(i for i, frame in enumerate(frames) if "reset" in frame) + 1  # theirs forgets, ours does not
    ours = found.features[stem].feat.reshape(fed.shape)
    assert np.abs(ours[:first_reset] - fed[:first_reset]).max() < 1e-4


@pytest.mark.slow
def test_a_session_says_what_the_trace_says(kit: Bundle, compat: Path) -> None:
    sound = read_audio(compat / "audio" / "bursts.wav")
    ids = trace(kit, {"bursts": sound}, "stream").token_ids.tolist()
    session = Session(kit)
    events = [*session.feed(np.pad(sound, (0, -len(sound) % 6400 + 3 * 6400))), *session.end()]
    said = [(e.emotion, e.text) for e in events if isinstance(e, ReplyEnd)]
    assert said == [("urgent", "One bang! Are you OK? 你还好吗？"), ("sad", "Two more."), (None, "Hum.")]
    assert said == spoken(ids, kit)


def decisions(ids: list[int], bundle: Bundle) -> list[int]:
    """The control tokens of a trace, without what was said after them."""
    control, found, is_speaking = bundle.config.control, [], False
    for token in ids:
        if not is_speaking:
            found.append(token)
            is_speaking = token == control.response
        elif token == control.eos:
            is_speaking = False
    return found


def spoken(ids: list[int], bundle: Bundle) -> list[tuple[str | None, str]]:
    """Emotion and text of each reply in a trace."""
    control, replies, at = bundle.config.control, [], 0
    while control.response in ids[at:]:
        start = ids.index(control.response, at) + 1
        at = ids.index(control.eos, start)
        emotion = control.emotion_of(ids[start])
        replies.append((emotion, bundle.tokenizer.decode(ids[start + (emotion is not None) : at])))
    return replies


def test_a_trace_of_nothing_holds_no_steps(small_bundle: Bundle, tmp_path: Path) -> None:
    path = save_trace(trace(small_bundle, {}, "clip"), tmp_path / "empty")
    assert path.name == "empty.npz"
    assert len(np.load(path)["token_ids"]) == 0


def test_a_budget_cuts_a_file_short_and_changes_nothing_before(small_bundle: Bundle) -> None:
    sound = np.random.default_rng(1).normal(0, 0.1, 64_000).astype(np.float32)
    pending = len(small_bundle.grammar.prefix(None))
    long, short = (trace(small_bundle, {"noise": sound}, "clip", max_new_tokens=pending + n) for n in (9, 4))
    assert len(short.token_ids) == 4 and len(long.token_ids) == 9  # ten chunks, each with a step at least
    assert long.token_ids[:4].tolist() == short.token_ids.tolist()
    assert short.features["noise"].feat.shape == long.features["noise"].feat.shape, "all is heard, not all answered"


def test_ids_outside_the_vocabulary_and_equal_names_are_refused(small_bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="id 999999"):
        trace(small_bundle, {}, "clip", [999_999])
    with pytest.raises(InputError, match="two files are called a"):
        read_sounds([_silence(tmp_path / "x" / "a.wav"), _silence(tmp_path / "y" / "a.wav")])
    (tmp_path / "ids.json").write_text('{"sub_ids": "7"}')
    with pytest.raises(InputError, match="no list of ids"):
        read_logit_ids(tmp_path / "ids.json")


def _silence(path: Path) -> Path:
    import soundfile

    path.parent.mkdir()
    soundfile.write(path, np.zeros(1600, np.float32), 16_000)
    return path


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "golden"), [(torch.bfloat16, "bf16"), (torch.float16, "fp16")])
def test_half_precision_says_the_same(kind: torch.dtype, golden: str, release_kit: Path, compat: Path) -> None:
    half = load_model(release_kit, Placement(decoder=kind))
    ids = read_logit_ids(compat / "golden" / "ids.json")
    found = trace(half, read_sounds([compat / "audio" / f"{f}.wav" for f in FILES]), "clip", ids)
    turns = json.loads((compat / "golden" / f"online_session_{golden}.json").read_text())["turns"]
    assert found.token_ids.tolist() == [token for turn in turns for token in turn]
    if golden == "bf16":
        wanted = np.load(compat / "golden" / "online_session_bf16.npz")["sub_logits"]
        assert np.abs(found.sub_logits - wanted).max() < 0.15


@pytest.mark.slow
def test_positions_round_as_the_release_rounds_them_and_it_matters_from_2048_on(kit: Bundle, compat: Path) -> None:
    golden = compat / "golden"
    encoded, wanted = np.load(golden / "encoder_online.npz"), np.load(golden / "forced_silence_long.npz")
    heard = [encoded[f"{name}_feat"].reshape(-1, 10, 64) for name in FILES]
    chunks = np.concatenate([*heard, encoded["silence_feat"].reshape(-1, 10, 64)])
    logits = forced_silence(kit, chunks, len(wanted["chunk"]))[:, wanted["sub_ids"]]
    assert np.abs(logits - wanted["sub_logits_float16_positions"]).max() < 2e-4
    off = np.abs(logits - wanted["sub_logits_exact_positions"]).max(axis=1)
    assert off[:154].max() < 2e-4  # position 2046
    assert off[154:].max() > 1


def forced_silence(bundle: Bundle, chunks: np.ndarray, count: int) -> np.ndarray:
    """Logits [chunks, vocabulary] after each of `count` chunks, with <silent> after each whatever it wants."""
    network, control = bundle.network, bundle.config.control
    pending = bundle.grammar.prefix(None)
    cache = network.new_cache(46 + 13 * count)
    rows = []
    with torch.inference_mode():
        for i in range(count):
            ids = torch.tensor([[*pending, *bundle.grammar.chunk_block()]])
            embeds = network.embed(ids)
            embeds[0, -11:-1] = torch.from_numpy(chunks[i % len(chunks)])
            rows.append(network.logits(network(embeds, cache)[:, -1])[0].numpy())
            pending = [control.silent]
    return np.stack(rows)
