"""Against a real broker, mosquitto, started here; and what Home Assistant is told."""

from __future__ import annotations

import json
import queue
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")

import paho.mqtt.client as paho

from soundflow.errors import UsageError
from soundflow.serve.sinks.mqtt import Broker, Mqtt, discovery, payload_of, read_broker
from soundflow.serve.sinks.sink import UndeliveredError
from tests.serve.sinks.fakes import alert

PATIENCE = 20.0  # seconds after which a test is broken, never waited for otherwise
MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def broker(port: int, folder: Path, *lines: str) -> Iterator[None]:
    """A broker on this port while the block lasts."""
    if MOSQUITTO is None:
        pytest.skip("no mosquitto on this machine: apt install mosquitto")
    settings = folder / "mosquitto.conf"
    settings.write_text("\n".join([f"listener {port} 127.0.0.1", "persistence false", *lines]) + "\n")
    with subprocess.Popen([MOSQUITTO, "-c", str(settings), "-v"], stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        lines_said = running.stderr
        try:
            if not any("running" in line for line in lines_said):
                pytest.fail("the broker did not start")
            # read on: a full pipe would stop the broker
            threading.Thread(target=lines_said.read, daemon=True).start()
            yield
        finally:
            running.terminate()


class Home:
    """A subscriber to everything, as Home Assistant is one."""

    def __init__(self, port: int) -> None:
        self.messages: queue.Queue[tuple[str, str, bool]] = queue.Queue()
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="home")
        self.client.on_message = lambda client, data, m: self.messages.put((m.topic, m.payload.decode(), m.retain))
        is_subscribed: queue.Queue[bool] = queue.Queue()
        self.client.on_subscribe = lambda *_: is_subscribed.put(True)
        self.client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        is_subscribed.get(timeout=PATIENCE)

    def next(self, topic: str) -> tuple[str, bool]:
        """The next message under a topic, and whether it was retained."""
        while True:
            found, text, is_retained = self.messages.get(timeout=PATIENCE)
            if found == topic:
                return text, is_retained

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def url(port: int, user: str = "") -> str:
    return f"mqtt://{user}127.0.0.1:{port}/soundflow/nursery"


def test_an_alert_arrives_with_its_receipt_and_the_home_is_told_who_we_are(port: int, tmp_path: Path) -> None:
    with broker(port, tmp_path, "allow_anonymous true"):
        home = Home(port)
        sink = Mqtt(read_broker(url(port)))
        sink.deliver(alert(2))
        config = json.loads(home.next("homeassistant/event/soundflow_nursery/alert/config")[0])
        assert config["event_types"] == ["urgent", "alert"] and config["state_topic"] == "soundflow/nursery/alert"
        assert home.next("soundflow/nursery/status")[0] == "online"
        text, is_retained = home.next("soundflow/nursery/alert")
        assert json.loads(text) == {"event_type": "urgent", **alert(2).to_dict()} and not is_retained
        sink.close()
        assert home.next("soundflow/nursery/status")[0] == "offline"
        home.close()
        late = Home(port)
        assert late.next("homeassistant/sensor/soundflow_nursery/last/config")[1], "told to a home that comes later"
        late.close()


def test_a_broker_that_is_not_there_is_undelivered_and_one_that_comes_is_found(port: int, tmp_path: Path) -> None:
    sink = Mqtt(read_broker(url(port)), timeout_seconds=0.2)
    with pytest.raises(UndeliveredError, match="no connection"):
        sink.deliver(alert(0))
    with broker(port, tmp_path, "allow_anonymous true"):
        patient = Mqtt(read_broker(url(port)), timeout_seconds=PATIENCE)
        patient.deliver(alert(0))
        patient.close()
    sink.close()


def test_a_wrong_password_is_named(port: int, tmp_path: Path) -> None:
    with broker(port, tmp_path, "allow_anonymous false"):
        sink = Mqtt(read_broker(url(port, "me:wrong@")), timeout_seconds=0.2)
        while sink._why_not == "no answer":
            with pytest.raises(UndeliveredError, match="no connection"):
                sink.deliver(alert())
        with pytest.raises(UndeliveredError, match=r"[Nn]ot authorized"):
            sink.deliver(alert())
        sink.close()


def test_two_programs_with_one_topic_are_two_clients() -> None:
    """A broker throws out the elder of two clients with one id; on the wire, so that it needs no broker."""
    names = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(PATIENCE)
        for _ in range(2):
            sink = Mqtt(read_broker(url(listening.getsockname()[1])))
            with listening.accept()[0] as connection:
                connection.settimeout(PATIENCE)
                names += re.findall(rb"soundflow-soundflow_nursery[\w-]*", connection.recv(4096))
            sink.close()
    assert len(names) == 2 and names[0] != names[1]


def test_where_a_broker_is() -> None:
    assert read_broker("mqtt://host", machine="pi") == Broker("host", 1883, False, None, None, "soundflow/pi")
    found = read_broker("mqtts://me:p%40ss@host:99/baby%20room/")
    assert found == Broker("host", 99, True, "me", "p@ss", "baby room") and found.name == "baby_room"
    assert read_broker("mqtt://me@host/x", password="from outside").password == "from outside"


@pytest.mark.parametrize(
    "text", ["", "http://host", "mqtt://", "mqtt://host:x", "mqtt://host/a/#", "mqtt://h/" + "x" * 300]
)
def test_an_address_that_is_none(text: str) -> None:
    with pytest.raises(UsageError, match="no broker"):
        read_broker(text)


def test_every_config_has_what_home_assistant_asks_for() -> None:
    for topic, config in discovery(read_broker("mqtt://h/a/b")).items():
        assert topic.startswith("homeassistant/") and topic.endswith("/config")
        assert config["unique_id"].startswith("a_b_") and config["device"]["identifiers"] == ["a_b"]
        assert config["availability_topic"] == "a/b/status"
    assert json.loads(payload_of(alert(0, "A bell.", "normal")))["event_type"] == "alert"
