"""What a client may ask of the server at most; every bound with its default. Tests: tests/serve/test_limits.py.

docs/how-to/serve.md shows the same table; a test holds the two together.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from soundflow.errors import UsageError


@dataclass(frozen=True)
class ServeLimits:
    """The bounds of the server. All are positive; the defaults are chosen, each for the reason beside it."""

    sessions: int = 256  # open at once, over all keys
    sessions_per_key: int = 128  # or per address, where no key is asked for
    message_bytes: int = 1_048_576  # 1 MiB: 16 s of base64 pcm16 at 24 kHz
    messages_per_second: float = 200.0  # ten times what a microphone in blocks of 50 ms sends
    message_burst: int = 1000  # messages that may come at once
    ahead_seconds: float = 8.0  # of sound not yet decided; beyond it the server reads no further
    idle_seconds: float = 120.0  # without any message of the client
    session_seconds: float = 86_400.0  # a day
    send_seconds: float = 10.0  # one event may take to be taken by the client
    drain_seconds: float = 15.0  # for replies in progress once the server is told to stop
    resume_seconds: float = 30.0  # a session waits for a client whose socket dropped
    journal_characters: int = 131_072  # of events kept for such a client; about three minutes of decisions
    ping_seconds: float = 20.0  # between pings, and for an answer: a socket whose other end vanished lasts twice that
    items: int = 256  # of a conversation that can still be named by id; the oldest go

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if not value > 0:
                raise UsageError("serve.limits", f"{field.name} of {value}", "give a number above 0")
