"""A session apart from the socket it is talked to over, so that it outlives one that drops.

Tests: tests/serve/test_register.py.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable

from soundflow.serve.conversation import Conversation
from soundflow.serve.journal import Journal
from soundflow.serve.wire import ServerEvent, write_event

_TOKEN_BYTES = 32  # nobody guesses 256 bits


class Tenancy:
    """One session, whose it is, and what it takes to come back to it.

    Args:
        conversation: the session itself.
        holder: of the key, or the address; nobody else may come back to it.
        journal_size: characters of events that are kept for whoever comes back.
        leave: gives its seat back.
    """

    def __init__(self, conversation: Conversation, holder: str, journal_size: int, leave: Callable[[], None]) -> None:
        self.conversation = conversation
        self.holder = holder
        self.journal = Journal(journal_size)
        self.generation = 1  # how many sockets it had
        self.began_at = asyncio.get_running_loop().time()
        self.told = asyncio.Event()  # its stream has events
        self.wanted = asyncio.Event()  # another socket asks for it
        self.free = asyncio.Event()  # no socket has it
        self.is_over = False
        self._leave = leave
        self._digests: list[bytes] = []  # of the tokens that open it, the newest last

    @property
    def is_confirmed(self) -> bool:
        """Whether its client is known to have the newest token; until then the one before opens it, too."""
        return len(self._digests) <= 1

    def created(self) -> ServerEvent:
        """The first event of the session."""
        return self.conversation.created(**self._ticket())

    def resumed(self) -> ServerEvent:
        """What a socket is told first that the session moves to; the token is a new one."""
        self.generation += 1
        return self.conversation.resumed(**self._ticket())

    def replaced(self) -> ServerEvent:
        """What a socket is told last that another took the session from."""
        return self.conversation.aside("session.replaced", attachment_generation=self.generation)

    def lost(self) -> ServerEvent:
        """What is told to who comes back too late for the events it missed."""
        return self.conversation.aside("session.resync_required", reason="journal_gap")

    def record(self, event: ServerEvent) -> str:
        """An event as text; one with a number is kept, in case it does not arrive."""
        text = write_event(event)
        if (number := event.get("server_event_seq")) is not None:
            self.journal.add(number, text, is_sound=event["type"] == "response.output_audio.delta")
        return text

    def opens_with(self, token: object, holder: str) -> bool:
        """Whether somebody may come back to it."""
        return holder == self.holder and bool(self._opened_by(token))

    def take(self, token: object) -> None:
        """Who came with this token has it; any other token of it did not arrive, or is an old one."""
        self.free.clear()
        self.wanted.clear()
        self._digests = self._opened_by(token)

    def confirm(self) -> None:
        """Its client has the newest token: no other opens it any more."""
        self._digests = self._digests[-1:]

    def end(self) -> None:
        """Stop the stream and give the seat back; again does nothing."""
        if not self.is_over:
            self.is_over = True
            self.conversation.close()
            self._leave()
        self.free.set()

    def _ticket(self) -> dict[str, object]:
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._digests.append(_digest(token))
        return {"resume_token": token, "attachment_generation": self.generation}

    def _opened_by(self, token: object) -> list[bytes]:
        if not isinstance(token, str):
            return []
        shown = _digest(token)
        return [known for known in self._digests if hmac.compare_digest(shown, known)]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
