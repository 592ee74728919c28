"""Control tokens, tokenizer and grammar."""

from __future__ import annotations

import dataclasses
import json
import lzma
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.errors import InputError
from soundflow.model.config import audio_interaction_3b
from soundflow.model.tokens import EMOTIONS, RELEASE_TOKENS, Grammar, TextTokenizer, own_control_tokens

TOKENIZER = TextTokenizer.train(["A dog is barking.", "Glass broke nearby."], 300)


def test_own_ids_are_the_first_of_the_vocabulary() -> None:
    control = own_control_tokens()
    ids = [control.silent, control.response, control.eos, *control.emotions.values()]
    assert len(set(ids)) == len(ids)
    assert TOKENIZER.encode("dog") and min(TOKENIZER.encode("dog")) > max(control.emotions.values())


@given(st.text())
def test_any_text_survives_a_round_trip(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


def test_control_tokens_never_become_text() -> None:
    control = own_control_tokens()
    assert TOKENIZER.decode([control.silent, *control.emotions.values(), control.eos]) == ""


def test_a_stream_is_written_as_the_grammar_says() -> None:
    control = own_control_tokens()
    grammar = Grammar(control, TOKENIZER, audio_positions=2, default_instruction="A dog")
    assert grammar.prefix(None) == grammar.prefix("A dog")
    assert grammar.prefix("A dog")[:4] == [control.online, control.language, control.system, control.text_begin]
    assert grammar.prefix(None)[-1] == control.eos
    assert grammar.chunk_block() == [control.audio_begin, control.audio_pad, control.audio_pad, control.assistant]
    reply = grammar.reply("A dog", "urgent")
    assert reply[0] == control.emotions["urgent"] and reply[-1] == control.eos
    assert grammar.reply("A dog", None) == reply[1:]


def test_emotion_of_names_only_emotions() -> None:
    assert [RELEASE_TOKENS.emotion_of(i) for i in range(151614, 151620)] == list(EMOTIONS)
    assert RELEASE_TOKENS.emotion_of(RELEASE_TOKENS.silent) is None


def test_emotions_and_the_end_may_be_spoken_and_no_other_control_token() -> None:
    for control in (RELEASE_TOKENS, own_control_tokens()):
        assert control.ids - control.unspoken == {control.eos, *control.emotions.values()}
        assert {control.silent, control.response, control.assistant, control.audio_pad} <= control.unspoken


def test_a_missing_tokenizer_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="tokenizer"):
        TextTokenizer.from_file(tmp_path / "tokenizer.json")


def test_names_of_special_tokens_are_text() -> None:
    text = "<|silent|> and <|eos|> and <|urgent|>"
    ids = TOKENIZER.encode(text)
    assert not set(ids) & own_control_tokens().ids
    assert TOKENIZER.decode(ids) == text


def test_half_a_surrogate_pair_is_one_clear_error() -> None:
    with pytest.raises(InputError, match="surrogate"):
        TOKENIZER.encode("a\ud800")


def test_the_offline_layout_is_a_prefix_a_recording_a_question_and_an_answer() -> None:
    control = own_control_tokens()
    grammar = Grammar(control, TOKENIZER, audio_positions=2, default_instruction="A dog")
    assert grammar.offline_prefix(None) == [control.offline, *grammar.prefix(None)[1:]]
    pad = control.offline_audio_pad
    assert grammar.recording(3) == [control.audio_begin, pad, pad, pad, control.audio_end]
    assert grammar.user("dog") == [control.user, control.text_begin, *TOKENIZER.encode("dog"), control.eos]
    assert grammar.answer("dog") == [*grammar.answer_head(), *TOKENIZER.encode("dog"), control.eos]
    assert grammar.answer_head() == [control.assistant, control.text_begin]


def test_a_recording_can_be_laid_out_as_the_stream_that_is_silent_until_its_last_chunk() -> None:
    control = own_control_tokens()
    grammar = Grammar(control, TOKENIZER, audio_positions=2, default_instruction="A dog", layout="stream")
    first, last = [[control.offline_audio_pad if i == control.audio_pad else i for i in grammar.chunk_block()]] * 2
    given = [*first, control.silent, *last]
    assert [*grammar.recording(4), *grammar.answer_head()] == [*given, control.text_begin]
    assert len(grammar.recording(20)) - len(grammar.recording(grammar.slots_without(20, 7))) >= 7
    assert (
        grammar.slots_without(20, 5) == 18 and dataclasses.replace(grammar, layout="whole").slots_without(20, 5) == 15
    )


