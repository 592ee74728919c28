"""Who may come in, by example; each rule alone."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from soundflow.errors import InputError, OutsideError, UsageError
from soundflow.serve.admission import KEY_PROTOCOL, Policy, Visit, check_bind, read_keys

KEY = "a-key-of-some-length"
KEYED = Policy((hashlib.sha256(KEY.encode()).digest(),), ("https://friend.example",))
LIVE = "/v1/realtime"


def code(policy: Policy, **visit: object) -> str | None:
    denial = policy.judge(Visit(**{"path": LIVE, "host": "localhost:8000", **visit}))  # type: ignore[arg-type]
    return None if denial is None else denial.code


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "127.8.8.8:1", "[::1]:8000"])
def test_without_keys_this_machine_is_let_in(host: str) -> None:
    assert code(Policy(), host=host) is None


@pytest.mark.parametrize(
    "host", ["", "evil.example", "localhost.evil.example", "10.0.0.1:8000", "[::1", "127.0.0.1.evil.example"]
)
def test_without_keys_other_names_for_this_address_are_refused(host: str) -> None:
    assert code(Policy(), host=host) == "admission.host"


@pytest.mark.parametrize(
    "origin",
    [
        *("https://evil.example", "null", "http://localhost:9000", "http://localhost:8000.evil.example"),
        *("http://[x", "http://[::1", "http://localhost:8000]"),  # none at all
    ],
)
def test_pages_of_other_origins_are_refused_even_with_a_key(origin: str) -> None:
    assert code(Policy(), origin=origin) == "admission.origin"
    assert code(KEYED, origin=origin, authorization=f"Bearer {KEY}") == "admission.origin"


def test_the_own_page_and_named_origins_are_let_in() -> None:
    assert code(Policy(), origin="http://localhost:8000") is None
    assert code(KEYED, origin="https://friend.example", authorization=f"Bearer {KEY}") is None


@pytest.mark.parametrize("path", [LIVE, "/v1/models", "/metrics", "/page/../metrics", "/healthz/x"])
def test_a_key_is_asked_for_wherever_there_is_anything_of_a_client(path: str) -> None:
    assert code(KEYED, path=path) == "admission.key"
    assert code(KEYED, path=path, authorization="Bearer wrong") == "admission.key"
    assert code(KEYED, path=path, authorization=f"Bearer {KEY}") is None
    assert code(KEYED, path=path, protocols=("realtime", KEY_PROTOCOL + KEY)) is None


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/page/page.js", "/examples", "/examples/kitchen"])
def test_the_page_itself_needs_no_key(path: str) -> None:
    assert code(KEYED, path=path, host="anything.example") is None


def test_keys_are_read_one_a_line(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    path.write_text(f"# ours\n\n{KEY}\n", encoding="utf-8")
    assert read_keys(path) == KEYED.keys
    path.write_text("short\n", encoding="utf-8")
    with pytest.raises(InputError, match="5 characters"):
        read_keys(path)
    with pytest.raises(OutsideError):
        read_keys(tmp_path / "none")


def test_an_address_that_others_reach_needs_a_key() -> None:
    check_bind("127.0.0.1", ())
    check_bind("::1", ())
    check_bind("0.0.0.0", KEYED.keys)
    for host in ("0.0.0.0", "::", "192.168.1.5", "example.org"):
        with pytest.raises(UsageError):
            check_bind(host, ())
