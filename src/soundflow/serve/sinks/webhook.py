"""Alerts as signed JSON to an HTTP address.

Signed as Standard Webhooks 1.0.0 has it, for which receivers find libraries: `webhook-id`, `webhook-timestamp` and
`webhook-signature` over `id.timestamp.body`. Tests: tests/serve/sinks/test_webhook.py.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException, HTTPMessage
from typing import IO
from urllib.parse import unquote, urlsplit, urlunsplit

from soundflow.errors import UsageError
from soundflow.serve.sinks.alert import Alert
from soundflow.serve.sinks.sink import UndeliveredError

SECRET_VARIABLE = "SOUNDFLOW_WEBHOOK_SECRET"  # where the command line takes the secret from
TIMEOUT_SECONDS = 10.0  # of one attempt; chosen
_SECRET_PREFIX = "whsec_"  # what follows is base64
_MOST_ANSWER = 65_536  # bytes of an answer that are read; nothing is done with them; chosen
_TRY_AGAIN = (401, 403, 404, 407, 408, 409, 425, 429)  # says nothing of the alert: wrong key or address, or too much

Post = Callable[[str, bytes, Mapping[str, str]], int]  # url, body, headers → the answer's status


class Webhook:
    """Posts each alert.

    Args:
        url: `http` or `https`; `user:password@` becomes Basic authorization.
        secret: signs each alert; `whsec_` and base64, or any text; empty leaves it unsigned.
        post: how bytes are exchanged; None opens a connection.
        now: seconds since 1970, of the signature's time.

    Raises:
        UsageError: no such address (`alerts.webhook_url`) or no such secret (`alerts.webhook_secret`).
    """

    kind = "webhook"

    def __init__(
        self, url: str, secret: str = "", post: Post | None = None, now: Callable[[], float] = time.time
    ) -> None:
        self.key = f"webhook:{hashlib.sha256(url.encode()).hexdigest()[:16]}"
        self._url, self._authorization = _address(url)
        self._place = urlsplit(self._url).netloc  # what errors show: a path may be a secret
        self._secret = _secret_bytes(secret)
        self._post = post or _post
        self._now = now

    def deliver(self, alert: Alert) -> None:
        """Post it; any answer of 200 to 299 is an arrival. Redirections are not followed.

        Raises:
            UndeliveredError: no connection, or another answer.
        """
        body = alert.to_json().encode()
        headers = {"content-type": "application/json", "user-agent": "soundflow"} | self._authorization
        status = self._sent(body, headers | self._signature(alert.id, body))
        if not 200 <= status < 300:
            is_refused = 400 <= status < 500 and status not in _TRY_AGAIN
            raise UndeliveredError(self.kind, f"{self._place} answered {status}", is_refused=is_refused)

    def close(self) -> None:
        """Nothing is held."""

    def _sent(self, body: bytes, headers: Mapping[str, str]) -> int:
        try:
            return self._post(self._url, body, headers)
        except (OSError, HTTPException, ValueError) as e:
            raise UndeliveredError(self.kind, f"{self._place} cannot be reached: {e}") from e

    def _signature(self, name: str, body: bytes) -> dict[str, str]:
        moment = str(int(self._now()))
        headers = {"webhook-id": name, "webhook-timestamp": moment}
        if self._secret:
            headers["webhook-signature"] = sign(self._secret, name, moment, body)
        return headers


def sign(secret: bytes, name: str, timestamp: str, body: bytes) -> str:
    """The signature header of a message.

    Source: Standard Webhooks 1.0.0, "Signature scheme".
    """
    digest = hmac.new(secret, b".".join((name.encode(), timestamp.encode(), body)), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _secret_bytes(secret: str) -> bytes:
    if not secret.startswith(_SECRET_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError) as e:
        found = f"what follows {_SECRET_PREFIX} in {SECRET_VARIABLE} is no base64"
        raise UsageError("alerts.webhook_secret", found, "take the secret from the receiver") from e


def _address(url: str) -> tuple[str, dict[str, str]]:
    """The address without its user, and the header that stands for the user."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            raise ValueError
        if not url.isascii() or any(character.isspace() for character in url):
            raise ValueError
    except ValueError as e:
        hint = "write https://HOST/PATH; other signs in it as %XX"
        raise UsageError("alerts.webhook_url", f"no address: {url[:60]!r}", hint) from e
    user, _, host = parts.netloc.rpartition("@")
    if not user:
        return url, {}
    basic = base64.b64encode(unquote(user).encode()).decode()
    return urlunsplit(parts._replace(netloc=host)), {"authorization": f"Basic {basic}"}


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    """An alert goes where the user said and nowhere else."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirection)


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")
    try:
        with _opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            answer.read(_MOST_ANSWER)
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
