"""Signed JSON over HTTP: against a published example, a real receiver, and answers that are none."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket

import pytest

from soundflow.errors import UsageError
from soundflow.serve.sinks.alert import read_alert
from soundflow.serve.sinks.sink import UndeliveredError
from soundflow.serve.sinks.webhook import Webhook, sign
from tests.serve.sinks.fakes import alert
from tests.serve.sinks.receiver import receiving

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_signature_is_that_of_the_published_example() -> None:
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    body = b'{"test": 2432232314}'
    assert sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body) == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_a_receiver_can_check_who_sent_it_and_when() -> None:
    with receiving() as receiver:
        Webhook(f"{receiver.url}/hook", "a secret of ours", now=lambda: 1_700_000_000.9).deliver(alert(3))
    (headers,), (body,) = receiver.headers, receiver.bodies
    assert read_alert(body.decode()) == alert(3) and receiver.paths == ["/hook"]
    assert headers["webhook-id"] == "id3" and headers["webhook-timestamp"] == "1700000000"
    signed = hmac.new(b"a secret of ours", b"id3.1700000000." + body, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(signed).decode()
    assert headers["content-type"] == "application/json"


def test_without_a_secret_nothing_is_signed() -> None:
    with receiving() as receiver:
        Webhook(receiver.url).deliver(alert())
    assert "webhook-signature" not in receiver.headers[0]


def test_a_user_in_the_address_becomes_a_header() -> None:
    with receiving() as receiver:
        Webhook(receiver.url.replace("//", "//me:p%40ss@")).deliver(alert())
    assert receiver.headers[0]["authorization"] == "Basic " + base64.b64encode(b"me:p@ss").decode()


@pytest.mark.parametrize(
    ("status", "is_refused"), [(400, True), (413, True), (422, True), (404, False), (429, False), (503, False)]
)
def test_an_answer_that_is_no_arrival(status: int, is_refused: bool) -> None:
    with receiving([status]) as receiver, pytest.raises(UndeliveredError, match=str(status)) as failure:
        Webhook(receiver.url).deliver(alert())
    assert failure.value.is_refused == is_refused


def test_an_alert_goes_nowhere_else() -> None:
    with receiving([307]) as receiver, pytest.raises(UndeliveredError, match="307"):
        Webhook(receiver.url).deliver(alert())
    assert receiver.paths == ["/"]


def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/a-secret-topic"
    with pytest.raises(UndeliveredError, match="cannot be reached") as failure:
        Webhook(address).deliver(alert())
    assert "a-secret-topic" not in str(failure.value)


def test_an_answer_that_is_no_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def post(url: str, body: bytes, headers: object) -> int:
            raise ConnectionResetError("gone")

        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(UndeliveredError, match="gone"):
            Webhook(url, post=post).deliver(alert())


@pytest.mark.parametrize(
    "url", ["", "ftp://host/x", "http://", "host/path", "http://h:0x/", "http://h/ä", "http://h/a b"]
)
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(UsageError, match="no address"):
        Webhook(url)


def test_a_secret_that_is_none() -> None:
    with pytest.raises(UsageError, match="base64"):
        Webhook("http://h/", "whsec_???")


def test_the_key_tells_addresses_apart_and_tells_nothing() -> None:
    one, other = Webhook("https://h/topic-a"), Webhook("https://h/topic-b")
    assert one.key != other.key and "topic" not in one.key
