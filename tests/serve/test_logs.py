"""Log lines are JSON with our fields and nothing else."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from soundflow.serve.logs import JsonLines, log_to


@pytest.fixture
def loggers() -> Iterator[None]:
    """The loggers that `log_to` changes, as they were before."""
    kept = [(logger, logger.handlers, logger.level, logger.propagate) for logger in map(logging.getLogger, _NAMES)]
    yield
    for logger, handlers, level, propagate in kept:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


_NAMES = ("soundflow", "uvicorn")


def test_a_line_holds_message_fields_and_the_error_type() -> None:
    try:
        raise ValueError("bad")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    record = logging.LogRecord("soundflow.serve", logging.INFO, __file__, 1, "session %s", ("opened",), info)
    record.session = "sess_1"
    record.instructions = "never told"
    line = json.loads(JsonLines().format(record))
    assert line["message"] == "session opened" and line["session"] == "sess_1" and line["error"] == "ValueError"
    assert "instructions" not in line and line["time"].endswith("Z")


@pytest.mark.usefixtures("loggers")
def test_a_log_that_cannot_be_written_harms_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    closed = io.StringIO()
    log_to(closed)
    closed.close()
    logging.getLogger("soundflow.serve").warning("lost")
    assert capsys.readouterr().err == ""
