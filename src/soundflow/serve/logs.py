"""Log lines as JSON, one object a line: fixed messages with fields, never sound or text of a client.

Tests: tests/serve/test_logs.py.
"""

from __future__ import annotations

import json
import logging
import time
from typing import TextIO

from soundflow.errors import SoundflowError

_FIELDS = ("session", "heard_seconds", "code", "sink")  # what our own messages carry beside their text


class JsonLines(logging.Formatter):
    """Writes time (UTC), level, logger, message, our fields, and the error's type; never its arguments' values."""

    def format(self, record: logging.LogRecord) -> str:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {"time": f"{stamp}.{int(record.msecs):03d}Z", "level": record.levelname.lower(), "logger": record.name}
        line["message"] = record.getMessage()
        line |= {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = type(record.exc_info[1]).__name__
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_failure(failure: SoundflowError) -> None:
    """One line for something that failed and is lived with: its code and its message, which names no client."""
    logging.getLogger("soundflow").warning(str(failure), extra={"code": failure.code})


class _Unbreakable(logging.StreamHandler[TextIO]):
    """A line that cannot be written is lost, and nobody's session with it: a full disk, a closed pipe."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Say nothing: where it could be said is what broke."""


def log_to(stream: TextIO, level: int = logging.INFO) -> None:
    """Send this package's log and the web server's to a stream, as JSON lines."""
    handler = _Unbreakable(stream)
    handler.setFormatter(JsonLines())
    for name in ("soundflow", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False
    logging.getLogger("uvicorn.access").disabled = True  # its lines hold addresses and query strings
