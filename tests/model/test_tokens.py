"""Control tokens, tokenizer and grammar."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.errors import InputError
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


def test_a_missing_tokenizer_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="tokenizer"):
        TextTokenizer.from_file(tmp_path / "tokenizer.json")


def test_release_prefix_and_block_match_the_kit(shared_dir: Path, tmp_path: Path) -> None:
    import lzma

    packed = (shared_dir / "compat/checkpoint/tokenizer.json.xz").read_bytes()
    (tmp_path / "tokenizer.json").write_bytes(lzma.decompress(packed))
    from soundflow.model.config import audio_interaction_3b

    config = audio_interaction_3b()
    grammar = Grammar(
        config.control, TextTokenizer.from_file(tmp_path / "tokenizer.json"), 10, config.default_instruction
    )
    session = json.loads((shared_dir / "compat/golden/online_session.json").read_text())
    first = grammar.prefix(None) + grammar.chunk_block()
    assert session["full_ids"][: len(first)] == first and len(first) == 46 + 12
