"""The web server around the application: one process, a drain on SIGTERM. Tests: tests/serve/test_connection.py."""

from __future__ import annotations

import asyncio
import socket
import threading
from types import FrameType

import uvicorn

from soundflow.errors import OutsideError
from soundflow.serve.app import Server
from soundflow.serve.limits import ServeLimits

_BACKLOG = 1024  # connections that may wait to be accepted; chosen


class DrainingServer(uvicorn.Server):
    """On the first signal lets sessions finish, on the second stops at once."""

    def __init__(self, config: uvicorn.Config, server: Server) -> None:
        super().__init__(config)
        self._hall = server.hall
        self._draining: asyncio.Task[None] | None = None
        self.is_serving = threading.Event()  # from here on `handle_exit` may be called

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """What a signal does; runs in the main thread, between two steps of the loop."""
        if self._hall.is_closing:
            self.should_exit = self.force_exit = True
            return
        self._hall.is_closing = True
        self._loop.call_soon_threadsafe(self._drain)

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self.is_serving.set()
        await super().serve(sockets)

    def _drain(self) -> None:
        self._draining = self._loop.create_task(self._close())

    async def _close(self) -> None:
        await self._hall.close()
        self.should_exit = True


def listening_socket(host: str, port: int) -> socket.socket:
    """A bound socket.

    Raises:
        OutsideError: the address is taken or not ours (`serve.address`).
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except (OSError, OverflowError) as e:
        bound.close()
        hint = "another program may use it: choose another --port"
        raise OutsideError("serve.address", f"cannot listen at {host} port {port}: {e}", hint) from e
    return bound


def configured(server: Server, limits: ServeLimits) -> uvicorn.Config:
    """How the web server is set up."""
    return uvicorn.Config(
        server.app,
        ws="websockets-sansio",  # does its protocol without a thread or a task of its own
        ws_max_size=limits.message_bytes,
        ws_ping_interval=limits.ping_seconds,
        ws_ping_timeout=limits.ping_seconds,
        ws_per_message_deflate=False,  # costs more time than the loop has, and memory a session
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=int(limits.send_seconds),
    )


def run(server: Server, bound: socket.socket, limits: ServeLimits) -> None:
    """Serve until a signal ends it."""
    DrainingServer(configured(server, limits), server).run(sockets=[bound])
