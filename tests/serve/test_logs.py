"""Log lines are JSON with our fields and nothing else."""

from __future__ import annotations

import json
import logging

from soundflow.serve.logs import JsonLines


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
