"""Replies: whole characters, emotion tags, and ends."""

from __future__ import annotations

import dataclasses
import lzma
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.model.tokens import RELEASE_TOKENS, Grammar, TextTokenizer, own_control_tokens
from soundflow.stream.reply import ReplyText, ends_in_repetition
from soundflow.testing.model import byte_tokenizer

CONTROL = own_control_tokens()


@pytest.fixture(scope="module")
def tokenizer() -> TextTokenizer:
    return byte_tokenizer()


def test_an_emotion_is_never_text(tokenizer: TextTokenizer) -> None:
    reply = ReplyText(tokenizer, CONTROL, 64)
    assert reply.add(CONTROL.emotions["urgent"]) == ""
    assert (reply.emotion, reply.tokens, reply.reason) == ("urgent", 0, None)
    assert reply.add(tokenizer.encode("S")[0]) == "S"
    assert reply.add(CONTROL.emotions["sad"]) == ""
    assert reply.emotion == "urgent"


@given(st.text(max_size=20).filter(lambda s: s == s.strip()))
def test_deltas_are_whole_characters_and_add_up(text: str) -> None:
    tokenizer = byte_tokenizer()
    reply = ReplyText(tokenizer, CONTROL, 1000)
    deltas = []
    for token in tokenizer.encode(text):
        deltas.append(reply.add(token))
        if reply.reason is not None:
            break
    assert text.startswith("".join(deltas))
    assert "\ufffd" not in "".join(deltas) or "\ufffd" in text
    assert reply.text == "".join(deltas)
    if reply.reason is None:
        assert reply.text == text


def test_a_character_cut_by_the_end_is_left_out(tokenizer: TextTokenizer) -> None:
    reply = ReplyText(tokenizer, CONTROL, 64)
    for token in [*tokenizer.encode("a😀")[:-1], CONTROL.eos]:
        reply.add(token)
    assert (reply.text, reply.reason) == ("a", "eos")


def test_leading_blanks_are_dropped(tokenizer: TextTokenizer) -> None:
    reply = ReplyText(tokenizer, CONTROL, 64)
    assert [reply.add(t) for t in tokenizer.encode("  a b")] == ["", "", "a", " ", "b"]


def test_a_reply_of_just_the_limit_may_end_by_itself(tokenizer: TextTokenizer) -> None:
    words = tokenizer.encode("abcd")
    exact, longer = ReplyText(tokenizer, CONTROL, 4), ReplyText(tokenizer, CONTROL, 4)
    for token in [*words, CONTROL.eos]:
        exact.add(token)
    for token in [*words, words[0]]:
        longer.add(token)
    assert (exact.reason, exact.text) == ("eos", "abcd")
    assert (longer.reason, longer.text, longer.tokens) == ("length", "abcd", 4)


@pytest.mark.parametrize(
    ("tokens", "repeats"),
    [
        ([7] * 6, True),
        ([7] * 5, False),
        ([1, 2] * 3, True),
        ([1, 2, 3] * 2, False),
        ([9, 1, 2, 3, 1, 2, 3, 1, 2, 3], True),
        (list(range(10)) * 3, True),
        (list(range(11)) * 3, False),
        ([1, 2, 3, 4, 5], False),
        ([], False),
    ],
)
def test_repetition(tokens: list[int], repeats: bool) -> None:
    assert ends_in_repetition(tokens) is repeats


def test_a_stuck_reply_ends(tokenizer: TextTokenizer) -> None:
    reply = ReplyText(tokenizer, CONTROL, 64)
    for token in tokenizer.encode("beep") * 20:
        reply.add(token)
        if reply.reason:
            break
    assert (reply.reason, reply.text) == ("repetition", "beepbeepbeep")


@pytest.fixture(scope="module")
def release(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Grammar:
    """The release's vocabulary, out of the compatibility kit."""
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    path.write_bytes(lzma.decompress((shared_dir / "compat/checkpoint/tokenizer.json.xz").read_bytes()))
    return Grammar(RELEASE_TOKENS, TextTokenizer.from_file(path), 10, "Listen.")


def test_an_emoji_split_over_tokens_comes_out_whole(release: Grammar) -> None:
    ids = release.encode("naïve 🎵🦜 你还好吗？")
    reply = ReplyText(release.tokenizer, RELEASE_TOKENS, 64)
    deltas = [reply.add(token) for token in ids]
    assert len(ids) > 9 and "" in deltas  # some tokens complete no character
    assert "".join(deltas) == "naïve 🎵🦜 你还好吗？"
    assert not any("\ufffd" in delta for delta in deltas)


@given(text=st.text(st.characters(exclude_categories=("Cs", "Cn")), max_size=20))
def test_deltas_of_the_releases_tokens_are_whole_characters(release: Grammar, text: str) -> None:
    ids = release.encode(text)
    whole = release.tokenizer.decode(ids)
    reply = ReplyText(release.tokenizer, RELEASE_TOKENS, 1000)
    for delta in map(reply.add, ids):
        if reply.reason is not None:
            return  # a text that repeats itself is ended
        assert "\ufffd" not in delta or "\ufffd" in text
    assert reply.text == whole.lstrip()


@pytest.mark.parametrize("token", sorted(RELEASE_TOKENS.ids - {RELEASE_TOKENS.eos}))
def test_a_control_token_is_never_text(release: Grammar, token: int) -> None:
    reply = ReplyText(release.tokenizer, RELEASE_TOKENS, 64)
    for i in [*release.encode("One"), token, *release.encode(" bang"), token, RELEASE_TOKENS.eos]:
        reply.add(i)
    assert (reply.text, reply.emotion, reply.reason) == ("One bang", None, "eos")


def test_the_releases_emotion_is_a_field_and_its_piece_is_not_shown(release: Grammar) -> None:
    reply = ReplyText(release.tokenizer, RELEASE_TOKENS, 64)
    for token in [RELEASE_TOKENS.emotions["happy"], *release.encode("Hi."), RELEASE_TOKENS.eos]:
        reply.add(token)
    assert (reply.text, reply.emotion) == ("Hi.", "happy")
    assert release.tokenizer.token_bytes(RELEASE_TOKENS.emotions["happy"]).decode() == "⇞"


def test_every_id_of_a_vocabulary_counts_as_control() -> None:
    for tokens in (RELEASE_TOKENS, own_control_tokens()):
        named = {v for f in dataclasses.fields(tokens) if isinstance(v := getattr(tokens, f.name), int)}
        assert tokens.ids == named | set(tokens.emotions.values())
