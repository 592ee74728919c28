"""Alerts to an MQTT broker, where Home Assistant finds them by itself. Needs `paho-mqtt` of the extra `[serve]`.

Topics, below `homeassistant/` and a base of the user's:

    homeassistant/event/NAME/alert/config    what Home Assistant is told, retained
    homeassistant/sensor/NAME/last/config    the same for the text of the last alert
    BASE/status                              `online`, or `offline` when this program is gone; retained
    BASE/alert                               each alert as JSON, with `event_type`: `urgent` or `alert`; not retained

Source: home-assistant.io, "MQTT", "MQTT Event", "MQTT Sensor". Tests: tests/serve/sinks/test_mqtt.py.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import socket
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as paho

from soundflow.errors import UsageError
from soundflow.serve.sinks.alert import Alert
from soundflow.serve.sinks.sink import UndeliveredError

PASSWORD_VARIABLE = "SOUNDFLOW_MQTT_PASSWORD"  # where the command line takes a password from that the URL does not hold
TIMEOUT_SECONDS = 10.0  # for a connection, and for the broker's word that it has an alert; chosen
_KEEP_ALIVE_SECONDS = 30  # a broker notices a dead program after one and a half of these; chosen
_RECONNECT_SECONDS = (1, 60)  # between attempts to connect, doubled each time; chosen
_MOST_STATE = 255  # characters of a sensor's state in Home Assistant
_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True)
class Broker:
    """Where the broker is, who we are to it, and the topic our own begin with."""

    host: str
    port: int
    is_encrypted: bool
    user: str | None
    password: str | None
    base: str

    @property
    def name(self) -> str:
        """What Home Assistant knows us by: the base in letters, digits and `_`."""
        return re.sub(r"\W+", "_", self.base, flags=re.ASCII).strip("_") or "soundflow"


def read_broker(url: str, password: str = "", machine: str | None = None) -> Broker:
    """`mqtt://[USER[:PASSWORD]@]HOST[:PORT][/BASE]`, or `mqtts://`; BASE is `soundflow/` and this machine's name.

    Raises:
        UsageError: no such address (`alerts.mqtt_url`).
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError) as e:
        raise UsageError("alerts.mqtt_url", f"no broker: {url[:60]!r}", "write mqtt://HOST:1883/TOPIC") from e
    base = unquote(parts.path).strip("/") or f"soundflow/{machine or socket.gethostname()}"
    if not host or re.search(r"[+#?\0]", base + url) or len(base.encode()) > 200:
        raise UsageError("alerts.mqtt_url", f"no broker or topic: {url[:60]!r}", "write mqtt://HOST:1883/TOPIC")
    user = unquote(parts.username) if parts.username else None
    secret = unquote(parts.password) if parts.password else password or None
    return Broker(host, port, parts.scheme == "mqtts", user, secret, base)


class Mqtt:
    """Holds a connection, which comes back by itself, and publishes each alert with the broker's receipt (QoS 1)."""

    kind = "mqtt"

    def __init__(self, broker: Broker, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        place = f"{broker.host}:{broker.port}/{broker.base}"
        self.key = f"mqtt:{hashlib.sha256(place.encode()).hexdigest()[:16]}"
        self._broker = broker
        self._place = f"{broker.host}:{broker.port}"
        self._timeout = timeout_seconds
        self._is_connected = threading.Event()
        self._why_not = "no answer"
        self._client = self._connecting()

    def deliver(self, alert: Alert) -> None:
        """Publish it and wait until the broker has it.

        Raises:
            UndeliveredError: no connection, or no receipt in time. It may have arrived then.
        """
        if not self._is_connected.wait(self._timeout):
            raise UndeliveredError(self.kind, f"no connection to the broker at {self._place}: {self._why_not}")
        try:
            sent = self._client.publish(f"{self._broker.base}/alert", payload_of(alert), qos=1)
            sent.wait_for_publish(self._timeout)
            is_there = sent.is_published()
        except (RuntimeError, ValueError) as e:
            raise UndeliveredError(self.kind, f"the broker at {self._place} was not told: {e}") from e
        if not is_there:
            raise UndeliveredError(self.kind, f"the broker at {self._place} gave no receipt in {self._timeout:g} s")

    def close(self) -> None:
        """Say that we go, and go."""
        if self._is_connected.is_set():
            self._client.publish(f"{self._broker.base}/status", "offline", qos=1, retain=True).wait_for_publish(1.0)
        self._client.disconnect()
        self._client.loop_stop()

    def _connecting(self) -> paho.Client:
        # by chance, not by topic: a broker throws a client out when another comes with its id
        client_id = f"soundflow-{self._broker.name}-{secrets.token_hex(4)}"
        client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=client_id)
        if self._broker.user is not None:
            client.username_pw_set(self._broker.user, self._broker.password)
        if self._broker.is_encrypted:
            client.tls_set()
        client.will_set(f"{self._broker.base}/status", "offline", qos=1, retain=True)
        client.reconnect_delay_set(*_RECONNECT_SECONDS)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.connect_async(self._broker.host, self._broker.port, keepalive=_KEEP_ALIVE_SECONDS)
        client.loop_start()
        return client

    def _on_connect(self, client: Any, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self._why_not = str(reason)
            return
        for topic, message in discovery(self._broker).items():
            client.publish(topic, json.dumps(message), qos=1, retain=True)
        client.publish(f"{self._broker.base}/status", "online", qos=1, retain=True)
        self._is_connected.set()

    def _on_disconnect(self, client: Any, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        if self._is_connected.is_set():  # else we know better why not
            self._why_not = str(reason)
        self._is_connected.clear()


def payload_of(alert: Alert) -> str:
    """An alert as Home Assistant's event entity reads it."""
    return json.dumps({"event_type": "urgent" if alert.is_urgent else "alert"} | alert.to_dict(), ensure_ascii=False)


def discovery(broker: Broker) -> dict[str, dict[str, Any]]:
    """What Home Assistant is told, by topic: an event for automations, and a sensor to look at."""
    shared = {
        "state_topic": f"{broker.base}/alert",
        "availability_topic": f"{broker.base}/status",
        "device": {"identifiers": [broker.name], "name": broker.base, "manufacturer": "soundflow"},
        "origin": {"name": "soundflow"},
        "qos": 1,
    }
    event = {"name": "Alert", "unique_id": f"{broker.name}_alert", "event_types": ["urgent", "alert"]}
    last = {
        "name": "Last alert",
        "unique_id": f"{broker.name}_last",
        "value_template": "{{ value_json.text[:%d] }}" % _MOST_STATE,  # noqa: UP031 - braces are the template's
        "json_attributes_topic": f"{broker.base}/alert",
    }
    return {
        f"homeassistant/event/{broker.name}/alert/config": shared | event,
        f"homeassistant/sensor/{broker.name}/last/config": shared | last,
    }