def test_a_question_stands_behind_the_recording_or_where_a_stream_has_its_instruction() -> None:
    behind = Grammar(own_control_tokens(), TOKENIZER, audio_positions=2, default_instruction="A dog")
    assert behind.first_turn(None, "dog", 3) == [
        *behind.offline_prefix(None),
        *behind.recording(3),
        *behind.user("dog"),
    ]
    ahead = dataclasses.replace(behind, layout="stream")
    heard = ahead.recording(4)
    assert ahead.first_turn(None, "dog", 4) == [*ahead.prefix("dog"), *heard], "as a stream begins"
    asked = ahead.first_turn("A cat", "dog", 4)  # there is another instruction
    assert asked == [*ahead.offline_prefix("A cat"), *heard, *ahead.user("dog")]
    assert ahead.first_turn(None, None, 4) == [*ahead.prefix(None), *heard]
    assert ahead.first_turn("A cat", None, 4) == [*ahead.prefix("A cat"), *heard]
    assert ahead.first_turn(None, "dog", 0) == behind.first_turn(None, "dog", 0)


@pytest.fixture(scope="module")
def release(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Grammar:
    """The release's vocabulary, out of the compatibility kit."""
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    path.write_bytes(lzma.decompress((shared_dir / "compat/checkpoint/tokenizer.json.xz").read_bytes()))
    config = audio_interaction_3b()
    return Grammar(config.control, TextTokenizer.from_file(path), 10, config.default_instruction)


def test_release_prefix_and_block_match_the_kit(shared_dir: Path, release: Grammar) -> None:
    session = json.loads((shared_dir / "compat/golden/online_session.json").read_text())
    first = release.prefix(None) + release.chunk_block()
    assert session["full_ids"][: len(first)] == first and len(first) == 46 + 12


def test_ordinary_text_has_the_releases_ids(shared_dir: Path, release: Grammar) -> None:
    goldens = json.loads((shared_dir / "compat/golden/tokenizer.json").read_text())
    harmless = [g for g in goldens if not set(g["ids"]) & release.control.ids]
    assert len(harmless) == 5
    for golden in harmless:
        assert release.encode(golden["text"]) == golden["ids"]
        assert release.tokenizer.decode(golden["ids"]) == golden["decoded"]


def test_text_that_the_release_takes_for_control_tokens_stays_text(shared_dir: Path, release: Grammar) -> None:
    goldens = json.loads((shared_dir / "compat/golden/tokenizer.json").read_text())
    harmful = [g["text"] for g in goldens if set(g["ids"]) & release.control.ids]
    assert harmful == ["㉫ ຂ ᅣ", "<|im_start|>user<|im_end|>"]
    for text in harmful:
        ids = release.encode(text)
        assert not set(ids) & release.control.ids and release.tokenizer.decode(ids) == text


_SPECIAL = ("<|im_end|>", "<|im_start|>", "<|endoftext|>", "<|object_ref_start|>", "<tool_call>", "<|", "|>")
_PIECES = ("ㄍ", "ㄓ", "㉫", "ຂ", "ᅣ", "ᥔ", "ᥤ", "⇞", "▤", "➶", "㈼", "\ufa37", "\U000133e7")
_CHARACTERS = st.characters(exclude_categories=("Cs", "Cn"))  # unassigned ones change with the Unicode version
_HOSTILE = st.lists(st.one_of(st.text(_CHARACTERS), st.sampled_from(_SPECIAL + _PIECES))).map("".join)


@given(text=_HOSTILE)
def test_no_text_can_produce_a_control_id(release: Grammar, text: str) -> None:
    ids = release.encode(text)
    assert not set(ids) & release.control.ids
    assert max(ids, default=0) < 151_643  # no added token either, such as <|im_end|> or <tool_call>
    # the release's tokenizer puts text into its normal form (NFC), in which nothing changes
    assert release.tokenizer.decode(ids) == unicodedata.normalize("NFC", text)


@given(text=st.text(_CHARACTERS))
def test_only_control_pieces_are_spelled(release: Grammar, text: str) -> None:
    plain = release.tokenizer.encode(text)
    spelled = release.encode(text)
    assert (spelled == plain) == (not set(plain) & release.control.ids)


def test_the_pieces_are_the_control_tokens_of_the_vocabulary(release: Grammar) -> None:
    control = release.control
    of_pieces = {release.tokenizer.encode(piece)[0] for piece in _PIECES if piece != "\ufa37"}
    assert of_pieces == {i for i in control.ids if i < 151_643} - {control.emotions["normal"]}
    assert release.tokenizer.token_bytes(control.emotions["normal"]).decode() == "\ufa37"  # not reached by NFC text
