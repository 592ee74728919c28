"""The sessions of a server by name: those with a socket, and those whose socket dropped and who may yet come back.

Used from the event loop only. Tests: tests/serve/test_register.py.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import ExitStack
from dataclasses import dataclass

from soundflow.errors import OutsideError, UsageError
from soundflow.serve.admission import Denial
from soundflow.serve.conversation import Conversation
from soundflow.serve.hall import Hall
from soundflow.serve.metrics import Metrics
from soundflow.serve.tenancy import Tenancy

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Wait:
    """What goes on while a session has no socket."""

    until: asyncio.TimerHandle
    overhearing: asyncio.Task[None]

    def over(self) -> None:
        self.until.cancel()
        self.overhearing.cancel()


class Register:
    """Lets sessions in, keeps those that lost their socket for a while, and gives them to who can show the token."""

    def __init__(self, hall: Hall, metrics: Metrics) -> None:
        self._hall = hall
        self._metrics = metrics
        self._sessions: dict[str, Tenancy] = {}
        self._waiting: dict[str, _Wait] = {}  # without a socket, oldest first
        hall.when_closing(self.give_up_all)
        metrics.watch("sessions_detached", "Sessions that wait for their client to come back.", lambda: self.waiting)

    @property
    def waiting(self) -> int:
        """Sessions without a socket."""
        return len(self._waiting)

    def refusal(self, holder: str) -> Denial | None:
        """Why no further session of this holder is let in; one that only waits gives way to it."""
        denial = self._hall.refusal(holder)
        if denial is not None and denial.code in ("serve.full", "serve.key_full"):
            mine = None if denial.code == "serve.full" else holder
            if self._give_up_oldest(mine):
                return self._hall.refusal(holder)
        return denial

    def enter(self, conversation: Conversation, holder: str) -> Tenancy:
        """A new session, with a seat."""
        seat = ExitStack()
        seat.enter_context(self._hall.seat(holder))
        tenancy = Tenancy(conversation, holder, self._hall.limits.journal_characters, seat.close)
        self._sessions[conversation.id] = tenancy
        self._metrics.opened()
        _log.info("session opened", extra={"session": conversation.id})
        return tenancy

    def release(self, tenancy: Tenancy) -> None:
        """Its socket dropped: keep it for a while."""
        if self._hall.is_closing or not tenancy.conversation.is_attached or tenancy.conversation.is_over:
            self.end(tenancy)  # there is nothing to come back to
            return
        self.hand_over(tenancy)

    def hand_over(self, tenancy: Tenancy) -> None:
        """No socket has it: it is kept for who asks for it, and not for ever, should that one be gone already."""
        tenancy.free.set()
        name, loop = tenancy.conversation.id, asyncio.get_running_loop()
        until = loop.call_later(self._hall.limits.resume_seconds, self._give_up, name)
        self._waiting[name] = _Wait(until, loop.create_task(self._overhear(tenancy)))

    def end(self, tenancy: Tenancy) -> None:
        """It is over for good."""
        was_in = self._sessions.pop(tenancy.conversation.id, None) is not None
        self._wait_over(tenancy)
        tenancy.end()
        if was_in:
            heard = round(tenancy.conversation.sent_seconds, 1)
            _log.info("session closed", extra={"session": tenancy.conversation.id, "heard_seconds": heard})

    async def claim(self, name: object, token: object, holder: str) -> Tenancy:
        """The session of that name, taken from the socket that has it if one does.

        Raises:
            UsageError: none of that name, not this holder's, another token, or it is over: all the same to a stranger
                (`session_resume_expired`).
            OutsideError: the socket that has it does not let go of it (`session.held`).
        """
        tenancy = self._known(name, token, holder)
        while not tenancy.free.is_set():  # who else waited for it may have it by now
            tenancy.wanted.set()
            try:
                async with asyncio.timeout(self._hall.limits.send_seconds):  # `wait_for` may swallow a cancellation
                    await tenancy.free.wait()
            except TimeoutError as e:
                raise OutsideError("session.held", "another socket holds this session", "try again") from e
            tenancy = self._known(name, token, holder)
        self._wait_over(tenancy)
        tenancy.take(token)
        self._metrics.resumed()
        return tenancy

    def give_up_all(self) -> None:
        """Nobody may come back any more: the server stops."""
        for name in list(self._waiting):
            self._give_up(name)

    async def _overhear(self, tenancy: Tenancy) -> None:
        """Nobody is there to be told: what the stream says is kept for who comes back."""
        talk = tenancy.conversation
        while not talk.is_over:
            await tenancy.told.wait()
            tenancy.told.clear()
            for event in talk.take():
                self._metrics.count(event)
                for told in talk.tell(event):
                    tenancy.record(told)

    def _wait_over(self, tenancy: Tenancy) -> None:
        if (wait := self._waiting.pop(tenancy.conversation.id, None)) is not None:
            wait.over()

    def _known(self, name: object, token: object, holder: str) -> Tenancy:
        tenancy = self._sessions.get(name) if isinstance(name, str) else None
        if tenancy is None or tenancy.is_over or not tenancy.opens_with(token, holder):
            found = "no session to resume by this session_id and resume_token"
            raise UsageError("session_resume_expired", found, "begin a new session")
        return tenancy

    def _give_up_oldest(self, holder: str | None) -> bool:
        for name in self._waiting:
            if holder in (None, self._sessions[name].holder):
                self._give_up(name)
                return True
        return False

    def _give_up(self, name: str) -> None:
        self._metrics.expired()
        self.end(self._sessions[name])
