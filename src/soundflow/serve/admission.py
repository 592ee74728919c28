"""Who may come in: host name, origin and key, judged before a request is answered or a socket accepted.

Knows requests as plain values and nothing of the model. Tests: tests/serve/test_admission.py.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from soundflow.errors import InputError, OutsideError, UsageError

# A browser cannot set headers on a socket: OpenAI's clients put the key into this subprotocol.
KEY_PROTOCOL = "openai-insecure-api-key."
PROTOCOL = "realtime"
_OPEN_PATHS = re.compile(r"/|/healthz|/readyz|/page/[\w.-]+|/examples(/[\w-]+)?")  # nothing of any client's
_LOOPBACK_NAMES = ("localhost", "localhost.localdomain")
_SHORTEST_KEY = 16  # characters; chosen
_MOST_KEYS = 10_000  # chosen


@dataclass(frozen=True)
class Visit:
    """What is judged of a request: path and headers; missing headers are empty."""

    path: str
    host: str = ""
    origin: str = ""
    authorization: str = ""
    protocols: tuple[str, ...] = ()
    address: str = ""


@dataclass(frozen=True)
class Denial:
    """Why somebody stays outside: an HTTP status, a stable code and one sentence."""

    status: int
    code: str
    message: str


@dataclass(frozen=True)
class Policy:
    """Who may come in. `keys` are SHA-256 digests; without any, only loopback host names are answered."""

    keys: tuple[bytes, ...] = ()
    origins: tuple[str, ...] = ()

    def judge(self, visit: Visit) -> Denial | None:
        """None when the visitor may come in."""
        if not self.keys and not _is_loopback_name(_host_name(visit.host)):
            # else a page of elsewhere could give its own name this address and read everything
            return Denial(403, "admission.host", "this server answers to localhost only")
        if visit.origin and not self._is_own(visit.origin, visit.host):
            return Denial(403, "admission.origin", "pages of this origin may not talk to this server")
        if self.keys and not _OPEN_PATHS.fullmatch(visit.path) and self.holder(visit) is None:
            return Denial(401, "admission.key", "a valid API key is needed: Authorization: Bearer KEY")
        return None

    def holder(self, visit: Visit) -> str | None:
        """Whose visit it is: a short digest of the key, or without keys the address; None for a wrong key."""
        if not self.keys:
            return visit.address
        digest = hashlib.sha256(_key_of(visit).encode()).digest()
        # every key is compared, so that the time taken tells nothing
        found = [hmac.compare_digest(digest, key) for key in self.keys]
        return digest.hex()[:12] if any(found) else None

    def _is_own(self, origin: str, host: str) -> bool:
        return origin in self.origins or _place(origin) == host.lower() != ""


def read_keys(path: Path) -> tuple[bytes, ...]:
    """The digests of a file's keys, one a line; empty lines and lines with `#` are left out.

    Raises:
        OutsideError: the file cannot be read (`serve.keys_unreadable`).
        InputError: no key, a short one, or too many (`serve.keys`).
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as e:
        raise OutsideError("serve.keys_unreadable", f"cannot read the keys in {path}", "give a text file") from e
    keys = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if not keys or len(keys) > _MOST_KEYS:
        raise InputError("serve.keys", f"{len(keys)} keys in {path}", f"write 1 to {_MOST_KEYS}, one a line")
    for number, key in enumerate(keys, 1):
        if len(key) < _SHORTEST_KEY:
            found = f"key {number} in {path} has {len(key)} characters"
            raise InputError("serve.keys", found, f"use at least {_SHORTEST_KEY}: openssl rand -hex 24")
    return tuple(hashlib.sha256(key.encode()).digest() for key in keys)


def check_bind(host: str, keys: Iterable[bytes]) -> None:
    """Refuse to be reachable from elsewhere without a key.

    Raises:
        UsageError: `host` is not loopback and there is no key (`serve.bind`).
    """
    if not any(True for _ in keys) and not _is_loopback_name(host):
        hint = "add --keys FILE with one key a line, or leave --host at 127.0.0.1"
        raise UsageError("serve.bind", f"{host} can be reached from other machines, and no key is asked for", hint)


def _key_of(visit: Visit) -> str:
    scheme, _, key = visit.authorization.partition(" ")
    if scheme.lower() == "bearer" and key:
        return key.strip()
    return next((p.removeprefix(KEY_PROTOCOL) for p in visit.protocols if p.startswith(KEY_PROTOCOL)), "")


def _place(origin: str) -> str:
    """Host and port of an origin, in lower case; empty where it is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_loopback_name(name: str) -> bool:
    if name in _LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
